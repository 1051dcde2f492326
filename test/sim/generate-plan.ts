/** A bundle by chance. */
import type { DaemonSpec, Plan, SignalMap } from '../../src/core/plan.ts'
import type { Signal } from '../../src/core/signals.ts'
import type { Chance } from './chance.ts'

export function planFor(chance: Chance): Plan {
  const count = chance.weighted([40, 1], [60, 2], [60, 3], [30, 5], [8, 20], [2, 40])
  const names = Array.from({ length: count }, (_, index) => `d${index}`)
  const isLinked = chance.percent(60)
  const mainIndex = chance.percent(15) ? chance.below(count) : -1
  return {
    plan: 1,
    name: 'bundle',
    label: 'pc',
    select: 'SELECT',
    deadlineMs: chance.pick([300, 1000, 3000, 9000]),
    signals: signalsFor(chance, names),
    daemons: names.map((name, index) =>
      daemonFor(chance, name, index === mainIndex, isLinked, names),
    ),
  }
}

function signalsFor(chance: Chance, names: readonly string[]): SignalMap {
  const some = (percent: number): string[] => names.filter(() => chance.percent(percent))
  const map: Partial<Record<Signal, { forward: string[]; restart: string[] }>> = {}
  if (chance.percent(70)) map.HUP = { forward: some(50), restart: [] }
  if (chance.percent(80)) map.USR1 = { forward: [], restart: some(60) }
  if (chance.percent(30)) map.USR2 = { forward: some(30), restart: some(50) }
  return map
}

function daemonFor(
  chance: Chance,
  name: string,
  main: boolean,
  isLinked: boolean,
  names: readonly string[],
): DaemonSpec {
  return {
    name,
    command: [`/bin/${name}`],
    cwd: null,
    env: { set: {}, pass: null, claim: chance.percent(10) ? ['TOKEN_*'] : [] },
    // To a later one as well as to an earlier one, but never around: along the mirrored names.
    after: isLinked ? names.filter((other) => isBefore(other, name) && chance.percent(40)) : [],
    stop: {
      signal: chance.weighted<Signal>([8, 'TERM'], [1, 'INT'], [1, 'QUIT']),
      graceMs: chance.pick([null, null, 0, 50, 500, 2000, 60_000]),
      success: chance.percent(15) ? [chance.pick([1, 3, 143])] : [],
    },
    restart: { policy: 'never' },
    main,
    critical: chance.percent(8),
    user: chance.percent(3) ? 'nobody-here' : null,
    group: null,
    umask: null,
    limits: {},
  }
}

/** An order that is not the file's: by the number's bits, reversed. */
function isBefore(one: string, other: string): boolean {
  return one !== other && rank(one) < rank(other)
}

function rank(name: string): number {
  const number = Number(name.slice(1))
  return (number * 13 + 5) % 64
}
