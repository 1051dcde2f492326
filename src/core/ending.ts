/** Rules of daemon.ts: how a run ends. The stop signal and CONT to the leader; the stop signal to
 *  the whole tree when the leader is gone, or at half of the grace; KILL to the tree at the end
 *  of it, once. */

import type { Effect } from './effect.ts'
import {
  type Daemon,
  type DaemonStep,
  type In,
  type LastRun,
  note,
  type Of,
  remember,
  stay,
  timer,
  type Want,
} from './phases.ts'
import { spawnNext } from './starting.ts'

/** How long a run's output is read when somebody outside of it holds it open, in milliseconds. */
const lingerMs = 1000
/** How long after KILL the run is named as stuck, in milliseconds. */
const stuckAfterMs = 1000

export function beginTermination(
  daemon: In<'running'>,
  atMs: number,
  graceMs: number,
  want: Want,
): DaemonStep {
  const next = terminate(daemon, atMs, graceMs, want, true)
  const { name, stop } = daemon.spec
  const tell: Effect = {
    type: 'signal',
    daemon: name,
    run: daemon.run,
    signal: stop.signal,
    to: 'leader',
  }
  return [next, [tell, ...armHalf(next, atMs)]]
}

export function terminate(
  daemon: In<'running'>,
  atMs: number,
  graceMs: number,
  want: Want,
  asked: boolean,
): In<'terminating'> {
  const sent = asked ? remember(daemon.sent, daemon.spec.stop.signal) : daemon.sent
  const killAtMs = atMs + Math.max(0, graceMs)
  const ending = { want, asked, exit: null, sinceMs: atMs, killAtMs, treeTold: false }
  return { ...daemon, phase: 'terminating', sent, ...ending }
}

/** One timer for both: at half of the grace it tells the tree, and is set again for the rest. */
export function armHalf(daemon: Daemon, atMs: number): Effect[] {
  if (daemon.phase !== 'terminating') return []
  return [{ type: 'arm', timer: timer('half', daemon), afterMs: (daemon.killAtMs - atMs) / 2 }]
}

export function wantUp(daemon: In<'terminating' | 'killing'>): DaemonStep {
  return [{ ...daemon, want: 'up' }, []]
}

export function wantDown(daemon: In<'killing'>): DaemonStep {
  return [{ ...daemon, want: 'down' }, []]
}

/** Asked to stop or restart while it is ending: it has no more time than it had, and may have
 *  less. */
export function hurry(
  daemon: In<'terminating'>,
  { type, atMs, graceMs }: Of<'stop' | 'restart'>,
): DaemonStep {
  const killAtMs = Math.min(daemon.killAtMs, atMs + Math.max(0, graceMs))
  const want = type === 'restart' ? 'up' : 'down'
  const next: In<'terminating'> = { ...daemon, want, killAtMs }
  if (killAtMs === daemon.killAtMs) return [next, []]
  return [next, [{ type: 'disarm', timer: timer('grace', daemon) }, ...armHalf(next, atMs)]]
}

/** The leader is gone: the rest of the tree is told now, if there is any. */
export function leaderEnded(
  daemon: In<'terminating' | 'killing'>,
  event: Of<'exited'>,
): DaemonStep {
  const { code, signal, gone } = event
  const next = { ...daemon, exit: { code, signal } }
  if (gone) return settle(next, event)
  return next.phase === 'terminating' ? tellRest(next) : stay(next)
}

/** The stop signal to everybody, once. */
function tellRest(daemon: In<'terminating'>): DaemonStep {
  if (daemon.treeTold) return stay(daemon)
  const { name, stop } = daemon.spec
  return [
    { ...daemon, treeTold: true },
    [{ type: 'signal', daemon: name, run: daemon.run, signal: stop.signal, to: 'tree' }],
  ]
}

export function tellTree(daemon: In<'terminating'>, { atMs }: Of<'half'>): DaemonStep {
  const [next, effects] = tellRest(daemon)
  const afterMs = Math.max(0, daemon.killAtMs - atMs)
  return [next, [...effects, { type: 'arm', timer: timer('grace', daemon), afterMs }]]
}

export function kill(daemon: In<'terminating'>, { atMs }: Of<'grace'>): DaemonStep {
  const { name } = daemon.spec
  // A leader that ended before this KILL did not end of it.
  const sent = daemon.exit === null ? remember(daemon.sent, 'KILL') : daemon.sent
  return [
    { ...daemon, phase: 'killing', stuck: false, sent },
    [
      note({ kind: 'killing', daemon: name, run: daemon.run, afterMs: atMs - daemon.sinceMs }),
      { type: 'signal', daemon: name, run: daemon.run, signal: 'KILL', to: 'tree' },
      armStuck(daemon),
    ],
  ]
}

export function armStuck(daemon: Daemon): Effect {
  return { type: 'arm', timer: timer('stuck', daemon), afterMs: stuckAfterMs }
}

/** Two runs at once are worse than a daemon that is down: it stays here until the kernel lets go.
 *  In a shutdown it holds nobody up any more. */
export function nameStuck(daemon: In<'killing'>): DaemonStep {
  const { name } = daemon.spec
  return [
    { ...daemon, stuck: true },
    [
      note({ kind: 'stuck', daemon: name, run: daemon.run }),
      { type: 'probe', daemon: name, run: daemon.run },
    ],
  ]
}

/** The run is over. */
export function settle(
  daemon: In<'terminating' | 'killing'>,
  { outputOpen }: { readonly outputOpen: boolean },
): DaemonStep {
  const { spec, run, pid, asked, sent, want } = daemon
  const exit = daemon.exit ?? { code: 0, signal: 0 }
  const last: LastRun = { run, pid, failure: null, exit, asked, sent }
  const stopped: Daemon = { spec, run, last, phase: 'stopped' }
  const effects =
    daemon.phase === 'killing' ? disarm(daemon, 'stuck') : disarm(daemon, 'half', 'grace')
  if (outputOpen) effects.push({ type: 'arm', timer: timer('linger', daemon), afterMs: lingerMs })
  if (asked) effects.push(note({ kind: 'stopped', daemon: spec.name, run, pid, ...exit }))
  if (want === 'down') return [stopped, effects]
  const [next, spawning] = spawnNext(stopped)
  return [next, [...effects, ...spawning]]
}

export function disarm(
  daemon: Daemon,
  ...kinds: readonly ('half' | 'grace' | 'stuck')[]
): Effect[] {
  return kinds.map((kind) => ({ type: 'disarm', timer: timer(kind, daemon) }))
}
