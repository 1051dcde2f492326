/** `after` in the bundle file: dependencies, and the state that is waited for. */
import { expect, test } from 'vitest'
import { planOf, problemsOf } from './problems-of.ts'

/** `after` of the daemon `last` in the plan; `job` is a job. */
function afterOf(after: string): string {
  const plan = planOf(`daemons:
  web: { command: [a] }
  job: { command: [b], kind: job }
  last: { command: [c], after: ${after} }`)
  return (plan.daemons[2]?.after ?? []).map(({ daemon, until }) => `${daemon} ${until}`).join(', ')
}

test.each([
  ['[web]', 'web ready'],
  ['[job]', 'job done'],
  ['[job, web]', 'job done, web ready'],
  ['{ web: ready, job: ready }', 'web ready, job done'],
  ['{ web: started, job: started }', 'web started, job started'],
  ['{ job: done }', 'job done'],
  ['[]', ''],
  ['{}', ''],
])('after: %s', (written, meant) => {
  expect(afterOf(written)).toBe(meant)
})

const after = (a: string, b: string, c = '[]') =>
  problemsOf(`daemons:
  a: { command: [a], after: ${a} }
  b: { command: [b], after: ${b} }
  c: { command: [c], after: ${c} }`)

test('a cycle is refused', () => {
  expect(after('[b]', '[a]')).toMatchInlineSnapshot(
    `"b.yaml:2:30: after has a cycle: a → b → a; remove one of these dependencies"`,
  )
  expect(after('{ c: started }', '[a]', '{ b: ready }')).toMatchInlineSnapshot(
    `"b.yaml:2:31: after has a cycle: a → c → b → a; remove one of these dependencies"`,
  )
  expect(after('[b]', '[c]')).toBe('valid')
})

test('names must be of other daemons, each once', () => {
  expect(after('[a]', '[]')).toMatchInlineSnapshot(
    `"b.yaml:2:30: daemon "a": after: "a" cannot depend on itself; remove it"`,
  )
  expect(after('{ a: done }', '[]')).toMatchInlineSnapshot(
    `"b.yaml:2:31: daemon "a": after: "a" cannot depend on itself; remove it"`,
  )
  expect(after('[]', '[d]')).toMatchInlineSnapshot(
    `"b.yaml:3:30: daemon "b": after: no daemon "d" in this bundle; known: a, b, c"`,
  )
  expect(after('[]', '{ d: done }')).toMatchInlineSnapshot(
    `"b.yaml:3:31: daemon "b": after: no daemon "d" in this bundle; known: a, b, c"`,
  )
  expect(after('[b, b]', '[]')).toMatchInlineSnapshot(
    `"b.yaml:2:33: daemon "a": after: "b" is listed twice; remove one of them"`,
  )
  expect(after('{ b: ready, b: started }', '[]')).toMatchInlineSnapshot(
    `"b.yaml:2:41: duplicate key "b"; remove or rename one of them"`,
  )
})

test('values must be a list or a map', () => {
  expect(after('c', '[]')).toMatchInlineSnapshot(
    `"b.yaml:2:29: daemon "a": after: expected a list, found "c"; write [c]"`,
  )
  expect(after('{ b: raedy }', '[]')).toMatchInlineSnapshot(
    `"b.yaml:2:34: daemon "a": after.b: expected ready, started or done, found "raedy"; did you mean "ready"?"`,
  )
  expect(after('{ b: healthy, c: }', '[]')).toMatchInlineSnapshot(`
    "b.yaml:2:34: daemon "a": after.b: expected ready, started or done, found "healthy"
    b.yaml:2:46: daemon "a": after.c: has no value; add one, or remove the key"
  `)
  expect(after('[{ b: ready }]', '[]')).toMatchInlineSnapshot(
    `"b.yaml:2:30: daemon "a": after: expected text, found a map"`,
  )
})

test('done is refused for a daemon that is not a job', () => {
  expect(after('{ b: done }', '[]')).toMatchInlineSnapshot(
    `"b.yaml:2:34: daemon "a": after.b: "b" is never done: it is not a job; wait for ready or started, or set kind: job for "b""`,
  )
})
