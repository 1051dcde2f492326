/** Adds hostility to a schedule: clients without permission or with invalid requests, in floods,
 *  that disconnect; and daemons that flood their NOTIFY_SOCKET and leave processes that only
 *  KILL ends. */
import { Chance } from '../world/chance.ts'
import {
  type Act,
  type Life,
  never,
  type Other,
  type Schedule,
  type SelfReport,
} from '../world/schedule.ts'

type Intrusion = Extract<Act, { type: 'intrude' }>

/** Connections of hostile clients have numbers of their own. */
const firstWho = 100

export function makeHostile(schedule: Schedule): Schedule {
  const chance = new Chance((schedule.seed + 77_777) | 0)
  const { acts, plan, lives } = schedule
  const last = acts.at(-1) as Act
  const names = plan.daemons.map(({ name }) => name)
  const more = Array.from({ length: chance.between(1, 4) }, (_, index) =>
    intrusion(chance, firstWho + index, chance.pick(names), chance.below(last.atMs + 1)),
  )
  const flooders = plan.daemons.filter(
    ({ ready, watchdogMs }) => ready?.sign.type === 'notify' || watchdogMs !== null,
  )
  const floods = flooders.map(({ name }) => [name, lives[name]?.map((life) => flood(chance, life))])
  return {
    ...schedule,
    acts: [...acts.slice(0, -1), ...more, last].toSorted((one, other) => one.atMs - other.atMs),
    lives: { ...lives, ...Object.fromEntries(floods) },
  }
}

function intrusion(chance: Chance, caller: number, daemon: string, atMs: number): Intrusion {
  const as = chance.weighted<Intrusion['as']>(
    [3, 'daemon'],
    [1, 'other-user'],
    [1, 'nobody'],
    [2, 'operator'],
  )
  const count = chance.weighted([4, chance.between(1, 3)], [2, chance.between(4, 12)], [1, 60])
  return {
    type: 'intrude',
    atMs,
    caller,
    as,
    daemon,
    lines: Array.from({ length: count }, (_, index) => lineOf(chance, as, daemon, index + 1)),
    hangsUp: chance.percent(30),
  }
}

/** null stands for a line that is too long. */
function lineOf(chance: Chance, as: Intrusion['as'], daemon: string, id: number): string | null {
  const more = as === 'operator' ? { more: 1 } : {}
  const verb = chance.pick(['restart', 'stop', 'shutdown'])
  const args = verb === 'shutdown' ? {} : { daemon }
  return chance.weighted<string | null>(
    [3, chance.pick(garbage)],
    [1, JSON.stringify({ id, verb: 'no-such-verb' })],
    [2, JSON.stringify({ id, verb: 'restart', args: { daemon: 'nobody-here', more: [] } })],
    // An operator is permitted to send this, so it gets an error.
    [4, JSON.stringify({ id, verb, args, ...more })],
    [3, JSON.stringify({ id, verb: 'stop', args: { daemon: 'nobody-here' } })],
    [1, null],
  )
}

const garbage: readonly string[] = ['', 'null', '[]', '{', '{"id":"1"}', '{"id":1}', '\u0000\u0001']

function flood(chance: Chance, life: Life): Life {
  const sinceMs = chance.below(300)
  const words = Array.from({ length: chance.between(1, 20) }, (_, index): SelfReport => {
    const afterMs = sinceMs + index * chance.below(3)
    return { afterMs, everyMs: never, text: chance.pick(floods), isLate: chance.percent(5) }
  })
  const isStubborn = chance.percent(50)
  return {
    ...life,
    selfReports: [...life.selfReports, ...words],
    others: isStubborn ? [...life.others, stubborn(chance, life)] : life.others,
  }
}

/** The number of lines of a message. */
const floodLines = 64

const floods: readonly string[] = [
  'WATCHDOG=1\n'.repeat(floodLines),
  'RELOADING=1\nSTATUS=x\n'.repeat(floodLines / 2),
  'READY=1\n'.repeat(floodLines),
  'EXTEND_TIMEOUT_USEC=300000\n'.repeat(floodLines),
  `STATUS=${'x'.repeat(4000)}`,
  'STOPPING=1\nREADY=0\n'.repeat(floodLines / 2),
]

/** An escapee that only KILL ends. */
function stubborn(chance: Chance, { leader }: Life): Other {
  const deaf = { exitCode: null, tookMs: 0, ignores: never }
  const habits = { ...leader, livesMs: never, stopsAfterMs: never, onStop: deaf, onOther: deaf }
  return { ...habits, killMs: 0, place: 'escapee', bornAfterMs: chance.below(50) }
}
