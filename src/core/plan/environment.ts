/** The environment of each daemon. The values stay in the host; only names and positions are known
 *  here, so that no secret is in the engine's memory. */
import type { DaemonSpec } from './plan.ts'

/** Variables by which a supervisor above talks to pitcrew. A daemon that inherited them would
 *  answer in pitcrew's name. */
const notInherited = [
  'NOTIFY_SOCKET',
  'PITCREW_FD',
  'WATCHDOG_USEC',
  'WATCHDOG_PID',
  'LISTEN_FDS',
  'LISTEN_PID',
  'LISTEN_FDNAMES',
]

export interface Environment {
  /** The positions of claimed entries, which are to be hidden in pitcrew's own environment. */
  readonly claimed: readonly number[]
  /** @returns Inherited entries by position, then new ones as "NAME=value". */
  of(spec: DaemonSpec): readonly (number | string)[]
}

/** @param names   The names of pitcrew's own environment, by position.
 *  @param daemons All daemons of the bundle: a claim also counts if its daemon is not selected. */
export function environmentFor(
  names: readonly string[],
  daemons: readonly DaemonSpec[],
): Environment {
  const claims = daemons
    .filter(({ env }) => env.claim.length > 0)
    .flatMap(({ name, env }) => env.claim.map((pattern) => ({ name, pattern })))
  const ownersOf = names.map((name) =>
    claims.filter(({ pattern }) => matches(pattern, name)).map((claim) => claim.name),
  )
  const free = names.flatMap((name, position) =>
    notInherited.includes(name) || ownersOf[position]?.length ? [] : [position],
  )
  return {
    claimed: names.flatMap((_, position) => (ownersOf[position]?.length ? [position] : [])),

    of(spec) {
      const { set, pass, claim } = spec.env
      const setNames = Object.keys(set)
      if (pass === null && claim.length === 0 && setNames.length === 0) return free
      const inherited = names.flatMap((name, position) => {
        if (Object.hasOwn(set, name) || notInherited.includes(name)) return []
        const owners = ownersOf[position] ?? []
        if (owners.length > 0) return owners.includes(spec.name) ? [position] : []
        return pass === null || pass.some((pattern) => matches(pattern, name)) ? [position] : []
      })
      return [...inherited, ...setNames.map((name) => `${name}=${set[name]}`)]
    },
  }
}

/** @param pattern A name, or the beginning of a name followed by "*". */
function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}
