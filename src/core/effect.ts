/** The output of the core: what the init must do, and what it must report. Plain data: it can be
 *  logged, compared, stored and replayed. */

import type { Verdict } from './daemon/restart-policy.ts'
import type { Exit, Flaw, HealthFailure, SpawnFailure, Timer } from './event.ts'
import type { Signal } from './signals.ts'
import type { Requester, Ticket } from './ticket.ts'

export type Effect = Readonly<
  | { type: 'spawn'; daemon: string; run: number }
  /** A stop signal, followed by CONT, since a stopped process receives nothing else; or KILL, to
   *  the whole tree. `rest`: the tree without its leader. */
  | { type: 'signal'; daemon: string; run: number; signal: Signal; to: 'leader' | 'rest' | 'tree' }
  /** A signal that pitcrew received, for the leader alone and without CONT. */
  | { type: 'forward'; daemon: string; run: number; signal: Signal }
  /** Check whether a process of the run is left. The answer is `gone`, or none. */
  | { type: 'probe'; daemon: string; run: number }
  | { type: 'close-output'; daemon: string; run: number }
  /** Probe whether the run is ready, or alive, until `unwatch`. A repeated `watch` starts over. */
  | { type: 'watch'; daemon: string; run: number; for: 'ready' | 'alive' }
  | { type: 'unwatch'; daemon: string; run: number }
  /** Run the daemon's stop command; or, with `about`, its command for a death. */
  | { type: 'run-command'; daemon: string; run: number; pid: number; about: DeathNote | null }
  /** End the stop command of a run that is over. */
  | { type: 'end-command'; daemon: string; run: number }
  /** Notify the service manager above pitcrew. */
  | { type: 'announce'; state: 'READY=1' | 'STOPPING=1' }
  | { type: 'arm'; timer: Timer; afterMs: number }
  | { type: 'disarm'; timer: Timer }
  | { type: 'report'; note: Note }
  /** The request with this token has this ticket. `joined`: the ticket existed before. The note
   *  `ticket` reports its end and always comes after this effect. */
  | { type: 'accepted'; token: number; ticket: Ticket; joined: boolean }
  /** A request for an operation, which spans several runs: the core does not know how it ends. */
  | { type: 'operate'; verb: 'reload'; daemon: string; by: Requester }
  /** The plan is in force; or, with a problem, nothing has changed. */
  | { type: 'replanned'; problem: string | null }
  /** Write what is left of the output, then exit. */
  | { type: 'finish'; report: ExitReport; flushMs: number }
>

/** Something for the log and the journal. `init/report/messages.ts` words it. */
export type Note = Readonly<
  | { kind: 'started'; daemon: string; run: number; pid: number }
  | { kind: 'ready'; daemon: string; run: number; afterMs: number }
  /** It ended with success and is not started again. `leftOthers`: see DeathNote. */
  | {
      kind: 'done'
      daemon: string
      run: number
      pid: number
      uptimeMs: number
      leftOthers: boolean
    }
  | DeathNote
  /** It is not started: a dependency has failed for good. */
  | { kind: 'skipped'; daemon: string; needs: string }
  /** It is stopped because its guard is not ready. */
  | { kind: 'held'; daemon: string; run: number; guard: string }
  | ({ kind: 'stopped'; daemon: string; run: number; pid: number } & Exit)
  | { kind: 'killing'; daemon: string; run: number; afterMs: number }
  /** KILL did not end it. */
  | { kind: 'stuck'; daemon: string; run: number }
  /** It has waited for long; `for` is its first unmet dependency. */
  | { kind: 'waits'; daemon: string; for: string }
  /** Its end was not observed. */
  | { kind: 'end-missed'; daemon: string; run: number }
  | { kind: 'forwarded'; daemon: string; signal: Signal; pid: number }
  | { kind: 'not-forwarded'; daemon: string; signal: Signal }
  | { kind: 'signal-ignored'; signal: Signal; times: number; shuttingDown: boolean }
  | { kind: 'ticket'; ticket: Ticket }
  | { kind: 'shutdown'; reason: ShutdownReason; daemons: number; deadlineMs: number }
  | { kind: 'deadline-missed'; daemons: readonly string[] }
  | { kind: 'output-stalled'; errno: string }
  | { kind: 'output-resumed'; afterMs: number }
>

/** A run that ended, is ended for a failure, or could not be started (`pid` 0), without a
 *  request. */
export type DeathNote = Readonly<
  {
    daemon: string
    run: number
    pid: number
    uptimeMs: number
    /** The last status that it reported; '' = none. */
    status: string
    verdict: Verdict
  } /** `leftOthers`: the leader of a daemon exited with 0 and left processes behind: it may have put
   *  itself into the background. */ & (
    | ({ kind: 'died'; flaw: Flaw | null; leftOthers: boolean } & Exit)
    | ({ kind: 'start-failed'; command: string } & SpawnFailure)
    /** It is alive and unhealthy, and is ended. The journal has the note under this kind. */
    | { kind: 'unfit'; fault: HealthFailure }
  )
>

export type ShutdownReason =
  | { readonly kind: 'signal'; readonly signal: Signal }
  | { readonly kind: 'hangup' }
  /** Over a socket. */
  | { readonly kind: 'request'; readonly by: Requester; readonly why: string }
  | { readonly kind: 'main-ended' | 'critical-ended' | 'given-up'; readonly daemon: string }

/** A shutdown under way. */
export interface Shutdown {
  readonly sinceMs: number
  readonly reason: ShutdownReason
  /** For each wave, when its remaining processes are killed, in milliseconds after `sinceMs`. */
  readonly killAtMs: readonly number[]
  /** Time that no wave needs, in milliseconds. */
  readonly spareMs: number
  readonly flushMs: number
  readonly ticket: Ticket
}

/** The record of a run that is over. */
export interface LastRun {
  readonly run: number
  readonly pid: number
  /** Set when it could not be started; `exit` has no meaning then. */
  readonly failure: SpawnFailure | null
  readonly exit: Exit
  readonly requested: boolean
  readonly fault: HealthFailure | null
  readonly flaw: Flaw | null
  readonly sent: readonly number[]
}

/** How the exit code of pitcrew came about. */
export interface ExitReport {
  readonly code: number
  /** The shutdown that ended the bundle; null = no daemon was left to run. */
  readonly end: Shutdown | null
  /** The daemon that the code comes from; null when it is zero because no daemon failed. */
  readonly from: string | null
  readonly daemons: readonly DaemonReport[]
}

export interface DaemonReport {
  readonly name: string
  /** The number of its runs. */
  readonly runs: number
  readonly last: LastRun | null
  /** It was not started in the end: a dependency had failed for good. */
  readonly skipped: boolean
  /** The exit code that its last run counts as. */
  readonly counted: number
}
