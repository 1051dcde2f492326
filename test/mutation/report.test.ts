/** What a run tells of mutations that are known, and whether it is content. */
import { expect, test } from 'vitest'
import type { Verdict } from './jobs.ts'
import type { Change, Mutation } from './mutation.ts'
import { reportOf } from './report.ts'

const survived: Verdict = { by: null, how: '' }
const told: Verdict = { by: 'stories', how: 'a test' }

function mutation(line: number, to: string): Mutation {
  return { file: 'core/a.ts', inside: 'f', from: 'return a', to, text: '', line }
}

function known(to: string, inside = 'f'): Change {
  return { file: 'core/a.ts', inside, from: 'return a', to }
}

test('a survivor that is known is no problem, wherever in its function it stands', () => {
  const judged = [1, 2].map((line) => ({ mutation: mutation(line, 'return b'), verdict: survived }))
  const { text, problems } = reportOf(judged, [known('return b')], true)
  expect(text).toContain('2 of the survivors are known to be equivalent')
  expect(text).not.toContain('survived: ')
  expect(problems).toBe(0)
})

test.each([
  [
    'a survivor that nobody knows',
    [],
    survived,
    'survived: core/a.ts:1 f\n  - return a\n  + return b',
  ],
  ['one of another function', [known('return b', 'g')], survived, 'survived: core/a.ts:1 f'],
  [
    'one that is known and told from the original',
    [known('return b')],
    told,
    'said to be equivalent, but stories: a test: core/a.ts:1 f',
  ],
  [
    'one that is known and not there',
    [known('return c')],
    told,
    'said to be equivalent, but not there any more: core/a.ts f',
  ],
])('is a problem: %s', (_, list, verdict, said) => {
  const judged = [{ mutation: mutation(1, 'return b'), verdict }]
  const { text, problems } = reportOf(judged, list, true)
  expect(text).toContain(said)
  expect(problems).toBeGreaterThan(0)
})

test('what was not looked at is not missed: in a sample, in other files', () => {
  const judged = [{ mutation: mutation(1, 'return b'), verdict: told }]
  expect(reportOf(judged, [known('return c')], false).problems).toBe(0)
  expect(reportOf(judged, [{ ...known('return c'), file: 'core/b.ts' }], true).problems).toBe(0)
})
