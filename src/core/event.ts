/** What happened. Everything the core ever learns comes in one of these: time, process ids and
 *  exit codes are in the event, so that the same events always lead to the same effects. */
import type { Signal } from './signals.ts'

export type Event = Readonly<
  { atMs: number } & ( // Monotonic milliseconds; the zero means nothing.
    | { type: 'boot' }
    /** A signal to pitcrew itself. `hangup`: its terminal is gone. */
    | { type: 'signal'; signal: Signal; hangup: boolean }
    /** Somebody asks for something; `by` says who, for the log: "USR1". */
    | { type: 'request'; verb: Verb; daemon: string; by: string }
    | { type: 'spawned'; daemon: string; run: number; pid: number }
    | ({ type: 'spawn-failed'; daemon: string; run: number } & SpawnFailure)
    /** A run's leader ended. `gone`: and nothing of the run is left. `outputOpen`: somebody still
     *  holds its output. */
    | ({ type: 'exited'; daemon: string; run: number; gone: boolean; outputOpen: boolean } & Exit)
    /** The last process of a run whose leader had ended before is gone, too. */
    | { type: 'gone'; daemon: string; run: number; outputOpen: boolean }
    | { type: 'output-closed'; daemon: string; run: number }
    | { type: 'elapsed'; timer: Timer }
    /** After a failure inside pitcrew: which runs there are. Effects and events that were under
     *  way are lost; this says all that matters of them. */
    | { type: 'reconcile'; live: readonly LiveRun[]; shutdownAsked: boolean }
  )
>

export type Verb = 'restart'

/** How a process ended: its exit code, or the number of the signal that ended it (else 0). */
export interface Exit {
  readonly code: number
  readonly signal: number
}

/** Why a process could not be started: which step failed, and the name of its error. */
export interface SpawnFailure {
  readonly step: string
  readonly errno: string
}

export interface LiveRun {
  readonly daemon: string
  readonly run: number
  readonly pid: number
  /** How the leader ended; null while it lives. */
  readonly exit: Exit | null
  readonly gone: boolean
}

/** Every timer carries the run it is for: an old run's timer finds nobody. */
export type Timer =
  /** half: the whole tree is told; grace: KILL; stuck: KILL did not help; linger: output stays
   *  open. */
  | {
      readonly kind: 'half' | 'grace' | 'stuck' | 'linger'
      readonly daemon: string
      readonly run: number
    }
  /** The shutdown must be over. */
  | { readonly kind: 'deadline' }

/** The timer's name: what distinguishes it from every other timer. */
export function timerKey(timer: Timer): string {
  return timer.kind === 'deadline' ? 'deadline' : `${timer.kind}:${timer.daemon}:${timer.run}`
}
