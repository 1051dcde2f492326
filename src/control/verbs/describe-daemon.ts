/** What is told of a daemon in `status`. */
import type { Daemon } from '../../core/daemon/phases.ts'
import type { AfterSpec } from '../../core/plan/plan.ts'
import type { State } from '../../core/supervisor/state.ts'
import type { Usage } from '../../host/control.ts'
import type { DaemonStatus, DeathAnswer, UsageAnswer } from '../protocol/status.ts'
import type { KeptDeath, Supervisor } from '../server/control-plane.ts'
import { blockerOf, waitsFor } from './outlook.ts'
import { stateOf } from './words.ts'

export function describeDaemon(
  { state, lastDeath }: Pick<Supervisor, 'state' | 'lastDeath'>,
  daemon: Daemon,
  usage: Usage | null,
  nowMs: number,
): DaemonStatus {
  const { spec, run } = daemon
  const isThere = 'pid' in daemon
  const ticket = state.tickets.get(spec.name)
  const death = lastDeath(spec.name)
  return {
    name: spec.name,
    kind: spec.kind,
    state: stateOf(daemon),
    run,
    pid: isThere ? daemon.pid : null,
    uptimeMs: isThere ? wholeMs(nowMs - daemon.startedAtMs) : null,
    readyMs: isThere && daemon.readyAtMs !== null ? wholeMs(nowMs - daemon.readyAtMs) : null,
    restarts: Math.max(0, run - 1),
    waitsFor: needs(state, daemon)?.daemon ?? null,
    nextAttemptMs: daemon.phase === 'backoff' ? wholeMs(daemon.untilMs - nowMs) : null,
    killMs: daemon.phase === 'terminating' ? wholeMs(daemon.killAtMs - nowMs) : null,
    status: isThere ? daemon.status : '',
    lastDeath: death === null ? null : describeDeath(death, nowMs),
    ticket: ticket?.outcome.kind === 'open' ? ticket.id : null,
    usage: usage === null ? null : describeUsage(usage),
  }
}

/** One that was skipped needs who has failed. */
function needs(state: State, daemon: Daemon): AfterSpec | null {
  const isSkipped = daemon.phase === 'stopped' && daemon.end === 'skipped'
  return isSkipped ? blockerOf(state, daemon) : waitsFor(state, daemon)
}

function describeDeath({ atMs, ...death }: KeptDeath, nowMs: number): DeathAnswer {
  const { run, cause, uptimeMs, status, lastLines, next } = death
  return { run, cause, agoMs: wholeMs(nowMs - atMs), uptimeMs, status, lastLines, next }
}

function describeUsage({ cpuMs, memoryKib, processes }: Usage): UsageAnswer {
  return { cpuMs: wholeMs(cpuMs), memoryKib, processes }
}

export function wholeMs(ms: number): number {
  return Math.max(0, Math.round(ms))
}
