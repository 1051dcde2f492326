/** Rules of daemon.ts: how a run ends. The stop signal to the leader, once, since many programs
 *  take a second one as "at once"; when the leader is gone, or at half of the grace, the stop
 *  signal to the rest of the tree; KILL to the whole tree at the end of the grace, once. */

import type { Effect, LastRun } from '../effect.ts'
import type { Exit, Fault, Flaw } from '../event.ts'
import { isWord } from '../plan/plan.ts'
import {
  arm,
  type Daemon,
  disarm,
  type In,
  type Next,
  type Of,
  remember,
  stopped,
  tell,
  waiting,
} from './phases.ts'
import { noRow } from './restart-policy.ts'
import { retry } from './starting.ts'

/** How long a run's output is read when somebody outside of it holds it open, in milliseconds. */
const lingerMs = 1000
/** How long after KILL the run is named as stuck, in milliseconds. */
const stuckAfterMs = 1000

/** It is told to end: since it was asked to, or for a fault. */
export function beginTermination(
  daemon: In<'running'>,
  atMs: number,
  graceMs: number,
  next: Next,
  fault: Fault | 'asked',
  effects: Effect[],
): In<'terminating'> {
  const { spec, run, pid } = daemon
  const { name, stop } = spec
  const isBySignal = stop.command === null
  const sent = isBySignal ? remember(daemon.sent, stop.signal) : daemon.sent
  const ending = terminate(daemon, atMs, graceMs, next, fault, sent, effects)
  if (isBySignal) {
    effects.push({ type: 'signal', daemon: name, run, signal: stop.signal, to: 'leader' })
  } else effects.push({ type: 'run-command', daemon: name, run, pid, about: null })
  armHalf(ending, atMs, effects)
  return ending
}

/** Its end begins: nobody looks any more whether it is ready or alive. */
export function terminate(
  daemon: In<'running'>,
  atMs: number,
  graceMs: number,
  next: Next,
  why: Fault | Flaw | 'asked' | 'died',
  sent: readonly number[],
  effects: Effect[],
): In<'terminating'> {
  const { spec, run, last, row, pid, startedAtMs, readyAtMs, status, statusBefore } = daemon
  if (readyAtMs === null || spec.watchdogMs !== null) disarm(effects, 'ready', daemon)
  stopLooking(daemon, effects)
  const flaw = why === 'before-ready' || why === 'unseen' ? why : null
  const isOwnEnd = why === 'asked' || why === 'died' || why === flaw
  return {
    spec,
    run,
    last,
    row,
    phase: 'terminating',
    pid,
    startedAtMs,
    readyAtMs,
    status,
    statusBefore,
    extendedToMs: 0,
    sent,
    next,
    asked: why === 'asked',
    fault: isOwnEnd ? null : (why as Fault),
    flaw,
    exit: null,
    sinceMs: atMs,
    killAtMs: atMs + Math.max(0, graceMs),
    treeTold: false,
  }
}

/** If anybody looks at it. */
export function stopLooking({ spec, run, readyAtMs }: In<'running'>, effects: Effect[]): void {
  const { name, ready, alive } = spec
  const isLookedAt = readyAtMs === null ? ready !== null && !isWord(ready.sign) : alive !== null
  if (isLookedAt) effects.push({ type: 'unwatch', daemon: name, run })
}

/** At half of the grace the rest of the tree is signalled, and the timer is set again. */
export function armHalf(daemon: In<'terminating'>, atMs: number, effects: Effect[]): void {
  arm(effects, 'half', daemon, (daemon.killAtMs - atMs) / 2)
}

/** Asked for: what the policy knew of it is forgotten. */
export function wantUp(daemon: In<'terminating' | 'killing'>): Daemon {
  return { ...daemon, next: 'up', row: noRow }
}

export function wantDown(daemon: In<'killing'>): Daemon {
  return { ...daemon, next: 'asked' }
}

/** Asked to stop or restart while it is ending: it has no more time than it had, and may have
 *  less. */
export function hurry(
  daemon: In<'terminating'>,
  { type, atMs, graceMs }: Of<'stop' | 'restart'>,
  effects: Effect[],
): Daemon {
  const killAtMs = Math.min(daemon.killAtMs, atMs + Math.max(0, graceMs))
  const wanted = type === 'restart' ? wantUp(daemon) : { ...daemon, next: 'asked' as const }
  const next = { ...wanted, killAtMs } as In<'terminating'>
  if (killAtMs === daemon.killAtMs) return next
  armHalf(next, atMs, effects)
  return next
}

