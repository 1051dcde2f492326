/** Each planted fault is caught: a promise that no fault breaks is not tested. */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { promises } from './judge/check.ts'
import { type Mutant, mutants } from './mutants.ts'
import { simulatorWith } from './simulator-with.ts'

const root = resolve(import.meta.dirname, '../..')
/** Schedules that a fault may pass. */
const schedulesMax = 2000

describe('is caught:', () => {
  test.each(mutants)('$name', async (mutant) => {
    const { judge, scheduleFor } = await simulatorWithFault(mutant)
    const seeds = [mutant.seed, ...Array.from({ length: schedulesMax }, (_, index) => index + 1)]
    for (const seed of seeds) {
      const { broken } = judge(scheduleFor(seed))
      if (broken === null) continue
      expect(mutant.breaks, `seed ${seed}: ${broken.how}`).toContain(broken.name)
      return
    }
    throw new Error(`it survives ${schedulesMax} schedules`)
  })
})

test('each one fits its file, once', () => {
  const unfit = mutants.filter(({ file, from }) => {
    const path = join(root, 'src', file)
    return !existsSync(path) || readFileSync(path, 'utf8').split(from).length !== 2
  })
  expect(unfit.map(({ name, file }) => `${name}: ${file}`)).toEqual([])
})

test('there are enough of them, and no two alike', () => {
  expect(mutants.length).toBeGreaterThanOrEqual(20)
  expect(new Set(mutants.map(({ file, from, to }) => `${file} ${from} ${to}`)).size).toBe(
    mutants.length,
  )
})

test('each promise is broken by at least one of them', () => {
  const broken = new Set(mutants.flatMap(({ breaks }) => breaks))
  expect(Object.keys(promises).filter((name) => !broken.has(name))).toEqual([])
})

/** The simulator around a pitcrew with that fault in it. */
async function simulatorWithFault({ file, from, to }: Mutant): ReturnType<typeof simulatorWith> {
  const faulty = join(root, 'src', file)
  const contents = readFileSync(faulty, 'utf8').replace(from, () => to)
  return await simulatorWith(join(root, 'test/sim/api.ts'), faulty, contents)
}
