/** The vocabulary of transaction.ts: what was requested, the state and how it begins, events and
 *  effects. */
import type { Daemon } from '../daemon/phases.ts'
import type { Probe, ReloadSpec } from '../plan/plan.ts'
import type { OperationVerb, Requester, RunAndPid, Ticket } from '../ticket.ts'
import type { Change } from './change.ts'
import type { FileAnswer, FileTarget, FileWork, Source } from './file-work.ts'

/** What was requested. */
export interface OperationRequest {
  readonly verb: OperationVerb
  readonly daemon: string
  /** The configuration file; '' for a reload. */
  readonly path: string
  readonly source: Source
  /** The SHA-256 that the file must have; null = any. */
  readonly ifMatch: string | null
  /** The change is rolled back if it is not confirmed in this time; null = no confirmation. */
  readonly confirmMs: number | null
  /** Only a plan is requested. */
  readonly isDry: boolean
  /** The client whose content it is; 0 = none. */
  readonly client: number
  readonly by: Requester
  /** '' = no reason was given. */
  readonly why: string
}

export interface Transaction {
  readonly request: OperationRequest
  readonly target: FileTarget
  readonly ticket: Ticket
  readonly change: Change
  /** Since when it is in its step. */
  readonly sinceMs: number
  /** The path of the candidate. */
  readonly candidate: string
  /** Whether the old content was replaced. */
  readonly isStored: boolean
  /** Whether the daemon was asked to use the new content. */
  readonly isActivated: boolean
  /** The ticket of the restart that it waits for; 0 = none yet. */
  readonly awaited: number
  /** The run that is verified, or was requested to reload; 0 = none. */
  readonly run: number
  /** Why it is rolled back. */
  readonly cause: string
}

/** What the driver knows when an event happens. */
export interface Facts {
  readonly atMs: number
  readonly wallMs: number
  readonly daemon: Daemon
  /** The content of the file when the present run was started; undefined = not known. */
  readonly startedWith: string | null | undefined
}

export type OperationEvent = Readonly<
  | { type: 'begin' }
  /** Ordered file work is done. */
  | { type: 'worked'; kind: FileWork['kind']; answer: FileAnswer }
  /** `words`: the check's own. */
  | { type: 'checked'; isGood: boolean; words: string }
  /** The core has made or joined this ticket for the requested restart. */
  | { type: 'requested'; ticket: number }
  /** A ticket of this daemon has ended. */
  | { type: 'ended'; ticket: Ticket }
  /** The reload was performed; `problem`: why it failed. */
  | { type: 'reloaded'; problem: string | null }
  | { type: 'verified'; problem: string | null }
  /** A run of the daemon ended without a request. */
  | { type: 'died'; run: number; words: string }
  | { type: 'elapsed' }
  | { type: 'confirm' }
  | { type: 'cancel'; words: string }
  /** pitcrew shuts down; this is the shutdown's ticket. */
  | { type: 'shutdown'; ticket: number }
  /** After a failure inside pitcrew: what was under way is lost. */
  | { type: 'recover' }
>

export type OperationEffect = Readonly<
  | { type: 'work'; work: FileWork; client: number }
  | { type: 'check'; candidate: string }
  | { type: 'restart' }
  | { type: 'reload'; run: number }
  | { type: 'verify'; run: number; probe: Probe }
  /** Arms the one timer of the transaction. */
  | { type: 'arm'; afterMs: number }
  | { type: 'disarm' }
  /** Ends a check, a reload or a verification that is under way. */
  | { type: 'abandon' }
  /** It is over; `ticket` has its outcome. */
  | { type: 'end'; ticket: Ticket }
>

/** A transaction after an event, and what is to be done. */
export interface Stepped {
  readonly next: Transaction
  readonly effects: readonly OperationEffect[]
}

/** @returns An open transaction that waits for its turn. */
export function newTransaction(
  request: OperationRequest,
  target: FileTarget,
  id: number,
  reload: ReloadSpec,
  { atMs, daemon }: Facts,
): Transaction {
  const change: Change = {
    path: request.path,
    step: 'waiting',
    result: null,
    activation: reload.by.type,
    before: null,
    after: null,
    revision: null,
    diff: '',
    words: '',
    confirmByMs: null,
    steps: [],
  }
  const ticket: Ticket = {
    id,
    verb: request.verb,
    daemon: request.daemon,
    by: request.by,
    why: request.why,
    requestedAtMs: atMs,
    requests: 1,
    satisfiedByRun: 0,
    old: runOf(daemon),
    stoppedAtMs: null,
    spawnedAtMs: null,
    outcome: { kind: 'open' },
    change,
  }
  return {
    request,
    target,
    ticket,
    change,
    sinceMs: atMs,
    candidate: '',
    isStored: false,
    isActivated: false,
    awaited: 0,
    run: 0,
    cause: '',
  }
}

export function runOf(daemon: Daemon): RunAndPid | null {
  return 'pid' in daemon ? { run: daemon.run, pid: daemon.pid } : null
}