/** It asks for more time for its stop: what it gets is within the one deadline. */
export function extendStop(
  daemon: In<'terminating'>,
  { extendMs, limitMs, atMs }: Of<'pinged'>,
  effects: Effect[],
): Daemon {
  if (extendMs === null) return daemon
  const killAtMs = atMs + Math.min(extendMs, limitMs)
  if (killAtMs <= daemon.killAtMs) return daemon
  const next = { ...daemon, killAtMs }
  if (next.treeTold) arm(effects, 'grace', next, killAtMs - atMs)
  else armHalf(next, atMs, effects)
  return next
}

/** The leader is gone: the rest of the tree is told now, if there is any. */
export function leaderEnded(
  daemon: In<'terminating' | 'killing'>,
  event: Of<'exited'>,
  effects: Effect[],
): Daemon {
  const { code, signal, failure, gone } = event
  const exit = failure === undefined ? { code, signal } : { code, signal, failure }
  if (gone) return end(daemon, exit, event, effects)
  const next = { ...daemon, exit }
  return next.phase === 'terminating' ? tellRest(next, effects) : next
}

/** The stop signal to everything but the leader, once. */
function tellRest(daemon: In<'terminating'>, effects: Effect[]): Daemon {
  if (daemon.treeTold) return daemon
  const { name, stop } = daemon.spec
  effects.push({ type: 'signal', daemon: name, run: daemon.run, signal: stop.signal, to: 'rest' })
  return { ...daemon, treeTold: true }
}

export function tellTree(
  daemon: In<'terminating'>,
  { atMs }: Of<'half'>,
  effects: Effect[],
): Daemon {
  const { name, stop } = daemon.spec
  // A stop by command is a stop by signal from here on.
  const isFirst = stop.command !== null && daemon.exit === null && !daemon.treeTold
  const sent = isFirst ? remember(daemon.sent, stop.signal) : daemon.sent
  if (isFirst) {
    effects.push({
      type: 'signal',
      daemon: name,
      run: daemon.run,
      signal: stop.signal,
      to: 'leader',
    })
  }
  const next = tellRest({ ...daemon, sent }, effects)
  arm(effects, 'grace', daemon, Math.max(0, daemon.killAtMs - atMs))
  return next
}

export function kill(daemon: In<'terminating'>, { atMs }: Of<'grace'>, effects: Effect[]): Daemon {
  const { name } = daemon.spec
  const { run } = daemon
  tell(effects, { kind: 'killing', daemon: name, run, afterMs: atMs - daemon.sinceMs })
  effects.push({ type: 'signal', daemon: name, run, signal: 'KILL', to: 'tree' })
  armStuck(daemon, effects)
  // A leader that ended before this KILL did not end of it.
  const sent = daemon.exit === null ? remember(daemon.sent, 'KILL') : daemon.sent
  return { ...daemon, phase: 'killing', stuck: false, sent }
}

export function armStuck(daemon: Daemon, effects: Effect[]): void {
  arm(effects, 'stuck', daemon, stuckAfterMs)
}

/** Two runs at once are worse than a daemon that is down: it stays here until the kernel lets go.
 *  In a shutdown it holds nobody up any more. */
export function nameStuck(daemon: In<'killing'>, _: Of<'stuck'>, effects: Effect[]): Daemon {
  const { name } = daemon.spec
  tell(effects, { kind: 'stuck', daemon: name, run: daemon.run })
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
  const { spec, run, row, pid, asked, fault, flaw, sent, next } = daemon
  const failure = exit.failure ?? null
  const last: LastRun = { run, pid, failure, exit, asked, fault, flaw, sent }
  disarm(effects, 'half', daemon)
  if (outputOpen) arm(effects, 'linger', daemon, lingerMs)
  if (spec.stop.command !== null) effects.push({ type: 'end-command', daemon: spec.name, run })
  if (asked || fault !== null) {
    const { code, signal } = exit
    tell(effects, { kind: 'stopped', daemon: spec.name, run, pid, code, signal })
  }
  const over = { spec, run, last, row }
  if (next === 'up') return waiting(over, false)
  if (typeof next === 'string') return stopped(over, next)
  return retry(over, next.retryAfterMs, atMs, effects)
}
