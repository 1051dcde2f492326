/** Compares native/output/ring.c with a model that keeps everything: see
 *  test/fixtures/checks/checks-rings.c. `SEED=7` replays. */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { fixtures, root } from '../e2e/support/pitcrew.ts'

const program = join(root, 'build/fixtures/checks-rings')
const seeds =
  process.env.SEED === undefined
    ? Array.from({ length: 40 }, (_, n) => n + 1)
    : [Number(process.env.SEED)]

beforeAll(() => {
  mkdirSync(join(root, 'build/fixtures'), { recursive: true })
  const native = join(root, 'native')
  const sources = [join(fixtures, 'checks/checks-rings.c'), 'output/ring.c']
  const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined']
  const words = ['-O1', ...sanitizers, '-I', native, '-o', program, ...sources]
  execFileSync(process.env.CC ?? 'cc', words, { cwd: native })
})

test('a ring has the last lines of a text, however the text is split into pieces', () => {
  const env = { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' }
  for (const seed of seeds)
    expect(
      () => execFileSync(program, [String(seed)], { env, stdio: 'pipe' }),
      `seed ${seed}`,
    ).not.toThrow()
})
