/** Rules of daemon.ts for the end of a run. The leader gets the stop signal once, because many
 *  programs take a second one as "at once". When the leader is gone, or at half of the grace, the
 *  rest of the tree gets it. At the end of the grace the whole tree gets KILL, once. */

import type { Effect, LastRun } from '../effect.ts'
import type { Exit, Flaw, HealthFailure } from '../event.ts'
import { isSelfReported } from '../plan/plan.ts'
import {
  arm,
  type Daemon,
  disarm,
  type In,
  killTree,
  type Next,
  type Of,
  report,
  signalStop,
  withSignal,
} from './phases.ts'
import { noStreak } from './restart-policy.ts'
import { retry } from './starting.ts'

/** How long the output of a run is read when a process outside of the run holds it open, in
 *  milliseconds. */
const lingerMs = 1000
/** How long after KILL a run is reported as stuck, in milliseconds. */
const stuckAfterMs = 1000

/** Begins the end of a run with its stop signal or its stop command. */
export function beginTermination(
  daemon: In<'running'>,
  atMs: number,
  graceMs: number,
  next: Next,
  fault: HealthFailure | 'requested',
  effects: Effect[],
): In<'terminating'> {
  const { spec, run, pid } = daemon
  const { name, stop } = spec
  const isBySignal = stop.command === null
  const sent = isBySignal ? withSignal(daemon.sent, stop.signal) : daemon.sent
  const ending = terminate(daemon, atMs, graceMs, next, fault, sent, effects)
  if (isBySignal) signalStop(effects, daemon, 'leader')
  else effects.push({ type: 'run-command', daemon: name, run, pid, about: null })
  armEscalation(ending, atMs, effects)
  return ending
}

/** Moves a run to `terminating` and ends its probes. */
export function terminate(
  daemon: In<'running'>,
  atMs: number,
  graceMs: number,
  next: Next,
  why: HealthFailure | Flaw | 'requested' | 'died',
  sent: readonly number[],
  effects: Effect[],
): In<'terminating'> {
  if (daemon.readyAtMs === null || daemon.spec.watchdogMs !== null) disarm(effects, 'ready', daemon)
  stopWatching(daemon, effects)
  const flaw = why === 'before-ready' || why === 'unseen' ? why : null
  const isOwnEnd = why === 'requested' || why === 'died' || why === flaw
  const { spec, run, last, streak, pid, startedAtMs, readyAtMs, status, statusBefore } = daemon
  return {
    spec,
    run,
    last,
    streak,
    phase: 'terminating',
    pid,
    startedAtMs,
    readyAtMs,
    status,
    statusBefore,
    extendedToMs: 0,
    sent,
    next,
    requested: why === 'requested',
    fault: isOwnEnd ? null : (why as HealthFailure),
    flaw,
    exit: null,
    sinceMs: atMs,
    killAtMs: atMs + Math.max(0, graceMs),
    treeSignalled: false,
  }
}

/** Ends the probe of a run, if there is one. */
export function stopWatching({ spec, run, readyAtMs }: In<'running'>, effects: Effect[]): void {
  const { name, ready, alive } = spec
  const isProbed =
    readyAtMs === null ? ready !== null && !isSelfReported(ready.sign) : alive !== null
  if (isProbed) effects.push({ type: 'unwatch', daemon: name, run })
}

/** At half of the grace the rest of the tree is signalled and the timer is armed again. */
export function armEscalation(daemon: In<'terminating'>, atMs: number, effects: Effect[]): void {
  arm(effects, 'escalate', daemon, (daemon.killAtMs - atMs) / 2)
}

/** A request starts a new streak. */
export function wantUp(daemon: In<'terminating' | 'killing'>): Daemon {
  return { ...daemon, next: 'up', streak: noStreak }
}

export function wantDown(daemon: In<'killing'>): Daemon {
  return { ...daemon, next: 'requested' }
}

/** A stop or restart that is requested while the run is ending may shorten its grace, and never
 *  extends it. */
export function hurry(
  daemon: In<'terminating'>,
  { type, atMs, graceMs }: Of<'stop' | 'restart'>,
  effects: Effect[],
): Daemon {
  const killAtMs = Math.min(daemon.killAtMs, atMs + Math.max(0, graceMs))
  const wanted = type === 'restart' ? wantUp(daemon) : { ...daemon, next: 'requested' as const }
  const next = { ...wanted, killAtMs } as In<'terminating'>
  if (killAtMs === daemon.killAtMs) return next
  armEscalation(next, atMs, effects)
  return next
}

