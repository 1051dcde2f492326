/** The part of the host's interface (host.ts) for pitcrew's stdout, and for the end of the process,
 *  which waits for stdout. */
import type { Errno } from './system.ts'

export interface OutputHost {
  /** Prints a line of pitcrew's own on stdout, in order with the daemons' lines. Never blocks. */
  print(line: string): void
  /** The output that could not be printed so far. */
  lostOutput(): LostOutput
  /** The stall of stdout that `output-stalled` has reported, while it lasts; null = none. */
  outputStall(): OutputStall | null
  /** Prints the remaining output and ends the process, after `flushMs` at the latest, of which an
   *  eighth is kept for files. A stdout that takes no byte for `silentMs` is given up. One
   *  `flushed` event comes in between; clients are served until then, and files that are written
   *  during it are waited for. A second call only makes the event come again. */
  finish(code: number, flushMs: number, silentMs: number): void
}

export interface LostOutput {
  readonly bytes: number
  readonly lines: number
}

/** `sinceMs`: in the time of `now()`. `errno`: of the last write; EAGAIN = the reader does not
 *  read. */
export interface OutputStall {
  readonly sinceMs: number
  readonly errno: Errno
}

export type OutputEvent =
  /** stdout has taken no byte for a second. Until it does, only the output of runs that become
   *  ready by a line is read, up to 64 KiB each and 1 MiB in all. */
  | ({ readonly type: 'output-stalled' } & OutputStall)
  | { readonly type: 'output-resumed' }
  /** After `finish`: all output was printed or counted as lost. */
  | { readonly type: 'flushed' }

/** At the end, a stdout that takes nothing for so long is given up, in milliseconds. Anything else
 *  that the end waits for leaves it this much time. */
export const flushSilentMs = 250
