/** What happened. Everything the core ever learns comes in one of these: time, process ids and
 *  exit codes are in the event, so that the same events always lead to the same effects. */
import type { Signal } from './signals.ts'
import type { Request } from './ticket.ts'

export type Event = Readonly<
  { atMs: number } & ( // Monotonic milliseconds; the zero means nothing.
    | { type: 'boot' }
    /** A signal to pitcrew itself. `hangup`: its terminal is gone. */
    | { type: 'signal'; signal: Signal; hangup: boolean }
    | ({ type: 'request' } & Request)
    | ({ type: 'spawned'; daemon: string; run: number } & Started)
    | ({ type: 'spawn-failed'; daemon: string; run: number } & SpawnFailure)
    /** A run's leader ended. `gone`: and nothing of the run is left. `outputOpen`: somebody still
     *  holds its output. */
    | ({ type: 'exited'; daemon: string; run: number; gone: boolean; outputOpen: boolean } & Exit)
    /** The last process of a run whose leader had ended before is gone, too. */
    | { type: 'gone'; daemon: string; run: number; outputOpen: boolean }
    | { type: 'output-closed'; daemon: string; run: number }
    /** The program of a run whose start was slow is executed. */
    | { type: 'executed'; daemon: string; run: number }
    /** A run is ready, by whatever sign. */
    | { type: 'ready'; daemon: string; run: number }
    /** A run reports its status (null: it is as before), or a change of its own: it reloads or
     *  stops, or is done with that. */
    | {
        type: 'status-reported'
        daemon: string
        run: number
        status: string | null
        change: OwnChange | null
      }
    /** A run is still at work; `extendMs`: it asks for so much time from now on, to be ready or to
     *  end. */
    | { type: 'watchdog-ping'; daemon: string; run: number; extendMs: number | null }
    /** A run is there, and does not do what it should. */
    | { type: 'unhealthy'; daemon: string; run: number; fault: HealthFailure }
    | { type: 'elapsed'; timer: Timer }
    /** Work on all daemons goes on: see sweep.ts. */
    | { type: 'continue' }
    /** stdout takes no output, so that of most daemons is not read; it takes some again. */
    | ({ type: 'output-stalled' } & OutputStall)
    | { type: 'output-resumed' }
    /** After a failure inside pitcrew: which runs there are. Effects and events that were under
     *  way are lost; this says all that matters of them. */
    | {
        type: 'reconcile'
        live: readonly LiveRun[]
        shutdownRequested: boolean
        outputStall: OutputStall | null
      }
  )
>

/** How a process ended: its exit code, or the number of the signal that ended it (else 0). */
export interface Exit {
  readonly code: number
  readonly signal: number
  /** Its program was never executed: why. The code and the signal mean nothing then. */
  readonly failure?: SpawnFailure
}

/** A process that was started. */
export interface Started {
  readonly pid: number
  /** It has not executed its program yet: an `executed` follows when it has, or an end with the
   *  reason. */
  readonly isSlow?: true
}

/** Why a process could not be started: which step failed, and the name of its error. */
export interface SpawnFailure {
  readonly step: string
  readonly errno: string
  /** In words, where the name of the error does not say it. */
  readonly why?: string
}

/** What is wrong with a run whose process is there. */
export type HealthFailure = 'not-ready' | 'not-alive' | 'watchdog' | 'triggered'

/** What a run reports that it does: RELOADING=1, STOPPING=1, and READY=1 at the end of it. */
export type OwnChange = 'reloading' | 'stopping' | 'ready'

/** Why a run that ended by itself has failed, whatever its exit code: it was not ready yet; how it
 *  ended is not known. */
export type Flaw = 'before-ready' | 'unseen'

/** Since when; and why, by the name of an error: EAGAIN = its reader does not read. */
export interface OutputStall {
  readonly sinceMs: number
  readonly errno: string
}

export interface LiveRun {
  readonly daemon: string
  readonly run: number
  readonly pid: number
  /** How the leader ended; null while it lives. */
  readonly exit: Exit | null
  readonly gone: boolean
  /** It said by its channel that it is ready. */
  readonly ready: boolean
  /** It has not executed its program yet. */
  readonly isSlow?: true
}

/** Carries the run it is for: an old run's timer finds nobody. */
export interface RunTimer {
  /** ready: it is not, and should be; watchdog: it was silent for too long; half: the tree is told;
   *  grace: KILL; stuck: KILL did not help; linger: output stays open; backoff: the next run. */
  readonly kind: 'ready' | 'watchdog' | 'escalate' | 'grace' | 'stuck' | 'linger' | 'backoff'
  readonly daemon: string
  readonly run: number
}

/** deadline: the shutdown must be over; waiting: somebody has waited for long. */
export type Timer = RunTimer | { readonly kind: 'deadline' | 'waiting' }

/** What distinguishes a timer from every other one. Of timers that follow each other in a run there
 *  is one at a time: to arm or disarm the one is to do it to the other. */
export function timerKey(timer: Timer): string {
  if (!('daemon' in timer)) return timer.kind
  return `${timerSlots[timer.kind]}:${timer.daemon}:${timer.run}`
}

const timerSlots = {
  ready: 'up',
  watchdog: 'up',
  escalate: 'end',
  grace: 'end',
  stuck: 'end',
  linger: 'linger',
  backoff: 'backoff',
} as const
