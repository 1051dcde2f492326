/** Names match `^[a-z][a-z0-9-]{0,47}$`. */
import { expect, test } from 'vitest'
import { isEnvName, isEnvPattern, isName } from '../../../src/core/plan/names.ts'

// biome-ignore format: a table.
const texts = [
  'a', 'z', 'a0', 'z9', 'a-', 'git-gate', 'az09-', 'x'.repeat(48), 'x'.repeat(49), '', '-', '-a', '0a', 'A', 'aB', 'a_b',
  'a b', 'a.b', 'a`', 'a{', 'a/', 'a:', 'ä', 'aä', 'a\n', '`', '{',
]

test('names match the pattern', () => {
  const pattern = /^[a-z][a-z0-9-]{0,47}$/
  expect(texts.filter(isName)).toEqual(texts.filter((text) => pattern.test(text)))
})

test('names of variables contain neither = nor NUL', () => {
  expect(['A', 'a b', 'ä', '*'].filter(isEnvName)).toHaveLength(4)
  expect(['', 'A=B', '=', 'A\0', '\0'].filter(isEnvName)).toEqual([])
})

test('a * is allowed once, at the end of a name', () => {
  expect(['A', 'A*', '*'].filter(isEnvPattern)).toHaveLength(3)
  expect(['', '*A', 'A*B', 'A**', 'A*B*', 'A=*', 'A\0*'].filter(isEnvPattern)).toEqual([])
})
