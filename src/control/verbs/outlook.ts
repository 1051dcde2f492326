/** Whom a daemon waits for, by the same rule as in src/core/supervisor/scheduling.ts. */

import { standing } from '../../core/daemon/dependency-state.ts'
import type { Daemon } from '../../core/daemon/phases.ts'
import type { AfterSpec } from '../../core/plan/plan.ts'
import type { State } from '../../core/supervisor/state.ts'

/** Whom it waits for, first of all; null = nobody, or it does not wait. */
export function waitsFor(state: State, daemon: Daemon): AfterSpec | null {
  return daemon.phase === 'waiting' ? blockerOf(state, daemon) : null
}

/** The first that is not as a daemon needs it, whatever that daemon does now. One that has failed
 *  comes before those that are not there yet. */
export function blockerOf(state: State, { spec }: Daemon): AfterSpec | null {
  let first: AfterSpec | null = null
  for (const after of spec.after) {
    const other = state.daemons.get(after.daemon)
    if (other === undefined) continue // Not selected.
    const stands = standing(other, after.until)
    if (stands === 'failed' && !other.spec.optional) return after
    if (stands === 'not yet') first ??= after
  }
  return first
}
