/** "did you mean": near words are offered, far ones are not. */
import { expect, test } from 'vitest'
import { didYouMean, suggest } from '../../src/core/suggest.ts'

const keys = ['command', 'cwd', 'env', 'after', 'stop', 'restart', 'main', 'user']

// biome-ignore format: a table.
test.each([
  ['comand', 'command'], ['commnad', 'command'], ['Command', 'command'], ['stopp', 'stop'], ['pots', null],
  ['afetr', 'after'], ['usr', 'user'], ['cdw', 'cwd'], ['x', null], ['', null], ['entirely', null],
  ['a'.repeat(100_000), null],
])('%.20s → %s', (word, expected) => {
  expect(suggest(word, keys)).toBe(expected)
})

test('offers a whole sentence', () => {
  expect(didYouMean('rstart', keys)).toBe('did you mean "restart"?')
  expect(didYouMean('zebra', keys)).toBeNull()
})

test('a one-letter word is no slip of any other', () => {
  expect(suggest('b', ['a', 'c'])).toBeNull()
})
