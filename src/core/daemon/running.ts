/** Rules of daemon.ts for a run from its spawn to its stop, its fault or its death; and for what it
 *  reports of itself (sd_notify). */

import type { Effect } from '../effect.ts'
import type { Flaw } from '../event.ts'
import { isSelfReported } from '../plan/plan.ts'
import { armEscalation, beginTermination, leaderEnded, stopWatching, terminate } from './ending.ts'
import {
  arm,
  type Daemon,
  disarm,
  type End,
  type In,
  type Next,
  type Of,
  report,
  reportDeath,
  withSignal,
} from './phases.ts'
import { isSuccess, noStreak, type Verdict, verdictOn } from './restart-policy.ts'

/** The grace of processes that a dead daemon left behind, unless the bundle gives one, in
 *  milliseconds. */
const restGraceMs = 1000

export function becomeRunning(
  daemon: In<'starting'>,
  { pid, isSlow, atMs }: Of<'spawned'>,
  effects: Effect[],
): Daemon {
  const { spec, run, streak, want, graceMs } = daemon
  const { name } = spec
  const readyAtMs = spec.ready === null && !isSlow ? atMs : null
  const running: In<'running'> = {
    spec,
    run,
    last: null,
    streak,
    phase: 'running',
    pid,
    startedAtMs: atMs,
    readyAtMs,
    status: '',
    statusBefore: null,
    extendedToMs: 0,
    sent: [],
  }
  report(effects, { kind: 'started', daemon: name, run, pid })
  if (want !== 'up') {
    const next = want === 'down' ? 'requested' : 'up'
    return beginTermination(running, atMs, graceMs, next, 'requested', effects)
  }
  if (readyAtMs === null) awaitReady(running, atMs, !isSlow, effects)
  else watchAlive(running, effects)
  return running
}

/** When a run must be ready; Infinity = it need not be. */
export function readyByMs({ spec, startedAtMs, extendedToMs }: In<'running'>): number {
  if (spec.ready === null) return Number.POSITIVE_INFINITY
  return Math.max(startedAtMs + spec.ready.timeoutMs, extendedToMs)
}

/** May be repeated after a failure inside pitcrew. */
export function awaitReady(
  daemon: In<'running'>,
  atMs: number,
  hasExecuted: boolean,
  effects: Effect[],
): void {
  if (daemon.spec.ready === null) return
  arm(effects, 'ready', daemon, Math.max(0, readyByMs(daemon) - atMs))
  if (hasExecuted) watchReady(daemon, effects)
}

/** Probes begin when the program is executed: an earlier success would be that of another
 *  process. */
function watchReady({ spec, run }: In<'running'>, effects: Effect[]): void {
  if (spec.ready === null || isSelfReported(spec.ready.sign)) return
  effects.push({ type: 'watch', daemon: spec.name, run, for: 'ready' })
}

/** The end of a slow start. Without `ready:` the run is ready now. */
export function markExecuted(
  daemon: In<'running'>,
  { run, atMs }: Of<'executed'>,
  effects: Effect[],
): Daemon {
  if (daemon.readyAtMs !== null) return daemon
  if (daemon.spec.ready === null) return becomeReady(daemon, { type: 'ready', run, atMs }, effects)
  watchReady(daemon, effects)
  return daemon
}

export function watchAlive(daemon: In<'running'>, effects: Effect[]): void {
  const { name, alive, watchdogMs } = daemon.spec
  if (alive !== null) effects.push({ type: 'watch', daemon: name, run: daemon.run, for: 'alive' })
  if (watchdogMs !== null) arm(effects, 'watchdog', daemon, watchdogMs)
}

export function becomeReady(
  daemon: In<'running'>,
  { atMs }: Of<'ready'>,
  effects: Effect[],
): Daemon {
  if (daemon.readyAtMs !== null) return daemon
  const { spec, run, startedAtMs } = daemon
  const ready = { ...daemon, readyAtMs: atMs }
  disarm(effects, 'ready', daemon)
  stopWatching(daemon, effects)
  if (spec.ready !== null)
    report(effects, { kind: 'ready', daemon: spec.name, run, afterMs: atMs - startedAtMs })
  watchAlive(ready, effects)
  return ready
}

/** Ends an unhealthy run. It has failed like one that died. */
export function endForFault(
  daemon: In<'running'>,
  { atMs, fault, graceMs }: Of<'unhealthy'>,
  effects: Effect[],
  isEnding: boolean,
): Daemon {
  const { spec, run, pid, startedAtMs, status } = daemon
  if (fault === 'not-ready' && daemon.readyAtMs !== null) return daemon
  const verdict = verdictOn(spec, daemon.streak, {
    atMs,
    succeeded: false,
    readyForMs: readyFor(daemon, atMs),
    isEnding,
  })
  const uptimeMs = atMs - startedAtMs
  const died = { daemon: spec.name, run, pid, uptimeMs, status, verdict }
  reportDeath(spec, { kind: 'unfit', ...died, fault }, effects)
  const next = nextBy(verdict, false)
  return beginTermination(withStreak(daemon, verdict), atMs, graceMs, next, fault, effects)
}

export function forward(
  daemon: In<'running'>,
  { signal }: Of<'forward'>,
  effects: Effect[],
): Daemon {
  const { name } = daemon.spec
  effects.push({ type: 'forward', daemon: name, run: daemon.run, signal })
  report(effects, { kind: 'forwarded', daemon: name, signal, pid: daemon.pid })
  return { ...daemon, sent: withSignal(daemon.sent, signal) }
}