/** Extends a stop as the run requests it, within the deadline. */
export function extendStop(
  daemon: In<'terminating'>,
  { extendMs, limitMs, atMs }: Of<'watchdog-ping'>,
  effects: Effect[],
): Daemon {
  if (extendMs === null) return daemon
  const killAtMs = atMs + Math.min(extendMs, limitMs)
  if (killAtMs <= daemon.killAtMs) return daemon
  const next = { ...daemon, killAtMs }
  if (next.treeSignalled) arm(effects, 'grace', next, killAtMs - atMs)
  else armEscalation(next, atMs, effects)
  return next
}

/** The leader is gone: the rest of the tree is signalled at once, if there is any. */
export function leaderEnded(
  daemon: In<'terminating' | 'killing'>,
  event: Of<'exited'>,
  effects: Effect[],
): Daemon {
  const { code, signal, failure, gone } = event
  const exit = failure === undefined ? { code, signal } : { code, signal, failure }
  if (gone) return end(daemon, exit, event, effects)
  const next = { ...daemon, exit }
  return next.phase === 'terminating' ? signalRest(next, effects) : next
}

/** Sends the stop signal to the tree without its leader, once. */
function signalRest(daemon: In<'terminating'>, effects: Effect[]): Daemon {
  if (daemon.treeSignalled) return daemon
  signalStop(effects, daemon, 'rest')
  return { ...daemon, treeSignalled: true }
}

export function signalTree(
  daemon: In<'terminating'>,
  { atMs }: Of<'escalate'>,
  effects: Effect[],
): Daemon {
  const { stop } = daemon.spec
  // From here on a stop by command is a stop by signal.
  const isFirst = stop.command !== null && daemon.exit === null && !daemon.treeSignalled
  const sent = isFirst ? withSignal(daemon.sent, stop.signal) : daemon.sent
  if (isFirst) signalStop(effects, daemon, 'leader')
  const next = signalRest({ ...daemon, sent }, effects)
  arm(effects, 'grace', daemon, Math.max(0, daemon.killAtMs - atMs))
  return next
}

export function kill(daemon: In<'terminating'>, { atMs }: Of<'grace'>, effects: Effect[]): Daemon {
  const { name } = daemon.spec
  const { run } = daemon
  report(effects, { kind: 'killing', daemon: name, run, afterMs: atMs - daemon.sinceMs })
  killTree(effects, name, run)
  armStuck(daemon, effects)
  // A leader that has ended before was not ended by this KILL.
  const sent = daemon.exit === null ? withSignal(daemon.sent, 'KILL') : daemon.sent
  return { ...daemon, phase: 'killing', stuck: false, sent }
}

export function armStuck(daemon: Daemon, effects: Effect[]): void {
  arm(effects, 'stuck', daemon, stuckAfterMs)
}

/** The daemon stays in this phase until the kernel releases its processes: two runs at once are
 *  worse than a daemon that is down. In a shutdown it no longer delays its dependencies. */
export function reportStuck(daemon: In<'killing'>, _: Of<'stuck'>, effects: Effect[]): Daemon {
  const { name } = daemon.spec
  report(effects, { kind: 'stuck', daemon: name, run: daemon.run })
  effects.push({ type: 'probe', daemon: name, run: daemon.run })
  return { ...daemon, stuck: true }
}

/** The run is over. */
export function settle(
  daemon: In<'terminating' | 'killing'>,
  event: { readonly outputOpen: boolean; readonly atMs: number },
  effects: Effect[],
): Daemon {
  return end(daemon, daemon.exit ?? { code: 0, signal: 0 }, event, effects)
}

function end(
  daemon: In<'terminating' | 'killing'>,
  exit: Exit,
  { outputOpen, atMs }: { readonly outputOpen: boolean; readonly atMs: number },
  effects: Effect[],
): Daemon {
  const { spec, run, streak, pid, requested, fault, flaw, sent, next } = daemon
  const failure = exit.failure ?? null
  const last: LastRun = { run, pid, failure, exit, requested, fault, flaw, sent }
  disarm(effects, 'escalate', daemon)
  if (outputOpen) arm(effects, 'linger', daemon, lingerMs)
  if (spec.stop.command !== null) effects.push({ type: 'end-command', daemon: spec.name, run })
  if (requested || fault !== null) {
    const { code, signal } = exit
    report(effects, { kind: 'stopped', daemon: spec.name, run, pid, code, signal })
  }
  if (next === 'up') return { spec, run, last, streak, phase: 'waiting', byPolicy: false }
  if (typeof next === 'string') return { spec, run, last, streak, phase: 'stopped', end: next }
  return retry({ spec, run, last, streak }, next.retryAfterMs, atMs, effects)
}
