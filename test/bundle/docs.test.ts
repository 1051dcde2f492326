/** The examples of README.md and docs/BUNDLE.md are valid bundles, and docs/BUNDLE.md names every
 *  key that the reader knows. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loadBundle } from '../../src/bundle/load.ts'

const read = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const page = read('docs/BUNDLE.md')

/** The keys that the hint for an unknown key lists. */
function keysAt(bundle: string): string[] {
  const answer = loadBundle(bundle)
  const hints = 'plan' in answer ? [] : answer.problems.map(({ hint }) => hint ?? '')
  return hints.flatMap((hint) => hint.match(/^known: (.*)$/)?.[1]?.split(', ') ?? [])
}

test.each(['README.md', 'docs/BUNDLE.md'])('the example of %s is a valid bundle', (path) => {
  const example = read(path).split('```yaml\n')[1]?.split('```')[0] ?? ''
  expect(loadBundle(example)).toHaveProperty('plan')
})

test.each([
  ['of the bundle', 'qqqqqqqqqq: 1\ndaemons: { a: { command: [a] } }'],
  ['of a daemon', 'daemons: { a: { command: [a], qqqqqqqqqq: 1 } }'],
  ['of env', 'daemons: { a: { command: [a], env: { qqqqqqqqqq: 1 } } }'],
  ['of stop', 'daemons: { a: { command: [a], stop: { qqqqqqqqqq: 1 } } }'],
  ['of restart', 'daemons: { a: { command: [a], restart: { qqqqqqqqqq: 1 } } }'],
  ['of ready', 'daemons: { a: { command: [a], ready: { qqqqqqqqqq: 1 } } }'],
  ['of alive', 'daemons: { a: { command: [a], alive: { qqqqqqqqqq: 1 } } }'],
])('docs/BUNDLE.md names every key %s', (_, bundle) => {
  const keys = keysAt(bundle)
  expect(keys.length).toBeGreaterThan(2)
  expect(keys.filter((key) => !new RegExp(`[\`{ ]${key}[\`: }]`).test(page))).toEqual([])
})
