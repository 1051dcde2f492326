/** The test of the planted module. */
import { expect, test } from 'vitest'
import { countAbove } from './src/count.ts'

test('a value that equals the limit is not above it', () => {
  expect(countAbove([1, 2, 3], 2)).toBe(1)
})