export function rejectForward(
  daemon: Daemon,
  { signal }: Of<'forward'>,
  effects: Effect[],
): Daemon {
  report(effects, { kind: 'not-forwarded', daemon: daemon.spec.name, signal })
  return daemon
}

/** A death. A daemon that was not ready yet has failed, whatever its exit code. */
export function die(
  daemon: In<'running'>,
  event: Of<'exited'>,
  effects: Effect[],
  isEnding: boolean,
): Daemon {
  return endUnrequested(daemon, event, isUnready(daemon) ? 'before-ready' : null, effects, isEnding)
}

function isUnready({ spec, readyAtMs }: In<'running'>): boolean {
  return readyAtMs === null && spec.kind === 'daemon'
}

/** Processes that a dead leader left behind are ended by the same rules as in a stop. */
export function endUnrequested(
  daemon: In<'running'>,
  event: Of<'exited'>,
  flaw: Flaw | null,
  effects: Effect[],
  isEnding: boolean,
): Daemon {
  const { code, signal, failure, gone, atMs } = event
  const { spec, run, pid, status } = daemon
  const uptimeMs = atMs - daemon.startedAtMs
  const succeeded = flaw === null && failure === undefined && isSuccess(spec, daemon.sent, event)
  const leftOthers = !gone && code === 0 && signal === 0 && spec.kind === 'daemon'
  const verdict = verdictOn(spec, daemon.streak, {
    atMs,
    succeeded,
    readyForMs: readyFor(daemon, atMs),
    isEnding,
  })
  if (verdict.kind === 'over' && verdict.why === 'done') {
    report(effects, { kind: 'done', daemon: spec.name, run, pid, uptimeMs, leftOthers })
  } else {
    const died = { daemon: spec.name, run, pid, uptimeMs, status, verdict }
    reportDeath(
      spec,
      failure === undefined
        ? { kind: 'died', ...died, code, signal, flaw, leftOthers }
        : { kind: 'start-failed', ...died, command: spec.command[0] ?? '', ...failure },
      effects,
    )
  }
  const graceMs = spec.stop.graceMs ?? restGraceMs
  const next = nextBy(verdict, succeeded)
  const before = withStreak(daemon, verdict)
  const ending = terminate(before, atMs, graceMs, next, flaw ?? 'died', daemon.sent, effects)
  if (!gone) armEscalation(ending, atMs, effects)
  return leaderEnded(ending, event, effects)
}

function readyFor({ readyAtMs }: In<'running'>, atMs: number): number {
  return readyAtMs === null ? 0 : atMs - readyAtMs
}

function withStreak(daemon: In<'running'>, verdict: Verdict): In<'running'> {
  return verdict.kind === 'retry' ? { ...daemon, streak: verdict.streak } : daemon
}

function nextBy(verdict: Verdict, succeeded: boolean): Next {
  if (verdict.kind === 'retry') return { retryAfterMs: verdict.afterMs }
  // A daemon that is given up has failed, however its last run ended.
  return (succeeded && verdict.why !== 'limit' ? 'done' : 'failed') satisfies End
}

export function retire(
  daemon: In<'running'>,
  { atMs, graceMs }: Of<'stop'>,
  effects: Effect[],
): Daemon {
  return beginTermination(daemon, atMs, graceMs, 'requested', 'requested', effects)
}

/** A request to restart begins a new streak. */
export function renew(
  daemon: In<'running'>,
  { atMs, graceMs }: Of<'restart'>,
  effects: Effect[],
): Daemon {
  const renewed = daemon.streak === noStreak ? daemon : { ...daemon, streak: noStreak }
  return beginTermination(renewed, atMs, graceMs, 'up', 'requested', effects)
}

export function holdBack(
  daemon: In<'running'>,
  { atMs, graceMs, guard }: Of<'hold'>,
  effects: Effect[],
): Daemon {
  report(effects, { kind: 'held', daemon: daemon.spec.name, run: daemon.run, guard })
  return beginTermination(daemon, atMs, graceMs, 'up', 'requested', effects)
}

/** While a run reloads or stops by itself, its status is that change; afterwards the status from
 *  before is restored. */
export function keepStatus(
  daemon: In<'running'>,
  { status, change }: Of<'status-reported'>,
): Daemon {
  if (change === 'reloading' || change === 'stopping') {
    const statusBefore = daemon.statusBefore ?? daemon.status
    return { ...daemon, status: status ?? change, statusBefore }
  }
  if (change === null) return { ...daemon, status: status ?? daemon.status }
  if (status === null && daemon.statusBefore === null) return daemon
  const last = status ?? daemon.statusBefore ?? daemon.status
  return { ...daemon, status: last, statusBefore: null }
}

export function feedWatchdog(
  daemon: In<'running'>,
  { extendMs, atMs }: Of<'watchdog-ping'>,
  effects: Effect[],
): Daemon {
  const { readyAtMs, spec } = daemon
  if (readyAtMs !== null) {
    if (spec.watchdogMs === null) return daemon
    arm(effects, 'watchdog', daemon, Math.max(spec.watchdogMs, extendMs ?? 0))
    return daemon
  }
  if (extendMs === null) return daemon
  // A request extends the time and never shortens it.
  const next = { ...daemon, extendedToMs: atMs + extendMs }
  arm(effects, 'ready', daemon, readyByMs(next) - atMs)
  return next
}
