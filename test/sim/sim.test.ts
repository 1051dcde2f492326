/** The promises of DESIGN §4, in thousands of small worlds full of trouble: see world.ts for what is real in them and
 *  what is not.
 *
 *  SEED=7 npx vitest run test/sim/sim.test.ts    plays one of them again and tells its story
 *  npm run sim -- --seeds 1000000                plays many */
import { expect, test, vi } from 'vitest'
import { Cells } from './coverage.ts'
import { tell, whatBroke } from './fail.ts'
import { scheduleFor } from './generate.ts'
import { rare, seedsOfRare, unreachable } from './unreachable.ts'

const schedules = 2000
const seed = process.env.SEED

const cells = vi.hoisted(() => ({ now: null as Cells | null }))
vi.mock('../../src/core/daemon.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../src/core/daemon.ts')>()
  const stepDaemon: typeof original.stepDaemon = (...args) => {
    cells.now?.see(args[0], args[1])
    return original.stepDaemon(...args)
  }
  return { ...original, stepDaemon }
})

test.runIf(seed !== undefined)(`seed ${seed}`, () => {
  const schedule = scheduleFor(Number(seed))
  process.stdout.write(`${tell(schedule)}\n`)
  expect.soft(whatBroke(schedule)).toBeNull()
})

test.runIf(seed === undefined)(
  `every promise is kept in ${schedules} schedules`,
  () => {
    cells.now = new Cells()
    const seeds = Array.from({ length: schedules }, (_, index) => index + 1)
    for (const one of [...seeds, ...Object.values(seedsOfRare)]) {
      const broken = whatBroke(scheduleFor(one))
      if (broken !== null) throw new Error(broken)
    }
  },
  60_000,
)

test.runIf(seed === undefined)('they visit every cell of the table that can be reached', () => {
  const missed = cells.now?.unvisited ?? []
  expect(missed.filter((cell) => !(cell in unreachable || cell in rare))).toEqual([])
  expect(Object.keys(unreachable).filter((cell) => !missed.includes(cell))).toEqual([])
})
