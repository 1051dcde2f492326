/** Draws the lives of daemons and of the helpers that serve them. */
import type { Exit } from '../../../src/core/event.ts'
import type { DaemonSpec, Plan } from '../../../src/core/plan/plan.ts'
import type { Chance } from '../world/chance.ts'
import {
  type Habits,
  type Life,
  never,
  type Other,
  type ProbeBehaviour,
  type Reaction,
} from '../world/schedule.ts'
import { probedFor, selfReportsFor } from './generate-self-reports.ts'

/** The kinds of trouble of a schedule. */
export interface Mood {
  readonly bugs: boolean
  readonly unkillable: boolean
  readonly pauses: boolean
  readonly stalls: boolean
  readonly trees: boolean
  readonly slow: boolean
  /** Everything happens at the start. */
  readonly hasty: boolean
  /** There are requests over the control socket. */
  readonly endRequest: boolean
}

export function livesFor(chance: Chance, mood: Mood, { daemons }: Plan): Record<string, Life[]> {
  const lives: Record<string, Life[]> = {}
  for (const spec of daemons) {
    lives[spec.name] = some(chance, () => lifeOf(chance, mood, spec))
    for (const kind of helpersOf(spec)) {
      lives[`${spec.name}:${kind}`] = some(chance, () => helperLife(chance, mood))
    }
  }
  return lives
}

function some<T>(chance: Chance, one: () => T): T[] {
  return Array.from({ length: chance.between(1, 4) }, one)
}

function helpersOf({ ready, alive, stop, onDeath }: DaemonSpec): string[] {
  const isRun = (type: string | undefined): boolean => type === 'command' || type === 'file'
  return [
    ...(isRun(ready?.sign.type) ? ['ready'] : []),
    ...(isRun(alive?.probe.type) ? ['alive'] : []),
    ...(stop.command === null ? [] : ['stop']),
    ...(onDeath === null ? [] : ['death']),
  ]
}

function lifeOf(chance: Chance, mood: Mood, spec: DaemonSpec): Life {
  const own = life(chance, mood)
  const words = selfReportsFor(chance, spec)
  const seen = probedFor(chance, spec)
  const { kind, restart } = spec
  const isCrashing = restart.policy !== 'never' && chance.percent(50)
  const isShort = kind === 'job' ? chance.percent(85) : isCrashing
  if (!isShort) return { ...own, selfReports: words, probed: seen }
  // At least a millisecond: with restarts at once no time would pass.
  // pitcrew takes the digits below a microsecond as random.
  const livesMs = chance.pick([1, 20, 100, 400]) + chance.below(100) + chance.below(1024) / 1024
  return { ...own, selfReports: words, probed: seen, leader: { ...own.leader, livesMs } }
}

/** Most helpers end soon and successfully. */
function helperLife(chance: Chance, mood: Mood): Life {
  const own = life(chance, mood)
  const isGood = chance.percent(60)
  const exit = isGood ? { code: 0, signal: 0 } : own.leader.exit
  const livesMs = chance.weighted([6, chance.below(20)], [3, chance.below(400)], [1, never])
  const leader = { ...own.leader, exit, livesMs, stopsAfterMs: never }
  return chance.percent(70)
    ? { ...own, leader, others: [], spawnMs: 0, outputHeldMs: 0 }
    : { ...own, leader }
}

/** For a run without probes. */
export const neverProbed: ProbeBehaviour = {
  fromMs: never,
  untilMs: never,
  flapMs: never,
  tookMs: 0,
  answer: '',
  errno: null,
  isLate: false,
}

function life(chance: Chance, mood: Mood): Life {
  const spawnMs = mood.slow && chance.percent(30) ? chance.between(1, 80) : 0
  const others = mood.trees
    ? Array.from({ length: chance.below(4) }, () => other(chance, mood))
    : []
  return {
    spawnMs,
    failure: chance.percent(8) ? failure(chance) : null,
    hang: null,
    leader: habits(chance, mood),
    others,
    outputHeldMs: mood.trees ? chance.weighted([5, 0], [2, chance.below(4000)], [1, never]) : 0,
    selfReports: [],
    probed: neverProbed,
  }
}

function failure(chance: Chance): Life['failure'] {
  return chance.pick([
    { step: 'exec', errno: 'ENOENT' },
    { step: 'exec', errno: 'EACCES' },
    { step: 'exec', errno: 'ENOEXEC' },
    { step: 'cwd', errno: 'ENOENT' },
    { step: 'user', errno: 'EPERM' },
    { step: 'limits', errno: 'EPERM' },
    { step: 'fork', errno: 'EAGAIN' },
    { step: 'fork', errno: 'ENOMEM' },
    { step: 'pipe', errno: 'EMFILE' },
  ] as const)
}

function other(chance: Chance, mood: Mood): Other {
  const place = chance.weighted<Other['place']>([4, 'group'], [1, 'foreign'], [2, 'escapee'])
  return { ...habits(chance, mood), place, bornAfterMs: chance.below(200) }
}

function habits(chance: Chance, mood: Mood): Habits {
  const killMs = chance.weighted([8, 0], [3, chance.below(5)], [1, chance.below(1500)])
  return {
    livesMs: chance.weighted([10, never], [3, chance.below(3000)], [1, chance.below(20)]),
    exit: ending(chance),
    onStop: onStop(chance),
    onOther: chance.percent(80)
      ? ignores
      : { exitCode: null, tookMs: chance.below(20), ignores: 0 },
    killMs: mood.unkillable && chance.percent(25) ? never : killMs,
    stopsAfterMs: chance.percent(8) ? chance.below(2000) : never,
    lagMs: mood.slow ? chance.weighted([2, 0], [2, chance.below(20)], [1, chance.below(800)]) : 0,
  }
}

const ignores: Reaction = { exitCode: null, tookMs: 0, ignores: never }

function onStop(chance: Chance): Reaction {
  const tookMs = chance.weighted(
    [5, chance.below(3)],
    [4, chance.below(100)],
    [2, chance.below(5000)],
  )
  return chance.weighted<Reaction>(
    [6, { exitCode: null, tookMs, ignores: 0 }],
    [3, { exitCode: ending(chance).code, tookMs, ignores: 0 }],
    [1, { exitCode: 0, tookMs, ignores: 1 }],
    [3, ignores],
  )
}

function ending(chance: Chance): Exit {
  const code = chance.pick([0, 0, 1, 2, 3, 137, 143, 130, 255])
  return chance.percent(75) ? { code, signal: 0 } : { code: 0, signal: chance.pick([9, 11, 15]) }
}
