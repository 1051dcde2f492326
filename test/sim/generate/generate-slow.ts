/** Adds slow starts to a schedule: children that hang between clone and exec because they were
 *  suspended or a disk hangs. */
import { Chance } from '../world/chance.ts'
import { type Hang, type Life, never, type Schedule } from '../world/schedule.ts'

/** One in so many schedules has slow starts: those with this remainder. */
const every = 13
const remainder = 10

export function hasSlowStarts(seed: number): boolean {
  return seed % every === remainder
}

export function addSlowStarts(schedule: Schedule): Schedule {
  const chance = new Chance((schedule.seed + 55_555) | 0)
  const share = chance.pick([20, 50, 90])
  const lives = Object.entries(schedule.lives).map(([name, own]) => [
    name,
    own.map((life) => (chance.percent(share) ? withHang(chance, life) : life)),
  ])
  return { ...schedule, lives: Object.fromEntries(lives) }
}

function withHang(chance: Chance, life: Life): Life {
  if (life.failure !== null) return life
  return { ...life, hang: hang(chance) }
}

function hang(chance: Chance): Hang {
  const failures = ['ENOENT', 'EACCES', 'EIO'].map((errno) => ({ step: 'exec', errno }) as const)
  return {
    by: chance.pick(['stop', 'disk', 'exec']),
    endsAfterMs: chance.weighted(
      [5, chance.between(51, 400)],
      [3, chance.between(51, 4000)],
      [1, chance.between(4900, 6500)],
      [3, never],
    ),
    failure: chance.percent(30)
      ? chance.pick([...failures, { step: 'user', errno: 'ENOENT' }, { step: 'cwd', errno: 'EIO' }])
      : null,
  }
}
