/** Each planted fault breaks a promise, and each promise is broken by a fault: a checker that
 *  nothing can break tests nothing. */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { promises } from './judge/check.ts'
import { type Mutant, mutants } from './mutants.ts'
import { type Simulator, simulatorWith } from './simulator-with.ts'

const root = resolve(import.meta.dirname, '../..')
/** The number of schedules within which a fault must be caught. */
const schedulesMax = 2000

describe('this planted fault is caught:', () => {
  test.each(mutants)('$name', async (mutant) => {
    const { judge, scheduleFor } = await simulatorWithFault(mutant)
    const seeds = [mutant.seed, ...Array.from({ length: schedulesMax }, (_, index) => index + 1)]
    for (const seed of seeds) {
      const { broken } = judge(scheduleFor(seed))
      if (broken === null) continue
      expect(mutant.breaks, `seed ${seed}: ${broken.how}`).toContain(broken.name)
      return
    }
    throw new Error(`not caught in ${schedulesMax} schedules`)
  })
})

test('each planted fault fits its file in exactly one place', () => {
  const mismatched = mutants.filter(({ file, from }) => {
    const path = join(root, 'src', file)
    return !existsSync(path) || readFileSync(path, 'utf8').split(from).length !== 2
  })
  expect(mismatched.map(({ name, file }) => `${name}: ${file}`)).toEqual([])
})

test('there are at least twenty planted faults, all different', () => {
  expect(mutants.length).toBeGreaterThanOrEqual(20)
  expect(new Set(mutants.map(({ file, from, to }) => `${file} ${from} ${to}`)).size).toBe(
    mutants.length,
  )
})

test('each promise is broken by at least one planted fault', () => {
  const broken = new Set(mutants.flatMap(({ breaks }) => breaks))
  expect(Object.keys(promises).filter((name) => !broken.has(name))).toEqual([])
})

/** The simulator with this fault in pitcrew. */
async function simulatorWithFault({ file, from, to }: Mutant): Promise<Simulator> {
  const faulty = join(root, 'src', file)
  const contents = readFileSync(faulty, 'utf8').replace(from, () => to)
  return await simulatorWith<Simulator>(join(root, 'test/sim/api.ts'), faulty, contents)
}
