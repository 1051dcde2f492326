/** From a daemon of the plan to what the host needs to start it. */
import type { DaemonSpec, LimitName } from '../core/plan.ts'
import type { SpawnSpec } from '../host/host.ts'
import type { System } from '../host/system.ts'
import type { Environment } from './environment.ts'
import { identityOf } from './identity.ts'

/** RLIMIT_ numbers, the same on all Linux that we build for. */
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

/** @returns The spec, or why there is none: a user that is not known. */
export function spawnSpecOf(
  system: Pick<System, 'readFile' | 'uid'>,
  environment: Environment,
  spec: DaemonSpec,
  run: number,
): SpawnSpec | { readonly error: string } {
  const identity = identityOf(system, spec)
  if ('error' in identity) return identity
  const { uid, gid, groups, env } = identity
  return {
    daemon: spec.name,
    run,
    command: spec.command,
    env: environment.of(spec, env),
    cwd: spec.cwd,
    uid,
    gid,
    groups,
    umask: spec.umask,
    limits: limitsOf(spec),
    stdio: 'pump',
  }
}

function limitsOf({ limits }: DaemonSpec): SpawnSpec['limits'] {
  return Object.entries(limits).map(([name, { soft, hard }]) => [
    limitNumbers[name as LimitName],
    soft === 'unlimited' ? -1 : soft,
    hard === 'unlimited' ? -1 : hard,
  ])
}
