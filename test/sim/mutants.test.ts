/** Each planted fault is caught: a promise that no fault breaks is not tested. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { type Mutant, mutants } from './mutants.ts'

const root = resolve(import.meta.dirname, '../..')
/** Schedules that a fault may pass. */
const schedulesMax = 2000

type Simulator = typeof import('./api.ts')

describe('is caught:', () => {
  test.each(mutants)('$name', async (mutant) => {
    const { judge, scheduleFor } = await simulatorWith(mutant)
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

test('there are enough of them, and no two alike', () => {
  expect(mutants.length).toBeGreaterThanOrEqual(20)
  expect(new Set(mutants.map(({ file, from, to }) => `${file} ${from} ${to}`)).size).toBe(
    mutants.length,
  )
})

/** The simulator around a pitcrew with that fault in it. */
async function simulatorWith({ file, from, to }: Mutant): Promise<Simulator> {
  const faulty = join(root, 'src', file)
  const text = readFileSync(faulty, 'utf8')
  if (text.split(from).length !== 2) throw new Error(`not there, or not once, in ${file}: ${from}`)
  const result = await build({
    entryPoints: [join(root, 'test/sim/api.ts')],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'simulator',
    logLevel: 'error',
    plugins: [
      {
        name: 'plant',
        setup({ onLoad }) {
          onLoad({ filter: /\.ts$/ }, ({ path }) =>
            path === faulty ? { contents: text.replace(from, () => to), loader: 'ts' } : undefined,
          )
        },
      },
    ],
  })
  return new Function(`${result.outputFiles[0]?.text}; return simulator`)()
}
