/** "did you mean": similar words are suggested, others are not. */
import { expect, test } from 'vitest'
import { didYouMean, suggest } from '../../src/core/text/suggest.ts'
import { Random } from '../core/random.ts'

const keys = ['command', 'cwd', 'env', 'after', 'stop', 'restart', 'main', 'user']

// biome-ignore format: a table.
test.each([
  ['comand', 'command'], ['commnad', 'command'], ['Command', 'command'], ['stopp', 'stop'], ['pots', null],
  ['afetr', 'after'], ['usr', 'user'], ['cdw', 'cwd'], ['x', null], ['', null], ['entirely', null],
  ['a'.repeat(100_000), null], ['USER', 'user'], ['rstaart', 'restart'],
])('%.20s → %s', (word, expected) => {
  expect(suggest(word, keys)).toBe(expected)
})

test('is a sentence', () => {
  expect(didYouMean('rstart', keys)).toBe('did you mean "restart"?')
  expect(didYouMean('zebra', keys)).toBeNull()
})

test('words of up to 64 letters are compared', () => {
  const known = [`${'x'.repeat(63)}y`]
  expect(suggest('x'.repeat(64), known)).toBe(known[0])
  expect(suggest('x'.repeat(65), known)).toBeNull()
})

test('the most similar word is suggested, and the first of two', () => {
  const random = new Random(11)
  const word = () =>
    Array.from({ length: 1 + random.below(9) }, () => 'abC'[random.below(3)]).join('')
  for (let turn = 0; turn < 3000; turn++) {
    const wanted = word()
    const known = Array.from({ length: 1 + random.below(4) }, word)
    const near = known
      .map((one) => ({ one, steps: stepsBetween(wanted.toLowerCase(), one.toLowerCase()) }))
      .filter(({ one, steps }) => steps <= Math.max(1, wanted.length / 3) && steps < one.length)
    const nearest = near.filter(({ steps }) => near.every((other) => steps <= other.steps))[0]
    expect(suggest(wanted, known), `${wanted} in ${known}`).toBe(nearest?.one ?? null)
  }
})

/** The distance by exhaustive search, from left to right; a swapped letter is not changed again. */
function stepsBetween(left: string, right: string): number {
  if (left === '' || right === '') return left.length + right.length
  if (left[0] === right[0]) return stepsBetween(left.slice(1), right.slice(1))
  const isSwap = left[0] === right[1] && left[1] === right[0]
  return (
    1 +
    Math.min(
      stepsBetween(left.slice(1), right),
      stepsBetween(left, right.slice(1)),
      stepsBetween(left.slice(1), right.slice(1)),
      isSwap ? stepsBetween(left.slice(2), right.slice(2)) : Number.POSITIVE_INFINITY,
    )
  )
}

test('a word of one letter resembles no other', () => {
  expect(suggest('b', ['a', 'c'])).toBeNull()
})

test('of a thousand long words only some are compared, which bounds the time of the init', () => {
  const known = Array.from(
    { length: 1000 },
    (_, n) => `${'x'.repeat(40)}${String(n).padStart(8, '0')}`,
  )
  const wanted = `y${'x'.repeat(39)}00000`
  expect(suggest(`${wanted}003`, known)).toBe(known[3])
  expect(suggest(`${wanted}999`, known)).not.toBe(known[999])
})
