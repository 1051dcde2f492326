/** How a daemon stands for those that are `after` it: the rule of the lanes, and of whoever explains
 *  them. */

import type { Until } from '../plan/plan.ts'
import type { Daemon } from './phases.ts'

type Standing = 'met' | 'failed' | 'not yet'

export function standing(daemon: Daemon, until: Until): Standing {
  if (daemon.phase === 'stopped') {
    if (daemon.end === 'done') return 'met'
    return daemon.end === 'failed' || daemon.end === 'skipped' ? 'failed' : 'not yet'
  }
  if (daemon.phase !== 'running') return 'not yet'
  if (until === 'started') return 'met'
  if (until === 'done' || daemon.spec.kind === 'job') return 'not yet'
  return daemon.readyAtMs === null ? 'not yet' : 'met'
}
