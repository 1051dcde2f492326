/** Something the init must do. Plain data: it can be logged, compared, stored and replayed. */

import type { Verdict } from './daemon/restart-policy.ts'
import type { Exit, Flaw, HealthFailure, SpawnFailure, Timer } from './event.ts'
import type { Signal } from './signals.ts'
import type { Requester, Ticket } from './ticket.ts'

export type Effect = Readonly<
  | { type: 'spawn'; daemon: string; run: number }
  /** A stop signal, with CONT behind it, since a stopped process sees nothing else; or KILL, to the
   *  whole tree. `rest`: the tree without its leader. */
  | { type: 'signal'; daemon: string; run: number; signal: Signal; to: 'leader' | 'rest' | 'tree' }
  /** A signal of ours for the leader, and nothing with it. */
  | { type: 'forward'; daemon: string; run: number; signal: Signal }
  /** Look whether anybody of the run is left; the answer comes as `gone`, or not at all. */
  | { type: 'probe'; daemon: string; run: number }
  | { type: 'close-output'; daemon: string; run: number }
  /** Look from outside whether the run is ready, or alive, until told otherwise; said again, it
   *  begins anew. */
  | { type: 'watch'; daemon: string; run: number; for: 'ready' | 'alive' }
  | { type: 'unwatch'; daemon: string; run: number }
  /** Run the daemon's command for its stop, or for its death, which `about` tells of. */
  | { type: 'run-command'; daemon: string; run: number; pid: number; about: DeathNote | null }
  /** Its stop is over, and so is the command that was run for it. */
  | { type: 'end-command'; daemon: string; run: number }
  /** Tell whoever supervises us. */
  | { type: 'announce'; state: 'READY=1' | 'STOPPING=1' }
  | { type: 'arm'; timer: Timer; afterMs: number }
  | { type: 'disarm'; timer: Timer }
  | { type: 'report'; note: Note }
  /** Whoever asked with this token has this ticket. `joined`: it was there before. Its end is told
   *  by the note `ticket`; of one that has ended at once, that note comes behind this. */
  | { type: 'accepted'; token: number; ticket: Ticket; joined: boolean }
  /** The end: pass on what is left of the output, then exit. */
  | { type: 'finish'; report: ExitReport; flushMs: number }
>

/** What a person should know. `init/report/messages.ts` puts it into words. */
export type Note = Readonly<
  | { kind: 'started'; daemon: string; run: number; pid: number }
  | { kind: 'ready'; daemon: string; run: number; afterMs: number }
  /** It ended well, and is not started again. `leftOthers`: see the death note. */
  | {
      kind: 'done'
      daemon: string
      run: number
      pid: number
      uptimeMs: number
      leftOthers: boolean
    }
  | DeathNote
  /** It is not started: somebody whom it is after failed for good. */
  | { kind: 'skipped'; daemon: string; needs: string }
  /** It is ended, since its guard is not ready. */
  | { kind: 'held'; daemon: string; run: number; guard: string }
  | ({ kind: 'stopped'; daemon: string; run: number; pid: number } & Exit)
  | { kind: 'killing'; daemon: string; run: number; afterMs: number }
  /** What KILL did not end. */
  | { kind: 'stuck'; daemon: string; run: number }
  /** It has waited for long, for this one first of all. */
  | { kind: 'waits'; daemon: string; for: string }
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

/** A run is over, or will be, or could not be started (`pid` 0), and nobody asked for that. */
export type DeathNote = Readonly<
  {
    daemon: string
    run: number
    pid: number
    uptimeMs: number
    /** What it said of itself at last; '' = nothing. */
    status: string
    verdict: Verdict
  } /** `leftOthers`: the leader of a daemon exited with 0, and processes that it had started live
   *  on: it may have put itself into the background. */ & (
    | ({ kind: 'died'; flaw: Flaw | null; leftOthers: boolean } & Exit)
    | ({ kind: 'start-failed'; command: string } & SpawnFailure)
    /** It is there and does not do what it should: it is ended. */
    | { kind: 'unfit'; fault: HealthFailure }
  )
>

export type ShutdownReason =
  | { readonly kind: 'signal'; readonly signal: Signal }
  | { readonly kind: 'hangup' }
  /** Somebody asked for it, over a socket. */
  | { readonly kind: 'request'; readonly by: Requester; readonly why: string }
  | { readonly kind: 'main-ended' | 'critical-ended' | 'given-up'; readonly daemon: string }

export interface Shutdown {
  readonly sinceMs: number
  readonly reason: ShutdownReason
  /** For each wave, when what is left of it is killed, in milliseconds after `sinceMs`. */
  readonly killAtMs: readonly number[]
  /** What no wave asks for, in milliseconds. */
  readonly spareMs: number
  readonly flushMs: number
  readonly ticket: Ticket
}

/** What is kept of a run that is over. */
export interface LastRun {
  readonly run: number
  readonly pid: number
  /** Set when it could not be started; `exit` means nothing then. */
  readonly failure: SpawnFailure | null
  readonly exit: Exit
  readonly requested: boolean
  readonly fault: HealthFailure | null
  readonly flaw: Flaw | null
  readonly sent: readonly number[]
}

export interface ExitReport {
  readonly code: number
  /** What ended the bundle; who asked for that, and why; null = nothing was left to run. */
  readonly end: Shutdown | null
  /** The daemon that the code comes from; null when it is zero because nobody failed. */
  readonly from: string | null
  readonly daemons: readonly DaemonReport[]
}

export interface DaemonReport {
  readonly name: string
  /** Lives it had. */
  readonly runs: number
  readonly last: LastRun | null
  /** It was not started in the end: somebody whom it is after failed for good. */
  readonly skipped: boolean
  /** What its last run counts as. */
  readonly counted: number
}
