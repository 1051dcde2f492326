/** Rules of daemon.ts: a run from its first moment to the one in which it is asked to end, or
 *  dies. */
import { armHalf, beginTermination, leaderEnded, terminate } from './ending.ts'
import { type Daemon, type DaemonStep, type In, note, type Of, remember } from './phases.ts'

/** What a dead daemon left behind has this long, unless the bundle says otherwise, in
 *  milliseconds. */
const restGraceMs = 1000

export function begin(daemon: In<'starting'>, { pid, atMs }: Of<'spawned'>): DaemonStep {
  const { spec, run } = daemon
  const running: In<'running'> = {
    spec,
    run,
    last: null,
    phase: 'running',
    pid,
    startedAtMs: atMs,
    sent: [],
  }
  const started = note({ kind: 'started', daemon: spec.name, run, pid })
  if (daemon.want === 'up') return [running, [started]]
  const [next, effects] = retire(running, { type: 'stop', atMs, graceMs: daemon.graceMs })
  return [next, [started, ...effects]]
}

export function forward(daemon: In<'running'>, { signal }: Of<'forward'>): DaemonStep {
  const { name } = daemon.spec
  return [
    { ...daemon, sent: remember(daemon.sent, signal) },
    [
      { type: 'signal', daemon: name, run: daemon.run, signal, to: 'leader' },
      note({ kind: 'forwarded', daemon: name, signal, pid: daemon.pid }),
    ],
  ]
}

export function dontForward(daemon: Daemon, { signal }: Of<'forward'>): DaemonStep {
  return [daemon, [note({ kind: 'not-forwarded', daemon: daemon.spec.name, signal })]]
}

/** It died by itself; what it left behind is ended under the same rules as after a stop. */
export function die(daemon: In<'running'>, event: Of<'exited'>): DaemonStep {
  const { code, signal, atMs } = event
  const { spec, run, pid } = daemon
  const uptimeMs = atMs - daemon.startedAtMs
  const died = note({ kind: 'died', daemon: spec.name, run, pid, uptimeMs, code, signal })
  const ending = terminate(daemon, atMs, spec.stop.graceMs ?? restGraceMs, 'down', false)
  const [next, effects] = leaderEnded(ending, event)
  return [next, [died, ...armHalf(next, atMs), ...effects]]
}

export function retire(daemon: In<'running'>, { atMs, graceMs }: Of<'stop'>): DaemonStep {
  return beginTermination(daemon, atMs, graceMs, 'down')
}

export function renew(daemon: In<'running'>, { atMs, graceMs }: Of<'restart'>): DaemonStep {
  return beginTermination(daemon, atMs, graceMs, 'up')
}
