/** The promises about changes of configuration files, in schedules of chance: see world.ts.
 *
 *  SEED=7 npx vitest run test/sim/files    plays one seed and prints its story */
import { expect, test } from 'vitest'
import { type Fate, play } from './world.ts'

const seed = process.env.SEED
const schedules = Number(process.env.SIM_FILES ?? 500)
const newFrom = 1_000_000

function report({ seed: number, problems, story }: Fate): string {
  return `seed ${number}: ${problems.join('; ')}\n${story.join('\n')}`
}

test.runIf(seed !== undefined)(`seed ${seed}`, () => {
  const fate = play(Number(seed))
  process.stdout.write(`${report(fate)}\n`)
  expect(fate.problems).toEqual([])
})

test.runIf(seed === undefined)(
  `every promise is kept in ${schedules} schedules, and new ones`,
  () => {
    const first = newFrom + Math.floor(Math.random() * newFrom * 100)
    process.stdout.write(`new seeds: ${first} and the ${schedules - 1} after it\n`)
    const fates = [1, first].flatMap((from) =>
      Array.from({ length: schedules }, (_, index) => play(from + index)),
    )
    const broken = fates.find(({ problems }) => problems.length > 0)
    if (broken !== undefined) throw new Error(report(broken))
    // The schedules are not empty.
    expect(fates.filter(({ applied }) => applied > 0).length).toBeGreaterThan(schedules / 2)
    expect(fates.filter(({ undone }) => undone > 0).length).toBeGreaterThan(schedules / 4)
  },
)
