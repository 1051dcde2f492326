/** Numbers and durations for people, widths of texts, and tables. */

import { describe, expect, test } from 'vitest'
import {
  formatElapsed,
  formatElapsedShort,
  formatMemory,
  formatPercent,
} from '../../src/cli/terminal/format.ts'
import { truncate, widthOf } from '../../src/cli/terminal/style.ts'
import { formatTable } from '../../src/cli/terminal/table.ts'
import { oneLine } from '../../src/core/text/one-line.ts'

test.each([
  [-5, '0 ms', '0ms'],
  [0.4, '0 ms', '0ms'],
  [312.4, '312 ms', '312ms'],
  [999.6, '1 s', '1s'],
  [1000, '1 s', '1s'],
  [3249, '3.2 s', '3.2s'],
  [9949, '9.9 s', '9.9s'],
  [9950, '10 s', '10s'],
  [59_499, '59 s', '59s'],
  [59_500, '1 min', '1m'],
  [250_000, '4 min 10 s', '4m 10s'],
  [3_599_600, '1 h', '1h'],
  [7_500_000, '2 h 5 min', '2h 5m'],
  [86_400_000, '1 d', '1d'],
  [273_600_000, '3 d 4 h', '3d 4h'],
])('%d ms is %s in a sentence, and %s in a column', (ms, text, tight) => {
  expect(formatElapsed(ms)).toBe(text)
  expect(formatElapsedShort(ms)).toBe(tight)
})

test('memory and CPU shares', () => {
  expect([0, 999, 1000, 12_600, 102_400, 1_048_576, 200_000_000].map(formatMemory)).toEqual([
    '0 KiB',
    '999 KiB',
    '1.0 MiB',
    '12.3 MiB',
    '100 MiB',
    '1.0 GiB',
    '191 GiB',
  ])
  expect([0, 0.003, 0.0996, 0.12, 1.8].map(formatPercent)).toEqual([
    '0.0%',
    '0.3%',
    '10.0%',
    '12%',
    '180%',
  ])
})

test('a text cannot move the cursor or hide characters', () => {
  expect(oneLine('a\r\n\tb\x1b[31mc\x7fd\u0085e\u2028f\u202eg\u200bh')).toBe('a b [31mc d e f g h')
  expect(oneLine('größer 数据 🎉')).toBe('größer 数据 🎉')
})

test.each([
  ['plain', 5],
  ['größer', 6],
  ['数据', 4],
  ['🎉', 2],
  ['e\u0301', 1],
])('%s takes %i columns', (text, width) => {
  expect(widthOf(text)).toBe(width)
})

test.each([
  ['hello', 5, 'hello'],
  ['hello', 4, 'hel…'],
  ['hello', 1, '…'],
  ['hello', 0, ''],
  ['数据库', 6, '数据库'],
  ['数据库', 5, '数据…'],
  ['数据库', 4, '数…'],
])('"%s" cut to %i columns is "%s"', (text, columns, short) => {
  expect(truncate(text, columns)).toBe(short)
  expect(widthOf(short)).toBeLessThanOrEqual(columns)
})

test('columns are aligned by width, not by the number of characters', () => {
  const columns = [
    { title: 'A', isRight: false, dropOrder: 0 },
    { title: 'B', isRight: true, dropOrder: 0 },
    { title: '', isRight: false, dropOrder: 0 },
  ]
  const row = (...texts: readonly string[]) =>
    texts.map((text) => ({ text, colour: 'plain' as const }))
  const style = { columns: Number.POSITIVE_INFINITY, hasColours: false }
  expect(formatTable(style, columns, [row('数据', '1', 'x'), row('abc', '100', '')])).toEqual([
    'A       B',
    '数据    1  x',
    'abc   100',
  ])
})

describe('a table that is too wide', () => {
  const columns = [
    { title: 'NAME', isRight: false, dropOrder: 0 },
    { title: 'CPU', isRight: true, dropOrder: 1 },
    { title: 'UPTIME', isRight: true, dropOrder: 2 },
    { title: '', isRight: false, dropOrder: 0 },
  ]
  const name = 'a-name-of-twenty-two-xx'
  const texts = [name, '0.3%', '2h 5m', 'waits for another daemon that is not ready']
  const row = texts.map((text) => ({ text, colour: 'plain' as const }))
  const at = (width: number) =>
    formatTable({ columns: width, hasColours: false }, columns, [row])[1]

  test.each([
    [63, `${name}  0.3%   2h 5m  waits for another daemo…`],
    [60, `${name}   2h 5m  waits for another daemon t…`],
    [56, `${name}  waits for another daemon that …`],
    [46, 'a-name-of-twenty-tw…  waits for another daemo…'],
    [30, 'a-name-of-twent…  waits for a…'],
    [10, 'a-name-of…'],
  ])('at %i columns what matters least goes first', (width, line) => {
    expect(at(width)).toBe(line)
    expect(widthOf(line)).toBeLessThanOrEqual(width)
  })
})
