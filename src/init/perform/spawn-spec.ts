/** Converts a daemon of the plan into the host's arguments for a spawn. */
import { type DaemonSpec, isSelfReported, type LimitName } from '../../core/plan/plan.ts'
import type { SpawnSpec } from '../../host/host.ts'
import type { Environment } from './environment.ts'

/** A command that serves a daemon, and the context in which it runs. */
export type ServiceCommand = Omit<SpawnSpec, 'daemon' | 'run' | 'ready' | 'notify' | 'control'>

/** RLIMIT_ numbers, equal on all supported architectures. */
const limitNumbers: Readonly<Record<LimitName, number>> = {
  cpu: 0,
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  as: 9,
}

export function spawnSpecOf(environment: Environment, spec: DaemonSpec, run: number): SpawnSpec {
  const ready = readyChannelOf(spec)
  const env = environment.of(spec)
  const { name, command, watchdogMs } = spec
  return {
    ...contextOf(spec),
    daemon: name,
    run,
    command,
    env: watchdogMs === null ? env : [...env, `WATCHDOG_USEC=${watchdogMs * 1000}`],
    stdio: 'pump',
    ready,
    notify: watchdogMs !== null || ready?.type === 'notify',
    control: spec.control !== 'none',
  }
}

/** A command in the daemon's context: with its user, working directory, umask, limits and
 *  environment.
 *  @param more Entries of the environment, as "NAME=value". */
export function serviceCommandOf(
  environment: Environment,
  spec: DaemonSpec,
  command: ServiceCommand['command'],
  stdio: ServiceCommand['stdio'],
  more: readonly string[],
): ServiceCommand {
  return { ...contextOf(spec), command, env: [...environment.of(spec), ...more], stdio }
}

type RunContext = Pick<SpawnSpec, 'cwd' | 'user' | 'group' | 'umask' | 'limits'>

function contextOf(spec: DaemonSpec): RunContext {
  const { cwd, user, group, umask } = spec
  return { cwd, user, group, umask, limits: limitsOf(spec) }
}

/** The channel by which the run reports its readiness; null = it is probed, or is ready at once. */
function readyChannelOf({ ready }: DaemonSpec): SpawnSpec['ready'] {
  return ready !== null && isSelfReported(ready.sign) ? ready.sign : null
}

function limitsOf({ limits }: DaemonSpec): SpawnSpec['limits'] {
  return Object.entries(limits).map(([name, { soft, hard }]) => [
    limitNumbers[name as LimitName],
    soft === 'unlimited' ? -1 : soft,
    hard === 'unlimited' ? -1 : hard,
  ])
}

/** True for the name of a run of a command that serves a daemon. */
export function isCommandRun(name: string): boolean {
  return name.includes(':')
}
