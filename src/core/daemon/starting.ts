/** Rules of daemon.ts for the time before a run: waiting, backoff, and the spawn. */
import type { Effect, LastRun } from '../effect.ts'
import {
  arm,
  type Common,
  type Daemon,
  disarm,
  type In,
  type Of,
  report,
  reportDeath,
  stopped,
  waiting,
} from './phases.ts'
import { noStreak, startedByPolicy, verdictOn } from './restart-policy.ts'

/** At the boot, or when its failed dependency may be met again. */
export function waitAtFirst(daemon: In<'stopped'>): Daemon {
  return waiting(daemon, false)
}

/** A request to start: begins a new streak. */
export function wait(daemon: Daemon): Daemon {
  return waiting({ ...daemon, streak: noStreak }, false)
}

/** A skipped daemon for which a stop is requested is not started when its dependency comes back. */
export function stayStopped(
  daemon: In<'stopped'>,
  _event: Of<'stop'>,
  _effects: Effect[],
  isEnding: boolean,
): Daemon {
  return daemon.end === 'skipped' && !isEnding ? stopped(daemon, 'requested') : daemon
}

/** A request to start ends the backoff. */
export function waitNoLonger(
  daemon: In<'backoff'>,
  _: Of<'start' | 'restart'>,
  effects: Effect[],
): Daemon {
  disarm(effects, 'backoff', daemon)
  return wait(daemon)
}

export function endBackoff(daemon: In<'backoff'>): Daemon {
  return waiting(daemon, true)
}

export function giveUpWaiting(daemon: In<'waiting'>): Daemon {
  return stopped(daemon, 'requested')
}

export function giveUpRetrying(daemon: In<'backoff'>, _: Of<'stop'>, effects: Effect[]): Daemon {
  disarm(effects, 'backoff', daemon)
  return stopped(daemon, 'requested')
}

export function skip(daemon: In<'waiting'>, { needs }: Of<'skip'>, effects: Effect[]): Daemon {
  report(effects, { kind: 'skipped', daemon: daemon.spec.name, needs })
  return stopped(daemon, 'skipped')
}

export function spawnNext(daemon: In<'waiting'>, { atMs }: Of<'turn'>, effects: Effect[]): Daemon {
  const { spec, last, byPolicy } = daemon
  const run = daemon.run + 1
  const streak = byPolicy ? startedByPolicy(spec, daemon.streak, atMs) : daemon.streak
  effects.push({ type: 'spawn', daemon: spec.name, run })
  return { spec, run, last, streak, phase: 'starting', want: 'up', graceMs: 0 }
}

/** A start that is requested during the spawn is satisfied by this run. */
export function wantThisRun(daemon: In<'starting'>): Daemon {
  return daemon.want === 'again' ? daemon : { ...daemon, want: 'up' }
}

export function wantNoRun(daemon: In<'starting'>, { graceMs }: Of<'stop'>): Daemon {
  return { ...daemon, want: 'down', graceMs }
}

/** Ends this run as soon as it exists; the next one waits for the guard. */
export function wantNextRun(
  daemon: In<'starting'>,
  { graceMs, guard }: Of<'hold'>,
  effects: Effect[],
): Daemon {
  const { want, run, spec } = daemon
  if (want === 'down') return daemon
  if (want === 'up') report(effects, { kind: 'held', daemon: spec.name, run, guard })
  return { ...daemon, want: 'again', graceMs }
}

export function failStart(
  daemon: In<'starting'>,
  { step, errno, why, atMs }: Of<'spawn-failed'>,
  effects: Effect[],
  isEnding: boolean,
): Daemon {
  const { spec, run } = daemon
  const failure = why === undefined ? { step, errno } : { step, errno, why }
  const exit = { code: 0, signal: 0 }
  const none = { fault: null, flaw: null, sent: [] }
  const last: LastRun = { run, pid: 0, failure, exit, requested: false, ...none }
  const verdict = verdictOn(spec, daemon.streak, {
    atMs,
    succeeded: false,
    readyForMs: 0,
    isEnding,
  })
  const command = spec.command[0] ?? ''
  const death = { daemon: spec.name, run, pid: 0, uptimeMs: 0, status: '', verdict }
  reportDeath(spec, { kind: 'start-failed', ...death, command, ...failure }, effects)
  const before = { ...daemon, last }
  if (daemon.want === 'down') return stopped(before, 'requested')
  if (daemon.want === 'again') return waiting(before, false)
  if (verdict.kind === 'over') return stopped(before, 'failed')
  return retry({ ...before, streak: verdict.streak }, verdict.afterMs, atMs, effects)
}

/** @param daemon With the streak of the verdict. */
export function retry(daemon: Common, afterMs: number, atMs: number, effects: Effect[]): Daemon {
  if (afterMs === 0) return waiting(daemon, true)
  const { spec, run, last, streak } = daemon
  arm(effects, 'backoff', daemon, afterMs)
  return { spec, run, last, streak, phase: 'backoff', untilMs: atMs + afterMs }
}
