/** Checks the promises of the contract in thousands of schedules with faults: world.ts describes what is real and what is
 *  simulated. Half of the seeds are fixed, half are new in each run; the first new seed is printed.
 *
 *  SEED=7 npx vitest run test/sim/sim.test.ts    plays one seed and prints its story
 *  npm run sim -- --seeds 1000000                plays many seeds */
import { expect, test, vi } from 'vitest'
import { foundSeeds } from './found-seeds.ts'
import { scheduleFor } from './generate/generate.ts'
import { Cells } from './judge/coverage.ts'
import { failureReport, storyFor } from './judge/failure-report.ts'
import { rare, seedsOfRare, unreachable } from './judge/unreachable.ts'

const schedules = 1000
/** Above all fixed seeds. */
const newSeedsFrom = 1_000_000_000
const seed = process.env.SEED

const cells = vi.hoisted(() => ({ now: null as Cells | null }))
vi.mock('../../src/core/daemon/daemon.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../src/core/daemon/daemon.ts')>()
  const stepDaemon: typeof original.stepDaemon = (...args) => {
    cells.now?.see(args[0], args[1])
    return original.stepDaemon(...args)
  }
  return { ...original, stepDaemon }
})

test.runIf(seed !== undefined)(`seed ${seed}`, () => {
  const schedule = scheduleFor(Number(seed))
  process.stdout.write(`${storyFor(schedule)}\n`)
  expect.soft(failureReport(schedule)).toBeNull()
})

test.runIf(seed === undefined)(
  `every promise is kept in ${schedules} schedules, and in all schedules that once broke one`,
  () => {
    cells.now = new Cells()
    for (const one of [...from(1), ...Object.values(seedsOfRare), ...foundSeeds]) play(one)
  },
  120_000,
)

test.runIf(seed === undefined)(
  'these schedules visit every reachable cell of the daemon table',
  () => {
    const missed = cells.now?.unvisited ?? []
    expect(missed.filter((cell) => !(cell in unreachable || cell in rare))).toEqual([])
    expect(Object.keys(unreachable).filter((cell) => !missed.includes(cell))).toEqual([])
  },
)

test.runIf(seed === undefined)(
  `every promise is kept in ${schedules} new schedules`,
  () => {
    const first = newSeedsFrom + Math.floor(Math.random() * newSeedsFrom)
    process.stdout.write(`new seeds: ${first} and the ${schedules - 1} after it\n`)
    for (const one of from(first)) play(one)
  },
  120_000,
)

function from(first: number): number[] {
  return Array.from({ length: schedules }, (_, index) => first + index)
}

function play(one: number): void {
  const broken = failureReport(scheduleFor(one))
  if (broken === null) return
  const isNew = one >= newSeedsFrom && !foundSeeds.includes(one)
  const advice = isNew ? '\nfix it, and add the seed to test/sim/found-seeds.ts' : ''
  throw new Error(`${broken}${advice}`)
}
