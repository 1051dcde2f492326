/** Rules of daemon.ts for `reconcile`, after a failure inside pitcrew. Effects and events that were
 *  under way are lost; what the host knows of the processes is true. Orders that may be lost are
 *  given again, since the host sends a stop signal to a process only once. Daemons that are to
 *  start wait for their turn, because what is found may shut down the bundle. */
import type { Effect } from '../effect.ts'
import type { Exit, LiveRun } from '../event.ts'
import { armStuck, kill, settle } from './ending.ts'
import {
  arm,
  type Daemon,
  disarm,
  type In,
  killTree,
  type Of,
  report,
  signalStop,
  stopped,
  waiting,
  withSignal,
} from './phases.ts'
import {
  awaitReady,
  becomeReady,
  becomeRunning,
  die,
  endUnrequested,
  watchAlive,
} from './running.ts'

/** The least delay of a timer that is armed again, in milliseconds: a failure at every timer must
 *  not make them spin. */
const notBeforeMs = 200

/** Replaces an exit that was not observed. It counts as a failure all the same. */
const unseenExit: Exit = { code: 0, signal: 0 }

/** Kills a run that this state does not know. */
export function killUnknownRun(
  daemon: Daemon,
  { live }: Of<'reconcile'>,
  effects: Effect[],
): Daemon {
  if (live === null || live.gone) return daemon
  killTree(effects, daemon.spec.name, live.run)
  return daemon
}

export function reconcileBackoff(
  daemon: In<'backoff'>,
  event: Of<'reconcile'>,
  effects: Effect[],
): Daemon {
  arm(effects, 'backoff', daemon, Math.max(notBeforeMs, daemon.untilMs - event.atMs))
  return killUnknownRun(daemon, event, effects)
}

export function reconcileStarting(
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
  const begun = becomeRunning(daemon, { ...live, type: 'spawned', atMs }, effects)
  return begun.phase === 'running'
    ? reconcileRunning(begun, event, effects, isEnding)
    : reconcileEnding(begun as In<'terminating'>, event, effects)
}

export function reconcileRunning(
  daemon: In<'running'>,
  { live, atMs }: Of<'reconcile'>,
  effects: Effect[],
  isEnding: boolean,
): Daemon {
  const { run } = daemon
  if (live?.run === run && live.exit === null) return resumeWatching(daemon, live, atMs, effects)
  const known = live?.run === run ? live : null
  const exit = known?.exit ?? unseenExit
  const gone = known?.gone ?? true
  const event = { type: 'exited' as const, atMs, run, ...exit, gone, outputOpen: true }
  if (known !== null) {
    const sign = { type: 'ready' as const, run, atMs }
    const ready = isReady(daemon, known) ? becomeReady(daemon, sign, effects) : daemon
    return die(ready as In<'running'>, event, effects, isEnding)
  }
  // One report for one death, without a cause.
  const others: Effect[] = []
  const next = endUnrequested(daemon, event, 'unseen', others, isEnding)
  report(effects, { kind: 'end-missed', daemon: daemon.spec.name, run })
  effects.push(...others.filter((effect) => effect.type !== 'report'))
  return next
}

/** Without `ready:` a run is ready when it has executed its program, which was not observed if it
 *  was killed. */
function isReady({ spec }: In<'running'>, { ready, isSlow, exit }: LiveRun): boolean {
  const hasExecuted = !isSlow && exit?.failure === undefined && (exit?.signal ?? 0) === 0
  return ready || (spec.ready === null && hasExecuted)
}

/** Repeats what may be lost: its readiness, its timers, its probes. */
function resumeWatching(
  daemon: In<'running'>,
  live: LiveRun,
  atMs: number,
  effects: Effect[],
): Daemon {
  if (daemon.readyAtMs !== null) {
    watchAlive(daemon, effects)
    return daemon
  }
  if (isReady(daemon, live))
    return becomeReady(daemon, { type: 'ready', run: daemon.run, atMs }, effects)
  awaitReady(daemon, atMs, !live.isSlow, effects)
  return daemon
}

export function reconcileEnding(
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
  if (next.phase === 'killing') {
    killTree(effects, name, daemon.run)
    armStuck(daemon, effects)
    return next
  }
  // At once, because a timer may fail each time.
  if (atMs >= next.killAtMs) {
    disarm(effects, 'escalate', daemon)
    return kill(next, { type: 'grace', run: next.run, atMs }, effects)
  }
  if (next.exit === null) signalStop(effects, daemon, 'leader')
  if (isRestDue) signalStop(effects, daemon, 'rest')
  arm(effects, 'escalate', daemon, Math.max(notBeforeMs, next.killAtMs - atMs) / 2)
  // After a stop by command this is the first stop signal that it gets.
  const sent = next.exit === null ? withSignal(next.sent, stop.signal) : next.sent
  return { ...next, sent, treeSignalled: isRestDue }
}
