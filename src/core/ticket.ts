/** A request, and the ticket that says what became of it. */
import type { Signal } from './signals.ts'

export type Verb = 'start' | 'stop' | 'restart' | 'shutdown'

/** Somebody asks for something. */
export interface Request {
  readonly verb: Verb
  /** null: all of them; a shutdown's. */
  readonly daemon: string | null
  readonly by: Requester
  /** The reason that he gave; '' = none. */
  readonly why: string
  /** By which the answer finds him: see the effect `accepted`; 0 = he does not wait for one. */
  readonly token: number
}

/** Requests that the same run satisfies are one ticket. */
export interface Ticket {
  readonly id: number
  readonly verb: Verb
  /** null: all of them. */
  readonly daemon: string | null
  /** Who asked first. */
  readonly by: Requester
  /** The reason that he gave; '' = none. */
  readonly why: string
  readonly requestedAtMs: number
  /** How many requests it stands for. */
  readonly requests: number
  /** Of a start or a restart: the run, or any after it, that satisfies the request: the next one
   *  spawned after it was made. 0 = no run does. */
  readonly satisfiedByRun: number
  /** The run there was when it was asked for, and its pid; null when nothing ran. Of the policy:
   *  the one that has ended. */
  readonly old: RunAndPid | null
  /** When the old run was over, and when the new one was spawned; null = not yet, or not needed. */
  readonly stoppedAtMs: number | null
  readonly spawnedAtMs: number | null
  readonly outcome: Outcome
}

export interface RunAndPid {
  readonly run: number
  readonly pid: number
}

/** `client`: over a socket. `uid` and `pid` are null where the kernel cannot say; `daemon` is set
 *  when it is a process of that daemon. */
export type Requester =
  | { readonly kind: 'signal'; readonly signal: Signal }
  | {
      readonly kind: 'client'
      readonly uid: number | null
      readonly pid: number | null
      readonly daemon: string | null
    }
  /** The restart policy; or the end of a daemon that means the end of all. */
  | { readonly kind: 'policy' }
  | { readonly kind: 'hangup' }

export type Outcome = Readonly<
  | { kind: 'open' }
  /** A start or a restart is done when the run is ready (of a job: when it has done its work); a
   *  stop, when the run is over. `now`: that run, null after a stop. `changed`: false when nothing
   *  had to be started or stopped. */
  | { kind: 'done'; now: RunAndPid | null; changed: boolean; tookMs: number }
  /** The shutdown is over: the exit code. */
  | { kind: 'ended'; exitCode: number; tookMs: number }
  /** `why` is one line: "exit code 3", "not ready in time", "cannot start it: exec: ENOENT". */
  | { kind: 'failed'; why: string; tookMs: number }
  /** `by`: the ticket of a later request that wants something else, or of the shutdown; and what
   *  that one wants. */
  | { kind: 'superseded'; by: number; verb: Verb; tookMs: number }
>
