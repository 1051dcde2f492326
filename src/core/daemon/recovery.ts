/** Rules of daemon.ts for the time after a failure inside pitcrew: effects and events that were
 *  under way are lost, and what the host knows of the processes is true. Orders are given again
 *  where they may be lost: the host sends a stop signal to a process only once. What is to be
 *  started waits for its turn: what is found may be the end of everything. */
import type { Effect } from '../effect.ts'
import type { Exit, LiveRun } from '../event.ts'
import { armStuck, kill, settle } from './ending.ts'
import {
  arm,
  type Daemon,
  disarm,
  type In,
  type Of,
  remember,
  report,
  stopped,
  waiting,
} from './phases.ts'
import { awaitReady, becomeReady, begin, die, endUnrequested, watchAlive } from './running.ts'

/** A fault that comes with every timer must not make the timers spin, in milliseconds. */
const notBeforeMs = 200

/** What stands in the place of an exit that was not seen; it counts as a failure all the same. */
const unseenExit: Exit = { code: 0, signal: 0 }

/** A run that nobody here knows of must not go on. */
export function endGhost(daemon: Daemon, { live }: Of<'reconcile'>, effects: Effect[]): Daemon {
  if (live === null || live.gone) return daemon
  const { name } = daemon.spec
  effects.push({ type: 'signal', daemon: name, run: live.run, signal: 'KILL', to: 'tree' })
  return daemon
}

export function findBackingOff(
  daemon: In<'backoff'>,
  event: Of<'reconcile'>,
  effects: Effect[],
): Daemon {
  arm(effects, 'backoff', daemon, Math.max(notBeforeMs, daemon.untilMs - event.atMs))
  return endGhost(daemon, event, effects)
}

export function findStarted(
  daemon: In<'starting'>,
  event: Of<'reconcile'>,
  effects: Effect[],
  isEnding: boolean,
): Daemon {
  const { live, atMs } = event
  const { run } = daemon
  if (live?.run !== run) {
    return daemon.want === 'down' ? stopped(daemon, 'requested') : waiting(daemon, false)
  }
  const begun = begin(daemon, { ...live, type: 'spawned', atMs }, effects)
  return begun.phase === 'running'
    ? findRunning(begun, event, effects, isEnding)
    : findEnding(begun as In<'terminating'>, event, effects)
}

export function findRunning(
  daemon: In<'running'>,
  { live, atMs }: Of<'reconcile'>,
  effects: Effect[],
  isEnding: boolean,
): Daemon {
  const { run } = daemon
  if (live?.run === run && live.exit === null) return lookAgain(daemon, live, atMs, effects)
  const known = live?.run === run ? live : null
  const exit = known?.exit ?? unseenExit
  const gone = known?.gone ?? true
  const event = { type: 'exited' as const, atMs, run, ...exit, gone, outputOpen: true }
  if (known !== null) {
    const sign = { type: 'ready' as const, run, atMs }
    const ready = isReady(daemon, known) ? becomeReady(daemon, sign, effects) : daemon
    return die(ready as In<'running'>, event, effects, isEnding)
  }
  // One line for one death, and not one that claims to know how.
  const others: Effect[] = []
  const next = endUnrequested(daemon, event, 'unseen', others, isEnding)
  report(effects, { kind: 'end-missed', daemon: daemon.spec.name, run })
  effects.push(...others.filter((effect) => effect.type !== 'report'))
  return next
}

/** One without a sign of readiness is ready when it has executed its program; that was not seen of
 *  one that was killed. */
function isReady({ spec }: In<'running'>, { ready, isSlow, exit }: LiveRun): boolean {
  const hasExecuted = !isSlow && exit?.failure === undefined && (exit?.signal ?? 0) === 0
  return ready || (spec.ready === null && hasExecuted)
}

/** What was seen, or was to be looked at, may be lost. */
function lookAgain(daemon: In<'running'>, live: LiveRun, atMs: number, effects: Effect[]): Daemon {
  if (daemon.readyAtMs !== null) {
    watchAlive(daemon, effects)
    return daemon
  }
  if (isReady(daemon, live))
    return becomeReady(daemon, { type: 'ready', run: daemon.run, atMs }, effects)
  awaitReady(daemon, atMs, !live.isSlow, effects)
  return daemon
}

export function findEnding(
  daemon: In<'terminating' | 'killing'>,
  { live, atMs }: Of<'reconcile'>,
  effects: Effect[],
): Daemon {
  const { name, stop } = daemon.spec
  if (live?.run !== daemon.run || live.gone) {
    const exit = live?.run === daemon.run ? live.exit : daemon.exit
    return settle({ ...daemon, exit }, { outputOpen: true, atMs }, effects)
  }
  const next = { ...daemon, exit: live.exit }
  const isRestDue = next.exit !== null || next.treeSignalled
  const again = { type: 'signal', daemon: name, run: daemon.run } as const
  if (next.phase === 'killing') {
    effects.push({ ...again, signal: 'KILL', to: 'tree' })
    armStuck(daemon, effects)
    return next
  }
  // Not left to a timer that may fail each time.
  if (atMs >= next.killAtMs) {
    disarm(effects, 'escalate', daemon)
    return kill(next, { type: 'grace', run: next.run, atMs }, effects)
  }
  if (next.exit === null) effects.push({ ...again, signal: stop.signal, to: 'leader' })
  if (isRestDue) effects.push({ ...again, signal: stop.signal, to: 'rest' })
  arm(effects, 'escalate', daemon, Math.max(notBeforeMs, next.killAtMs - atMs) / 2)
  // Where a command was to stop it, this is the first that it hears.
  const sent = next.exit === null ? remember(next.sent, stop.signal) : next.sent
  return { ...next, sent, treeSignalled: isRestDue }
}
