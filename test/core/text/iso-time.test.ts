/** Timestamps agree with those of Date, which the engine of the init does not have. */
import { expect, test } from 'vitest'
import { isoTime } from '../../../src/core/text/iso-time.ts'
import { Random } from '../random.ts'

const moments = ['1970-01-01', '2000-02-29', '2000-03-01', '2100-02-28', '2100-03-01', '2400-12-31']

test.each(moments)('%s and the milliseconds around it', (day) => {
  for (let ms = Date.parse(day) - 2; ms < Date.parse(day) + 2; ms++) {
    if (ms >= 0) expect(isoTime(ms)).toBe(new Date(ms).toISOString())
  }
})

test('ten thousand times of eight thousand years', () => {
  const random = new Random(7)
  for (let times = 0; times < 10_000; times++) {
    const ms = random.below(253_402_300_800_000)
    expect(isoTime(ms)).toBe(new Date(ms).toISOString())
  }
})

test('fractions of a millisecond are cut off', () => {
  expect(isoTime(1500.9)).toBe('1970-01-01T00:00:01.500Z')
})
