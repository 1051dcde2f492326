/** Makes a schedule from a seed, with much trouble: programs that do not start, do not end, end
 *  at once, or leave processes behind; floods of signals; pauses; and planted faults in pitcrew.
 *  Most schedules have some kinds of trouble and not others, so that each promise is often
 *  tested in its strictest form. */
import type { Exit } from '../../../src/core/event.ts'
import { type Signal, signalNumbers } from '../../../src/core/signals.ts'
import type { Verb } from '../../../src/core/ticket.ts'
import { Chance } from '../world/chance.ts'
import { type Act, type Fault, type HelperScript, never, type Schedule } from '../world/schedule.ts'
import { addCompoundFaults } from './generate-compound-faults.ts'
import { makeHostile } from './generate-hostile.ts'
import { livesFor, type Mood } from './generate-lives.ts'
import { planFor } from './generate-plan.ts'
import { addSlowStarts, hasSlowStarts } from './generate-slow.ts'

/** One in so many has sequences of failures: see generate-compound-faults.ts. */
const compoundEvery = 10
/** One in so many has hostile clients and daemons: see generate-hostile.ts. */
const hostileEvery = 7

export function scheduleFor(seed: number): Schedule {
  const schedule = withTrouble(seed)
  return hasSlowStarts(seed) ? addSlowStarts(schedule) : schedule
}

function withTrouble(seed: number): Schedule {
  const chance = new Chance(seed)
  const schedule = ordinary(chance, seed)
  if (seed % compoundEvery === 0) return addCompoundFaults(chance, schedule)
  return seed % hostileEvery === 0 ? makeHostile(schedule) : schedule
}

function ordinary(chance: Chance, seed: number): Schedule {
  const plan = planFor(chance)
  // With more daemons than pitcrew starts in one turn, events between the turns matter most if starts are slow.
  const isLarge = plan.daemons.length > 32
  const mood: Mood = {
    bugs: chance.percent(25),
    unkillable: chance.percent(20),
    pauses: chance.percent(15),
    stalls: chance.percent(15),
    trees: chance.percent(50),
    slow: chance.percent(isLarge ? 80 : 30),
    hasty: chance.percent(isLarge ? 80 : 15),
    endRequest: chance.percent(50),
  }
  const names = plan.daemons.map(({ name }) => name)
  const helper = chance.percent(mood.hasty ? 40 : 8) ? helperScript(chance) : null
  const lives = livesFor(chance, mood, plan)
  const acts = actsFor(chance, mood, names, plan.signals)
  return {
    seed,
    plan,
    selected: chance.percent(85) ? null : selection(chance, names),
    isPid1: chance.percent(70),
    helper,
    lives,
    acts,
    faults: faultsFor(chance, mood),
    pidMax: chance.weighted([3, 20 + names.length], [1, 60 + names.length]),
    lateMs: chance.weighted([3, 0], [1, 1], [1, 7]),
    disk: {
      tookMs: chance.weighted([6, chance.below(30)], [2, 3000], [1, never]),
      errno: chance.percent(15) ? 'ENOSPC' : null,
      repeatsAfterMs: chance.percent(10) ? chance.between(1, 600) : never,
    },
  }
}

function selection(chance: Chance, names: readonly string[]): string {
  const some = names.filter(() => chance.percent(60))
  return chance.pick([some.join(','), ` ${some.join(' , ')},unknown`, '', ',', 'unknown'])
}

function helperScript(chance: Chance): HelperScript {
  return {
    errno: chance.percent(10) ? 'EAGAIN' : null,
    tookMs: chance.weighted([6, chance.below(100)], [1, 19_999], [1, never]),
    exit: chance.weighted<Exit>(
      [8, { code: 0, signal: 0 }],
      [1, { code: 2, signal: 0 }],
      [1, { code: 0, signal: 11 }],
    ),
    writes: chance.weighted([8, 'plan'], [1, 'garbage'], [1, 'too much']),
  }
}

