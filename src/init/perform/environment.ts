/** Which environment each daemon gets. Values stay in the host: only names and positions are
 *  known here, so that no secret is in the engine's memory. */
import type { DaemonSpec } from '../../core/plan/plan.ts'

/** What an outer supervisor told *us* must not reach a daemon: it would answer in our name. */
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
  /** Positions of entries that some daemon claims: to be hidden in our own environment. */
  readonly claimed: readonly number[]
  /** Inherited entries by position, then new ones as "NAME=value". */
  of(spec: DaemonSpec): readonly (number | string)[]
}

/** @param daemons All of the bundle, selected or not: a claim withholds in any case. */
export function environmentFor(
  names: readonly string[],
  daemons: readonly DaemonSpec[],
): Environment {
  const claims = daemons.flatMap(({ name, env }) => env.claim.map((pattern) => ({ name, pattern })))
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
      const added = Object.keys(set).map((name) => `${name}=${set[name]}`)
      if (pass === null && claim.length === 0 && added.length === 0) return free
      const inherited = names.flatMap((name, position) => {
        if (Object.hasOwn(set, name) || notInherited.includes(name)) return []
        const owners = ownersOf[position] ?? []
        if (owners.length > 0) return owners.includes(spec.name) ? [position] : []
        return pass === null || pass.some((pattern) => matches(pattern, name)) ? [position] : []
      })
      return [...inherited, ...added]
    },
  }
}

/** A name, or the beginning of one with a * behind it. */
function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}
