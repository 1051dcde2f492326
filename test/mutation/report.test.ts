/** The report of a run: known equivalent mutations, and problems. */
import { expect, test } from 'vitest'
import type { Verdict } from './jobs.ts'
import type { Change, Mutation } from './mutation.ts'
import { reportOf } from './report.ts'

const survived: Verdict = { by: null, how: '' }
const detected: Verdict = { by: 'stories', how: 'a test' }

function mutation(line: number, to: string): Mutation {
  return { file: 'core/a.ts', inside: 'f', from: 'return a', to, text: '', line }
}

function known(to: string, inside = 'f'): Change {
  return { file: 'core/a.ts', inside, from: 'return a', to }
}

test('a survivor that is known to be equivalent is no problem, wherever it is in its function', () => {
  const judged = [1, 2].map((line) => ({ mutation: mutation(line, 'return b'), verdict: survived }))
  const { text, problems } = reportOf(judged, [known('return b')], true)
  expect(text).toContain('2 of the survivors are known to be equivalent')
  expect(text).not.toContain('survived: ')
  expect(problems).toBe(0)
})

test.each([
  ['an unknown survivor', [], survived, 'survived: core/a.ts:1 f\n  - return a\n  + return b'],
  ['a survivor in another function', [known('return b', 'g')], survived, 'survived: core/a.ts:1 f'],
  [
    'a known mutation that was detected',
    [known('return b')],
    detected,
    'listed as equivalent, but detected by stories: a test: core/a.ts:1 f',
  ],
  [
    'a known mutation that does not exist',
    [known('return c')],
    detected,
    'listed as equivalent, but does not exist any more: core/a.ts f',
  ],
])('is a problem: %s', (_, list, verdict, expected) => {
  const judged = [{ mutation: mutation(1, 'return b'), verdict }]
  const { text, problems } = reportOf(judged, list, true)
  expect(text).toContain(expected)
  expect(problems).toBeGreaterThan(0)
})

test('known mutations outside a sample or in other files are not reported as missing', () => {
  const judged = [{ mutation: mutation(1, 'return b'), verdict: detected }]
  expect(reportOf(judged, [known('return c')], false).problems).toBe(0)
  expect(reportOf(judged, [{ ...known('return c'), file: 'core/b.ts' }], true).problems).toBe(0)
})
