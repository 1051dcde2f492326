/** The part of the door to the operating system (host.ts) that is about pitcrew's own stdout, and
 *  about its end, which waits for that. */
import type { Errno } from './system.ts'

export interface OutputHost {
  /** One line of pitcrew's own on the common output, in order with the daemons' lines. Never
   *  waits. */
  print(line: string): void
  /** What could not be printed so far. */
  lostOutput(): LostOutput
  /** A stall of stdout that `output-stalled` told of and that is not over; null = there is none. */
  outputStall(): OutputStall | null
  /** Passes on what is left of all output, and then ends the process: after `flushMs` at the
   *  latest, an eighth of which is kept for files. A stdout that takes no byte for `silentMs` is
   *  given up. One `flushed` event comes in between: what is written aside in it is waited for, and
   *  clients are served until then. Called again it does nothing, but the event comes again. */
  finish(code: number, flushMs: number, silentMs: number): void
}

export interface LostOutput {
  readonly bytes: number
  readonly lines: number
}

/** `sinceMs`: in time of `now()`. `errno`: EAGAIN when the reader does not read; otherwise why the
 *  last write took nothing. */
export interface OutputStall {
  readonly sinceMs: number
  readonly errno: Errno
}

export type OutputEvent =
  /** stdout has taken no byte for a second. Until it does, output is read only of runs that wait
   *  for a line by which they are ready, up to 64 KiB each and 1 MiB in all. */
  | ({ readonly type: 'output-stalled' } & OutputStall)
  | { readonly type: 'output-resumed' }
  /** After `finish`: all output was passed on or counted as lost. */
  | { readonly type: 'flushed' }

/** A stdout that takes nothing for so long is given up at the end, in milliseconds. What is waited
 *  for at the end leaves it that much. */
export const flushSilentMs = 250
