/** The same seeds give the same traces in the binary's engine and in Node, so that the results
 *  of the simulator hold for the code that runs as PID 1. */
import { execFileSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { isSanitized } from '../e2e/support/cost.ts'
import { scheduleFor } from './generate/generate.ts'
import { hashOf, linesOf } from './judge/hash.ts'
import { World } from './world/world.ts'

const root = resolve(import.meta.dirname, '../..')
const program = join(root, `build/pitcrew-sim${isSanitized ? '-sanitize' : ''}`)
const seeds = Array.from({ length: 100 }, (_, index) => index + 1)

beforeAll(() => {
  const args = [
    'scripts/build.mjs',
    '--faults',
    ...(isSanitized ? ['--sanitize'] : []),
    '--cli',
    'test/sim/engine-entry.ts',
    '--out',
    program,
  ]
  execFileSync(process.execPath, args, { cwd: root, stdio: 'pipe' })
}, 300_000)

test('a hundred seeds give the same traces in both engines', () => {
  const there = run('1', '100').trim().split('\n')
  const here = seeds.map((seed) => `${seed} ${hashOf(linesHere(seed))}`)
  const differs = here.findIndex((line, index) => line !== there[index])
  if (differs >= 0)
    expect(run('story', String(differs + 1)).trim()).toBe(
      linesHere(differs + 1)
        .join('\n')
        .trim(),
    )
  expect(there).toEqual(here)
}, 60_000)

function linesHere(seed: number): string[] {
  return linesOf(new World(scheduleFor(seed)).play().trace)
}

function run(...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
}
