/** What the host gets to start a run of a daemon, or of a command that serves it. */

import type { Environment } from '../../core/plan/environment.ts'
import { type DaemonSpec, isSelfReported } from '../../core/plan/plan.ts'
import type { Channels, SpawnSpec } from '../../host/host.ts'

/** A command that serves a daemon, and the context in which it runs. */
export interface ServiceCommand extends Omit<SpawnSpec, 'name'> {
  readonly env: readonly (number | string)[]
  readonly stdio: Channels['stdio']
}

/** Makes a command run as the daemon itself would.
 *  @param more Entries of the environment, as "NAME=value". */
export type CommandFor = (
  spec: DaemonSpec,
  command: ServiceCommand['command'],
  stdio: ServiceCommand['stdio'],
  more: readonly string[],
) => ServiceCommand

const outputOnly: Channels = { stdio: 'pump', ready: null, notify: false, control: false }

/** The channels of a run of a daemon. */
export function channelsOf({ ready, watchdogMs, control }: DaemonSpec): Channels {
  const isControlled = control !== 'none'
  if (ready === null && watchdogMs === null && !isControlled) return outputOnly
  // It is probed otherwise, or is ready at once.
  const own = ready !== null && isSelfReported(ready.sign) ? ready.sign : null
  const notify = watchdogMs !== null || own?.type === 'notify'
  return { stdio: 'pump', ready: own, notify, control: isControlled }
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
  const { cwd, user, group, umask, limits } = spec
  return {
    command,
    env: [...environment.of(spec), ...more],
    cwd,
    user,
    group,
    umask,
    limits,
    stdio,
  }
}

/** True for the name of a run of a command that serves a daemon. */
export function isCommandRun(name: string): boolean {
  return name.includes(':')
}
