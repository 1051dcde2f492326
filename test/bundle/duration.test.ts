/** Durations: 9s, 200ms, 1m. */
import { expect, test } from 'vitest'
import { formatDuration, parseDuration } from '../../src/core/text/duration.ts'

test('reads pairs of number and unit', () => {
  const table = [
    '500ms',
    '2s',
    '1m',
    '1h',
    '1m30s',
    '1h2m3s4ms',
    '1.5s',
    '.5s',
    '0s',
    '0.25m',
    '100000000000ms',
  ]
  expect(table.map((text) => `${text} = ${parseDuration(text)}`)).toMatchInlineSnapshot(`
    [
      "500ms = 500",
      "2s = 2000",
      "1m = 60000",
      "1h = 3600000",
      "1m30s = 90000",
      "1h2m3s4ms = 3723004",
      "1.5s = 1500",
      ".5s = 500",
      "0s = 0",
      "0.25m = 15000",
      "100000000000ms = 100000000000",
    ]
  `)
})

// biome-ignore format: a table.
test.each([
  '', '9', '0', '-1s', '+1s', ' 1s', '1s ', '1 s', '1d', '1S', 's', '.s', '1.s', '1.2.3s', '1s1s', '1s1m',
  '0.5ms', '1e3s', '0x1s', '١s', 'Infinitys', '9999999999999s', '1000000000000ms',
  '0.000001ms',
])('refuses %j', (text) => {
  expect(parseDuration(text)).toBeNull()
})

test('formats for people', () => {
  const small = [0, 1, 200, 999, 999.6, 1000, 1500, 9000, 59_999, 60_000, 90_000, 119_999]
  const table = [...small, 3_599_999, 3_600_000, 3_661_001, 7_199_999]
  expect(table.map((ms) => `${ms} = ${formatDuration(ms)}`)).toMatchInlineSnapshot(`
    [
      "0 = 0 ms",
      "1 = 1 ms",
      "200 = 200 ms",
      "999 = 999 ms",
      "999.6 = 1 s",
      "1000 = 1 s",
      "1500 = 1.5 s",
      "9000 = 9 s",
      "59999 = 59.999 s",
      "60000 = 1 min",
      "90000 = 1 min 30 s",
      "119999 = 1 min 59.999 s",
      "3599999 = 59 min 59.999 s",
      "3600000 = 1 h",
      "3661001 = 1 h 1 min 1.001 s",
      "7199999 = 1 h 59 min 59.999 s",
    ]
  `)
})

test('a formatted duration parses to the same milliseconds', () => {
  for (let ms = 0; ms < 20_000_000; ms = ms * 3 + 7) {
    const text = formatDuration(ms).replaceAll(' ', '').replace('min', 'm')
    expect(parseDuration(text)).toBe(ms)
  }
})
