/** Dependencies: whether a daemon is as those `after` it need it. One rule for the scheduler, and
 *  for the control plane, which explains what it does. */

import type { AfterSpec, Until } from '../plan/plan.ts'
import type { Daemon } from './phases.ts'

type DependencyState = 'met' | 'failed' | 'not yet'

/** The state of a daemon as a dependency that must have come as far as `until`. */
export function dependencyState(daemon: Daemon, until: Until): DependencyState {
  if (daemon.phase === 'stopped') {
    if (daemon.end === 'done') return 'met'
    return daemon.end === 'failed' || daemon.end === 'skipped' ? 'failed' : 'not yet'
  }
  if (daemon.phase !== 'running') return 'not yet'
  if (until === 'started') return 'met'
  if (until === 'done' || daemon.spec.kind === 'job') return 'not yet'
  return daemon.readyAtMs === null ? 'not yet' : 'met'
}

export interface UnmetDependency {
  readonly after: AfterSpec
  /** For good: false = it may still be met. */
  readonly hasFailed: boolean
}

/** The dependency that keeps a daemon from starting, whatever the daemon does now; null = none
 *  does. One that has failed comes before those that are not there yet. */
export function unmetDependency(
  daemons: { get(name: string): Daemon | undefined },
  { spec }: Daemon,
): UnmetDependency | null {
  let first: AfterSpec | null = null
  if (spec.after.length === 0) return null
  for (const after of spec.after) {
    const other = daemons.get(after.daemon)
    if (other === undefined) continue // Not selected.
    const state = dependencyState(other, after.until)
    if (state === 'failed' && !other.spec.optional) return { after, hasFailed: true }
    if (state === 'not yet') first ??= after
  }
  return first === null ? null : { after: first, hasFailed: false }
}