function actsFor(
  chance: Chance,
  mood: Mood,
  names: readonly string[],
  mapped: object,
): readonly Act[] {
  const acts: Act[] = []
  const lengthMs = mood.hasty ? chance.pick([1, 50, 300]) : chance.weighted([4, 2000], [2, 12_000])
  const signals = Object.keys(mapped).map((name) => signalNumbers[name as Signal])
  for (let left = chance.below(8); left > 0; left--) {
    const atMs = chance.below(lengthMs)
    const act = oneAct(chance, mood, names, signals)
    // A storm repeats the act, in the same millisecond or soon.
    const isStorm = (act.type === 'signal' || act.type === 'ask') && chance.percent(35)
    const isFlood = isStorm && mood.hasty && chance.percent(30)
    const times = isFlood ? 40 : isStorm ? chance.between(2, 6) : 1
    for (let time = 0; time < times; time++)
      acts.push({ ...act, atMs: atMs + (isFlood ? time : chance.below(4) * time) })
  }
  if (chance.percent(15)) acts.push(asks(chance, chance.below(lengthMs)))
  acts.sort((a, b) => a.atMs - b.atMs)
  const lastMs =
    (acts.at(-1)?.atMs ?? 0) + chance.weighted([1, 0], [2, 100], [2, 3000], [1, 12_000])
  return [...acts, { type: 'signal', signal: signalNumbers.TERM, hangup: false, atMs: lastMs }]
}

function asks(chance: Chance, atMs: number): Act {
  const hangup = chance.percent(20)
  const signal = hangup ? signalNumbers.HUP : chance.pick([signalNumbers.TERM, signalNumbers.INT])
  return { type: 'signal', signal, hangup, atMs }
}

function oneAct(
  chance: Chance,
  mood: Mood,
  names: readonly string[],
  signals: readonly number[],
): Act {
  const signal = chance.pick([...signals, ...signals, ...signals, 1, 10, 12, 28, 30, 40])
  const daemon = chance.pick(names)
  const hit = chance.pick([9, 9, 11, 15, 19, 18, 1])
  return chance.weighted<Act>(
    [8, { type: 'signal', signal, hangup: false, atMs: 0 }],
    [3, { type: 'hit', daemon, index: chance.below(3), signal: hit, atMs: 0 }],
    [1, { type: 'oom', daemon, atMs: 0 }],
    [mood.endRequest ? 12 : 0, request(chance, daemon)],
    [mood.endRequest ? 1 : 0, { type: 'hang-up', caller: chance.below(3), atMs: 0 }],
    [2, { type: 'unrelated', livesMs: chance.below(3000), atMs: 0 }],
    [mood.pauses ? 4 : 0, { type: 'pause', forMs: chance.between(1, 3000), atMs: 0 }],
    [mood.stalls ? 4 : 0, { type: 'stall', forMs: chance.between(1, 6000), atMs: 0 }],
  )
}

function request(chance: Chance, daemon: string): Act {
  const common = {
    type: 'ask',
    caller: chance.below(3),
    wait: chance.percent(80),
    atMs: 0,
  } as const
  const verb = chance.weighted<Verb>([6, 'restart'], [5, 'start'], [5, 'stop'], [1, 'shutdown'])
  return { ...common, verb, daemon: verb === 'shutdown' ? null : daemon }
}

const places = [
  'boot',
  'spawned',
  'spawn-failed',
  'ready',
  'status-reported',
  'watchdog-ping',
  'unhealthy',
  'exited',
  'gone',
  'output-closed',
  'signal',
  'request',
  'elapsed',
  'reconcile',
  'perform-spawn',
  'perform-signal',
  'perform-probe',
  'perform-close-output',
  'perform-watch',
  'perform-unwatch',
  'perform-run-command',
  'perform-announce',
  'perform-arm',
  'perform-disarm',
  'perform-report',
  'perform-accepted',
  'perform-finish',
]

function faultsFor(chance: Chance, mood: Mood): Fault[] {
  if (!mood.bugs) return []
  // Sometimes everything fails, repeatedly.
  const count = chance.weighted([9, chance.between(1, 3)], [1, chance.between(8, 24)])
  return Array.from({ length: count }, () => fault(chance, mood))
}

const types = [
  'exited',
  'exited',
  'gone',
  'signal',
  'wake',
  'ready',
  'notify',
  'probed',
  'output-closed',
  'client',
  'line',
  'helper',
] as const

function fault(chance: Chance, mood: Mood): Fault {
  const at = chance.between(1, 12) * chance.between(1, 8)
  const done = chance.percent(50)
  return chance.weighted<Fault>(
    [2, { kind: 'lost', at: chance.between(1, mood.hasty ? 3 : 12), type: null }],
    [3, { kind: 'lost', at: chance.between(1, 4), type: chance.pick(types) }],
    [4, { kind: 'cut', at: at + 6, done }],
    [3, { kind: 'throw', at: at + 6, done }],
    [3, { kind: 'plant', place: `throw:${chance.pick(places)}` }],
  )
}
