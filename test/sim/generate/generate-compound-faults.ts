/** Adds sequences of pitcrew's own failures to a schedule: orders are lost, and the recovery
 *  fails, too, while daemons are restarted and die. Such schedules visit cells of the daemon
 *  table that only several failures lead to. Pids are reused at once. */
import { signalNumbers } from '../../../src/core/signals.ts'
import type { Chance } from '../world/chance.ts'
import {
  type Act,
  type Fault,
  type Life,
  never,
  type Other,
  type Schedule,
} from '../world/schedule.ts'
import { neverProbed } from './generate-lives.ts'

export function addCompoundFaults(chance: Chance, schedule: Schedule): Schedule {
  const { plan, acts } = schedule
  const names = plan.daemons.map(({ name }) => name)
  const daemons = plan.daemons.map((daemon) => ({
    ...daemon,
    stop: { ...daemon.stop, graceMs: chance.pick([0, 20, 100, 100, 400]) },
    main: false,
    critical: false,
  }))
  const last = acts.at(-1) as Act
  const isTogether = chance.percent(50)
  return {
    ...schedule,
    plan: { ...plan, daemons, signals: { USR1: { forward: [], restart: names, reload: [] } } },
    selected: null,
    helper: null,
    lives: {
      ...schedule.lives,
      ...Object.fromEntries(names.map((name) => [name, livesOf(chance, isTogether)])),
    },
    acts: [...restarts(chance), { ...last, atMs: chance.pick([150, 600, 1500, 2500]) }],
    faults: rowsOfFaults(chance),
    // Pids are reused at once.
    pidMax: 4 + 3 * names.length,
  }
}

/** Restarts, so often that some come before the next check for lost orders. */
function restarts(chance: Chance): Act[] {
  const everyMs = chance.pick([5, 20, 60, 150])
  return Array.from({ length: chance.between(4, 10) }, (_, index) => ({
    type: 'signal',
    signal: signalNumbers.USR1,
    hangup: false,
    atMs: 1 + index * everyMs + chance.below(everyMs),
  }))
}

/** Lives that end soon. Remaining processes end soon after, or only by KILL, which takes time.
 *  `isTogether`: processes that are signalled at the same time end at the same time. */
function livesOf(chance: Chance, isTogether: boolean): Life[] {
  return Array.from({ length: chance.between(1, 4) }, () => {
    const isStubborn = chance.percent(40)
    const habits = {
      exit: { code: chance.below(3), signal: 0 },
      onStop: {
        exitCode: null,
        tookMs: isTogether ? 0 : chance.below(40),
        ignores: isStubborn ? never : 0,
      },
      onOther: { exitCode: null, tookMs: 0, ignores: never },
      killMs: isTogether ? 0 : chance.below(150),
      stopsAfterMs: never,
      lagMs: isTogether ? 0 : chance.weighted([1, 0], [1, chance.below(60)]),
    }
    const leader = { ...habits, livesMs: chance.weighted([1, chance.below(150)], [1, never]) }
    const place = chance.weighted<Other['place']>([3, 'group'], [2, 'escapee'])
    const other = { ...habits, livesMs: chance.below(300), bornAfterMs: 0, place }
    return {
      spawnMs: chance.weighted([3, 0], [1, chance.between(1, 20)]),
      failure: null,
      hang: null,
      leader,
      others: chance.percent(70) ? [other] : [],
      outputHeldMs: 0,
      selfReports: [],
      probed: neverProbed,
    }
  })
}

/** Each fault makes the next entries of its place fail. */
function rowsOfFaults(chance: Chance): Fault[] {
  const rows: readonly (readonly [string, number])[] = [
    ['boot', chance.below(2)],
    ['reconcile', chance.below(4)],
    ['spawned', chance.below(7)],
    ['exited', chance.weighted([3, 0], [1, chance.between(1, 2)])],
    ['gone', chance.weighted([3, 0], [1, chance.between(1, 2)])],
    ['perform-disarm', chance.weighted([1, 0], [1, chance.between(1, 12)])],
    ['perform-signal', chance.weighted([3, 0], [1, chance.between(1, 3)])],
  ]
  return rows.flatMap(([place, count]) =>
    Array.from({ length: count }, (): Fault => ({ kind: 'plant', place: `throw:${place}` })),
  )
}
