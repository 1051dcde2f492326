/** Spawns with plain settings, except for what is given. */
import type { Channels, Host, SpawnAnswer, SpawnSpec } from '../../../src/host/host.ts'

export type PlainRun = Partial<Omit<SpawnSpec, 'name'> & Channels> &
  Pick<SpawnSpec, 'command'> & { readonly daemon: string }

/** @param moreEnv Entries beside the inherited ones. */
export function spawnPlain(
  host: Host,
  { daemon, ...given }: PlainRun,
  run: number,
  moreEnv: readonly string[] = [],
): SpawnAnswer {
  const env = [...host.envNames().map((_, position) => position), ...moreEnv]
  const context = { cwd: null, user: null, group: null, umask: null, limits: {} }
  const channels = { stdio: 'pump', ready: null, notify: false, control: false } as const
  const spec = { name: daemon, ...context, ...given }
  return host.spawn(spec, run, env, { ...channels, ...given })
}
