/** The record of a change of the bundle: part of its ticket, and of the answer to the client that
 *  requested it. */
import type { DaemonChange } from '../plan/diff-plan.ts'
import type { ChangeResult } from './change.ts'

/** Where a change of the bundle is. A failure leads to the three last ones. */
export type BundleStep =
  /** Another operation is under way, or the bundle is read. */
  | 'waiting'
  /** Daemons that are removed, or whose runs cannot go on, are stopped. */
  | 'stopping'
  /** The new plan is to be in force. */
  | 'planning'
  | 'starting'
  /** Daemons without `ready:` must live for a while. */
  | 'settling'
  | 'stopping again'
  | 'planning back'
  | 'starting again'
  | 'over'

/** What happened to a daemon. `left stopped`: it had been stopped by a request, or was meanwhile.
 *  `back`: it is as before. `failed`: it should have been changed back. */
export type DaemonOutcome =
  | 'untouched'
  | 'started'
  | 'restarted'
  | 'removed'
  | 'in place'
  | 'left stopped'
  | 'back'
  | 'failed'

export interface BundleReport {
  readonly step: BundleStep
  /** null = it is not over. `rejected`: nothing was changed. */
  readonly result: ChangeResult | null
  /** Why it was rejected or rolled back; '' = no reason. */
  readonly words: string
  /** The keys of the bundle itself that differ. */
  readonly keys: readonly string[]
  /** The daemons that differ. */
  readonly daemons: readonly DaemonReport[]
  /** How many daemons are as before. */
  readonly same: number
}

interface DaemonReport extends DaemonChange {
  /** null = it is not over, or only a plan. */
  readonly outcome: DaemonOutcome | null
}
