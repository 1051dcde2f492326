/** The story of the planted module. */
import { expect, test } from 'vitest'
import { countAbove } from './src/count.ts'

test('what is equal to the limit is not above it', () => {
  expect(countAbove([1, 2, 3], 2)).toBe(1)
})
