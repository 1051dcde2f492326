/** A request, and the ticket that records its outcome. */

import type { Change } from './operations/change.ts'
import type { Signal } from './signals.ts'

/** What the core is asked for. */
export type Verb = 'start' | 'stop' | 'restart' | 'shutdown'

/** What an operation does, which spans several runs. */
export type OperationVerb = 'apply' | 'rollback' | 'reload'

/** A request to start, stop or restart a daemon, or to shut down. */
export interface Request {
  readonly verb: Verb
  /** null: all of them, in a shutdown. */
  readonly daemon: string | null
  readonly by: Requester
  /** The reason that the requester gave; '' = none. */
  readonly why: string
  /** Names the request in the effect `accepted`; 0 = no answer is awaited. */
  readonly token: number
}

/** The outcome of a request. Requests that the same run satisfies share one ticket. */
export interface Ticket {
  readonly id: number
  readonly verb: Verb | OperationVerb
  /** null: all of them. */
  readonly daemon: string | null
  /** The first requester. */
  readonly by: Requester
  /** The reason that the first requester gave; '' = none. */
  readonly why: string
  readonly requestedAtMs: number
  /** The number of requests that share it. */
  readonly requests: number
  /** For a start or a restart: this run and any later one satisfy the request. It is the next one
   *  spawned after the request. 0 = no run does. */
  readonly satisfiedByRun: number
  /** The run at the time of the request; null when none ran. For a restart by the policy: the run
   *  that has ended. */
  readonly old: RunAndPid | null
  /** When the old run was over, and when the new one was spawned; null = not yet, or not needed. */
  readonly stoppedAtMs: number | null
  readonly spawnedAtMs: number | null
  readonly outcome: Outcome
  /** Of an apply or a rollback. */
  readonly change?: Change
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
  /** The restart policy; or a daemon that shuts down the bundle by its end. */
  | { readonly kind: 'policy' }
  | { readonly kind: 'hangup' }
  /** The watcher: a file was changed on disk. */
  | { readonly kind: 'file'; readonly path: string }

export type Outcome = Readonly<
  | { kind: 'open' }
  /** A start or a restart is done when the run is ready (for a job: when it has done its work); a
   *  stop is done when the run is over. `now`: that run; null after a stop. `changed`: false when
   *  the daemon was already as requested. */
  | { kind: 'done'; now: RunAndPid | null; changed: boolean; tookMs: number }
  /** The shutdown is over. */
  | { kind: 'ended'; exitCode: number; tookMs: number }
  /** `why` is one line: "exit code 3", "not ready in time", "cannot start it: exec: ENOENT". */
  | { kind: 'failed'; why: string; tookMs: number }
  /** `by`: the ticket of a later, conflicting request or of the shutdown; `verb`: its verb. */
  | { kind: 'superseded'; by: number; verb: Ticket['verb']; tookMs: number }
>
