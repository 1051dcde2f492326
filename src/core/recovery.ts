/** Rules of daemon.ts for the time after a failure inside pitcrew: effects and events that were
 *  under way are lost, and what the host knows of the processes is true. Orders are given again
 *  where they may be lost: a signal twice is harmless, one that was never sent is not. What is to
 *  be started waits for its turn: what is found may be the end of everything. */
import { armStuck, disarm, kill, settle } from './ending.ts'
import {
  common,
  type Daemon,
  type DaemonStep,
  type In,
  note,
  type Of,
  stay,
  timer,
} from './phases.ts'
import { begin, die } from './running.ts'

/** A fault that comes with every timer must not make the timers spin, in milliseconds. */
const notBeforeMs = 200

/** A run that nobody here knows of must not go on. */
export function endGhost(daemon: Daemon, { live }: Of<'reconcile'>): DaemonStep {
  if (live === null || live.gone) return stay(daemon)
  const { name } = daemon.spec
  return [daemon, [{ type: 'signal', daemon: name, run: live.run, signal: 'KILL', to: 'tree' }]]
}

export function findStarted(daemon: In<'starting'>, event: Of<'reconcile'>): DaemonStep {
  const { live, atMs } = event
  const { spec, run } = daemon
  if (live?.run !== run) {
    const phase = daemon.want === 'up' ? 'waiting' : 'stopped'
    return [{ spec, run, last: daemon.last, phase }, []]
  }
  const [begun, effects] = begin(daemon, { type: 'spawned', atMs, run, pid: live.pid })
  const [next, more] =
    begun.phase === 'running'
      ? findRunning(begun, event)
      : findEnding(begun as In<'terminating'>, event)
  return [next, [...effects, ...more]]
}

export function findRunning(daemon: In<'running'>, { live, atMs }: Of<'reconcile'>): DaemonStep {
  if (live?.run === daemon.run && live.exit === null) return stay(daemon)
  const { spec, run } = daemon
  const known = live?.run === run ? live : null
  const exit = known?.exit ?? { code: 0, signal: 0 }
  const gone = known?.gone ?? true
  const [next, effects] = die(daemon, {
    type: 'exited',
    atMs,
    run,
    ...exit,
    gone,
    outputOpen: true,
  })
  if (known !== null) return [next, effects]
  // One line for one death, and not one that claims to know how.
  const others = effects.filter((effect) => effect.type !== 'report')
  return [next, [note({ kind: 'end-missed', daemon: spec.name, run }), ...others]]
}

export function findEnding(
  daemon: In<'terminating' | 'killing'>,
  { live, atMs }: Of<'reconcile'>,
): DaemonStep {
  const { name, stop } = daemon.spec
  if (live?.run !== daemon.run || live.gone) {
    const exit = live?.run === daemon.run ? live.exit : daemon.exit
    const [over, effects] = settle({ ...daemon, exit, want: 'down' }, { outputOpen: true })
    return daemon.want === 'up' ? [{ ...common(over), phase: 'waiting' }, effects] : [over, effects]
  }
  const next = { ...daemon, exit: live.exit }
  const to = next.exit === null && !next.treeTold ? 'leader' : 'tree'
  const again = { type: 'signal', daemon: name, run: daemon.run } as const
  if (next.phase === 'killing')
    return [next, [{ ...again, signal: 'KILL', to: 'tree' }, armStuck(daemon)]]
  // Not left to a timer that may fail each time.
  if (atMs >= next.killAtMs) {
    const [killing, effects] = kill(next, { type: 'grace', run: next.run, atMs })
    return [killing, [...disarm(daemon, 'half', 'grace'), ...effects]]
  }
  const afterMs = Math.max(notBeforeMs, next.killAtMs - atMs)
  return [
    { ...next, treeTold: to === 'tree' },
    [
      { ...again, signal: stop.signal, to },
      { type: 'arm', timer: timer('half', daemon), afterMs: afterMs / 2 },
    ],
  ]
}
