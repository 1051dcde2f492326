/** The input of the core. Time, process ids and exit codes arrive in events and in no other way, so
 *  that the same events always lead to the same effects. */
import type { Plan } from './plan/plan.ts'
import type { Signal } from './signals.ts'
import type { Request } from './ticket.ts'

export type Event = Readonly<
  { atMs: number } & ( // Monotonic milliseconds; their zero has no meaning.
    | { type: 'boot' }
    /** A signal to pitcrew itself. `hangup`: its terminal is gone. */
    | { type: 'signal'; signal: Signal; hangup: boolean }
    | ({ type: 'request' } & Request)
    | ({ type: 'spawned'; daemon: string; run: number } & Started)
    | ({ type: 'spawn-failed'; daemon: string; run: number } & SpawnFailure)
    /** The leader of a run ended. `gone`: no process of the run is left. `outputOpen`: a process
     *  still holds its output. */
    | ({ type: 'exited'; daemon: string; run: number; gone: boolean; outputOpen: boolean } & Exit)
    /** The last process of a run is gone; its leader had ended before. */
    | { type: 'gone'; daemon: string; run: number; outputOpen: boolean }
    | { type: 'output-closed'; daemon: string; run: number }
    /** A run with a slow start has executed its program. */
    | { type: 'executed'; daemon: string; run: number }
    /** A run is ready, however that was detected. */
    | { type: 'ready'; daemon: string; run: number }
    /** A run reports its status (null = unchanged), or that it reloads, stops, or has finished
     *  reloading. */
    | {
        type: 'status-reported'
        daemon: string
        run: number
        status: string | null
        change: OwnChange | null
      }
    /** A run feeds its watchdog. `extendMs`: it requests this much time from now on, to become
     *  ready or to end. */
    | { type: 'watchdog-ping'; daemon: string; run: number; extendMs: number | null }
    /** A run is alive and fails its health check, its watchdog or its time to become ready. */
    | { type: 'unhealthy'; daemon: string; run: number; fault: HealthFailure }
    | { type: 'elapsed'; timer: Timer }
    /** Another plan is to be in force; `restarts`: daemons that get another environment by it. The
     *  effect `replanned` answers. */
    | { type: 'replan'; plan: Plan; restarts: readonly string[] }
    /** Continues work on all daemons: see sweep.ts. */
    | { type: 'continue' }
    /** stdout accepts no output, so the output of most daemons is not read; it accepts some
     *  again. */
    | ({ type: 'output-stalled' } & OutputStall)
    | { type: 'output-resumed' }
    /** After a failure inside pitcrew: the runs that exist. Effects and events that were under way
     *  are lost; this event replaces them. */
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
  /** Why its program was never executed. The code and the signal have no meaning then. */
  readonly failure?: SpawnFailure
}

/** A process that was started. */
export interface Started {
  readonly pid: number
  /** It has not executed its program yet: `executed` follows, or an end with the reason. */
  readonly isSlow?: true
}

/** Why a process could not be started: the step that failed, and the name of its error. */
export interface SpawnFailure {
  readonly step: string
  readonly errno: string
  /** A sentence, where the name of the error does not suffice. */
  readonly why?: string
}

/** What is wrong with a run that is alive. */
export type HealthFailure = 'not-ready' | 'not-alive' | 'watchdog' | 'triggered'

/** What a run reports: RELOADING=1, STOPPING=1, or READY=1 at the end of a reload. */
export type OwnChange = 'reloading' | 'stopping' | 'ready'

/** Why a run that ended by itself has failed, whatever its exit code: it was not ready yet, or its
 *  end was not observed. */
export type Flaw = 'before-ready' | 'unseen'

/** `errno`: the name of the error; EAGAIN = the reader of stdout does not read. */
export interface OutputStall {
  readonly sinceMs: number
  readonly errno: string
}

/** What the host knows of a run. */
export interface LiveRun {
  readonly daemon: string
  readonly run: number
  readonly pid: number
  /** How the leader ended; null while it lives. */
  readonly exit: Exit | null
  readonly gone: boolean
  /** It reported over its channel that it is ready. */
  readonly ready: boolean
  /** It has not executed its program yet. */
  readonly isSlow?: true
}

/** Names its run, so that the timer of an old run has no effect. */
export interface RunTimer {
  /** ready: the time to become ready is over; watchdog: no ping in time; escalate: signal the whole
   *  tree; grace: KILL; stuck: KILL had no effect; linger: close the output; backoff: start the
   *  next run. */
  readonly kind: 'ready' | 'watchdog' | 'escalate' | 'grace' | 'stuck' | 'linger' | 'backoff'
  readonly daemon: string
  readonly run: number
}

/** deadline: the shutdown must be over; waiting: report daemons that have waited for long. */
export type Timer = RunTimer | { readonly kind: 'deadline' | 'waiting' }

/** The identity of a timer. Timers that follow each other in a run share one slot: arming or
 *  disarming one of them replaces or disarms the other. */
export function timerKey(timer: Timer): string {
  if (!('daemon' in timer)) return timer.kind
  return `${timerSlots[timer.kind]}:${timer.daemon}:${String(timer.run)}`
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
