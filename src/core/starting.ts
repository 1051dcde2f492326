/** Rules of daemon.ts: from wanting to start to the end of the wait for a process. */
import {
  common,
  type Daemon,
  type DaemonStep,
  type In,
  type LastRun,
  note,
  type Of,
} from './phases.ts'

export function wait(daemon: In<'stopped'>): DaemonStep {
  return [{ ...common(daemon), phase: 'waiting' }, []]
}

export function giveUpWaiting(daemon: In<'waiting'>): DaemonStep {
  return [{ ...common(daemon), phase: 'stopped' }, []]
}

export function spawnNext(daemon: Daemon): DaemonStep {
  const run = daemon.run + 1
  return [
    { spec: daemon.spec, run, last: daemon.last, phase: 'starting', want: 'up', graceMs: 0 },
    [{ type: 'spawn', daemon: daemon.spec.name, run }],
  ]
}

/** Asked for while the spawn is under way: this run is the one that satisfies it. */
export function startAfterAll(daemon: In<'starting'>): DaemonStep {
  return [{ ...daemon, want: 'up' }, []]
}

export function endAtOnce(daemon: In<'starting'>, { graceMs }: Of<'stop'>): DaemonStep {
  return [{ ...daemon, want: 'down', graceMs }, []]
}

export function notStarted(
  daemon: In<'starting'>,
  { step, errno }: Of<'spawn-failed'>,
): DaemonStep {
  const { spec, run } = daemon
  const failure = { step, errno }
  const exit = { code: 0, signal: 0 }
  const last: LastRun = { run, pid: 0, failure, exit, asked: false, sent: [] }
  const command = spec.command[0] ?? ''
  return [
    { spec, run, last, phase: 'stopped' },
    [note({ kind: 'start-failed', daemon: spec.name, run, command, step, errno })],
  ]
}
