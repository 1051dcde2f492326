/** Work on all daemons is done in slices of 128. With slices of one or two, small plans need
 *  several, too. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { type Simulator, simulatorWith } from './simulator-with.ts'

const src = resolve(import.meta.dirname, '../../src')
const schedules = 500

test.each([1, 2])(
  `every promise is kept with slices of %i in ${schedules} schedules`,
  async (size) => {
    const path = join(src, 'core/supervisor/sweep.ts')
    const text = readFileSync(path, 'utf8')
    const sliced = text.replace('const atOnceMax = 128', `const atOnceMax = ${size}`)
    expect(sliced).not.toBe(text)
    const { judge, scheduleFor } = await simulatorWith<Simulator>(
      join(import.meta.dirname, 'api.ts'),
      path,
      sliced,
    )
    for (let seed = 1; seed <= schedules; seed++) {
      const { broken } = judge(scheduleFor(seed))
      expect(broken?.how ?? null, `seed ${seed}`).toBeNull()
    }
  },
)
