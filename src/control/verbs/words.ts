/** States and times as a person says them. */

import type { Daemon, In } from '../../core/daemon/phases.ts'
import { readyByMs } from '../../core/daemon/running.ts'
import { formatDuration } from '../../core/text/duration.ts'
import type { DaemonState } from '../protocol/status.ts'

const seconds = 1000

/** "12 s", "3.2 s", "340 ms": as exact as somebody who waits needs it. */
export function roughly(ms: number): string {
  const unit = ms >= 10 * seconds ? seconds : ms >= seconds ? seconds / 10 : 1
  return formatDuration(Math.round(Math.max(0, ms) / unit) * unit)
}

export function stateOf(daemon: Daemon): DaemonState {
  switch (daemon.phase) {
    case 'stopped':
      if (daemon.end === 'none') return 'idle'
      return daemon.end === 'asked' ? 'stopped' : daemon.end
    case 'running':
      if (isStandingStill(daemon)) return 'starting'
      // Of a job, "ready" would mean that it is done.
      return daemon.readyAtMs === null || daemon.spec.kind === 'job' ? 'running' : 'ready'
    case 'terminating':
      return 'stopping'
    default:
      return daemon.phase
  }
}

/** Its process is there and has not executed its command yet: only then one without a sign of
 *  readiness is not ready. */
export function isStandingStill({ spec, readyAtMs }: In<'running'>): boolean {
  return spec.ready === null && readyAtMs === null
}

/** How long until force decides: KILL, the end of the time to be ready, the next try. */
export function leftMsOf(daemon: Daemon, nowMs: number): number | null {
  switch (daemon.phase) {
    case 'backoff':
      return Math.max(0, daemon.untilMs - nowMs)
    case 'terminating':
      return Math.max(0, daemon.killAtMs - nowMs)
    case 'running': {
      const { spec, readyAtMs } = daemon
      if (readyAtMs !== null || spec.ready === null) return null
      return Math.max(0, readyByMs(daemon) - nowMs)
    }
    default:
      return null
  }
}

/** What it does now, in a few words: "stopping, KILL in 4 s". */
export function doingWords(daemon: Daemon, waitsFor: string | null, nowMs: number): string {
  const left = leftMsOf(daemon, nowMs)
  switch (daemon.phase) {
    case 'waiting':
      return waitsFor === null ? 'about to be started' : `waits for ${waitsFor}`
    case 'backoff':
      return `next try in ${roughly(left ?? 0)}`
    case 'starting':
      return 'is being started'
    case 'terminating':
      return `stopping, KILL in ${roughly(left ?? 0)}`
    case 'killing':
      return daemon.stuck ? 'not gone after KILL' : 'killed, not gone yet'
    case 'running': {
      if (isStandingStill(daemon)) {
        return `started ${roughly(nowMs - daemon.startedAtMs)} ago, has not executed its command yet`
      }
      const since = `started ${roughly(nowMs - daemon.startedAtMs)} ago`
      return left === null ? since : `${since}, not ready, ${roughly(left)} left`
    }
    case 'stopped':
      return stateOf(daemon)
  }
}
