/** A daemon as clients see it: its status, its state in one word, and its progress. */

import { unmetDependency } from '../../core/daemon/dependency-state.ts'
import type { Daemon, In } from '../../core/daemon/phases.ts'
import { readyByMs } from '../../core/daemon/running.ts'
import type { State } from '../../core/supervisor/state.ts'
import { count } from '../../core/text/describe.ts'
import { formatDuration } from '../../core/text/duration.ts'
import type { Usage } from '../../host/control.ts'
import type { Progress } from '../protocol/answers.ts'
import type { DaemonState, DaemonStatus, DeathAnswer, UsageAnswer } from '../protocol/status.ts'
import type { KeptDeath, Supervisor } from '../server/control-plane.ts'

export function describeDaemon(
  { state, deaths }: Pick<Supervisor, 'state' | 'deaths'>,
  daemon: Daemon,
  usage: Usage | null,
  nowMs: number,
): DaemonStatus {
  const { spec, run } = daemon
  const isThere = 'pid' in daemon
  const ticket = state.tickets.get(spec.name)
  const death = deaths.get(spec.name)
  return {
    name: spec.name,
    kind: spec.kind,
    state: stateOf(daemon),
    run,
    pid: isThere ? daemon.pid : null,
    uptimeMs: isThere ? wholeMs(nowMs - daemon.startedAtMs) : null,
    readyMs: isThere && daemon.readyAtMs !== null ? wholeMs(nowMs - daemon.readyAtMs) : null,
    restarts: Math.max(0, run - 1),
    waitsFor: awaitedDependency(state, daemon),
    nextAttemptMs: daemon.phase === 'backoff' ? wholeMs(daemon.untilMs - nowMs) : null,
    killMs: daemon.phase === 'terminating' ? wholeMs(daemon.killAtMs - nowMs) : null,
    status: isThere ? daemon.status : '',
    lastDeath: death === undefined ? null : describeDeath(death, nowMs),
    ticket: ticket?.outcome.kind === 'open' ? ticket.id : null,
    usage: usage === null ? null : describeUsage(usage),
  }
}

/** The first dependency that it waits for, or, if it was skipped, the one that has failed; null =
 *  it does not wait. */
function awaitedDependency(state: State, daemon: Daemon): string | null {
  const isSkipped = daemon.phase === 'stopped' && daemon.end === 'skipped'
  if (!isSkipped && daemon.phase !== 'waiting') return null
  return unmetDependency(state.daemons, daemon)?.after.daemon ?? null
}

function describeDeath({ atMs, record }: KeptDeath, nowMs: number): DeathAnswer {
  const { run, cause, uptimeMs, status, lastLines, next } = record
  return { run, cause, agoMs: wholeMs(nowMs - atMs), uptimeMs, status, lastLines, next }
}

function describeUsage({ cpuMs, memoryKib, processes }: Usage): UsageAnswer {
  return { cpuMs: wholeMs(cpuMs), memoryKib, processes }
}

export function wholeMs(ms: number): number {
  return Math.max(0, Math.round(ms))
}

/** @param name    null: all daemons, which are being stopped.
 *  @param sinceMs When the call began. */
export function progressOf(
  { state, host }: Pick<Supervisor, 'state' | 'host'>,
  name: string | null,
  sinceMs: number,
): Progress {
  const nowMs = host.now()
  const waitedMs = wholeMs(nowMs - sinceMs)
  const daemon = name === null ? undefined : state.daemons.get(name)
  if (daemon === undefined) {
    const { shutdown, plan } = state
    const leftMs = shutdown === null ? null : shutdown.sinceMs + plan.deadlineMs - nowMs
    const until = leftMs === null ? '' : `, ${roundedDuration(leftMs)} left`
    const words = `stopping ${count(state.active, 'daemon')}${until}`
    const left = leftMs === null ? null : wholeMs(leftMs)
    return { daemon: null, state: null, waitsFor: null, sinceMs: waitedMs, leftMs: left, words }
  }
  const waitsFor = awaitedDependency(state, daemon)
  const leftMs = msUntilDue(daemon, nowMs)
  return {
    daemon: daemon.spec.name,
    state: stateOf(daemon),
    waitsFor,
    sinceMs: waitedMs,
    leftMs: leftMs === null ? null : wholeMs(leftMs),
    words: describeActivity(daemon, waitsFor, nowMs),
  }
}

const seconds = 1000

/** "12 s", "3.2 s", "340 ms": rounded for reading. */
export function roundedDuration(ms: number): string {
  const unit = ms >= 10 * seconds ? seconds : ms >= seconds ? seconds / 10 : 1
  return formatDuration(Math.round(Math.max(0, ms) / unit) * unit)
}

export function stateOf(daemon: Daemon): DaemonState {
  switch (daemon.phase) {
    case 'stopped':
      if (daemon.end === 'none') return 'idle'
      return daemon.end === 'requested' ? 'stopped' : daemon.end
    case 'running':
      if (isBeforeExec(daemon)) return 'starting'
      // A job is ready when it is done, so it is `running` until then.
      return daemon.readyAtMs === null || daemon.spec.kind === 'job' ? 'running' : 'ready'
    case 'terminating':
      return 'stopping'
    default:
      return daemon.phase
  }
}

/** Its process exists and has not executed the command yet. Only in this case a daemon without
 *  `ready:` is not ready. */
export function isBeforeExec({ spec, readyAtMs }: In<'running'>): boolean {
  return spec.ready === null && readyAtMs === null
}

/** The time until KILL, the ready timeout or the next attempt, in milliseconds; null = none of
 *  them is due. */
function msUntilDue(daemon: Daemon, nowMs: number): number | null {
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

/** What it does now: "stopping, KILL in 4 s". */
function describeActivity(daemon: Daemon, waitsFor: string | null, nowMs: number): string {
  const left = msUntilDue(daemon, nowMs)
  switch (daemon.phase) {
    case 'waiting':
      return waitsFor === null ? 'about to start' : `waits for ${waitsFor}`
    case 'backoff':
      return `next attempt in ${roundedDuration(left ?? 0)}`
    case 'starting':
      return 'starting'
    case 'terminating':
      return `stopping, KILL in ${roundedDuration(left ?? 0)}`
    case 'killing':
      return daemon.stuck ? 'not ended after KILL' : 'killed, not ended yet'
    case 'running': {
      const since = `started ${roundedDuration(nowMs - daemon.startedAtMs)} ago`
      if (isBeforeExec(daemon)) return `${since}, has not executed its command yet`
      return left === null ? since : `${since}, not ready, ${roundedDuration(left)} left`
    }
    case 'stopped':
      return stateOf(daemon)
  }
}
