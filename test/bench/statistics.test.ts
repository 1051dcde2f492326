/** The evaluation of the benchmark: medians, ratios, targets, table and picture. */
import { describe, expect, test } from 'vitest'
import { bench } from './bench.ts'

const { median, spread, ratio } = await bench('statistics.mjs')
const { Results } = await bench('results.mjs')
const { rows, meetsTarget } = await bench('rows.mjs')
const { tableOf } = await bench('table.mjs')
const { pictureOf } = await bench('picture.mjs')

test('a median is the middle value, or the mean of the two middle values', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
  expect(() => median([])).toThrow('no values')
})

test('a spread is the interquartile range: an outlier does not widen it', () => {
  expect(spread([1, 2, 3, 4, 1000])).toEqual([2, 4])
})

describe('a ratio', () => {
  test('is computed within each repeat, so that noise that affects both cancels out', () => {
    expect(ratio([20, 200, 20], [10, 100, 10])).toBe(2)
  })

  test('leaves out repeats without a value for one of the two', () => {
    expect(ratio([null, 30, 20], [10, 10, null])).toBe(3)
  })

  test('is null when the floor is zero or has no values', () => {
    expect(ratio([1, 2], [0, 0])).toBeNull()
    expect(ratio([1, 2], [])).toBeNull()
  })
})

describe('results', () => {
  test('a wrong repeat does not count, and is reported', () => {
    const results = new Results(['floor', 'pitcrew'])
    results.add('floor', 0, { restart: 1 })
    results.add('floor', 1, { restart: 1 })
    results.addFault('pitcrew', ['restart'], 'd2 was restarted instead of d1')
    results.add('pitcrew', 1, { restart: 3 })
    expect(results.cell('restart', 'pitcrew')).toMatchObject({ median: 3, ratio: 3, faults: 1 })
    expect(tableOf(results)).toMatch(/pitcrew +3\.00 .*3\.00 × +target ≤ 1 × +✗ OVER +\(wrong 1/)
    expect(tableOf(results)).toContain('WRONG 1 ×, does not count: pitcrew, restart: d2 was')
  })

  test('a contender without a correct repeat has no value, and no dot in the picture', () => {
    const results = new Results(['floor', 's6-log'])
    results.add('floor', 0, { 'log-100-4': 900 })
    results.addFault('s6-log', ['log-100-4'], 'a wrong text in line 7')
    expect(results.cell('log-100-4', 's6-log')).toMatchObject({ median: null, faults: 1 })
    expect(tableOf(results)).toMatch(/s6-log +wrong$/m)
    const machine = { cores: 2, processor: 'x', kernel: '6' }
    expect(pictureOf(results, { repeats: 1, machine })).not.toContain('s6-log: ')
  })

  test('in the picture lower is better in every row: twice the throughput is half of the floor', () => {
    const results = new Results(['floor', 'pitcrew'])
    results.add('floor', 0, { 'log-100-4': 500, restart: 1 })
    results.add('pitcrew', 0, { 'log-100-4': 1000, restart: 2 })
    const machine = { cores: 2, processor: 'a <b>', kernel: '6' }
    const picture = pictureOf(results, { repeats: 1, machine })
    expect(picture.match(/pitcrew: [\d.]+ ×/g)).toEqual(['pitcrew: 0.5 ×', 'pitcrew: 2 ×'])
    expect(picture).toContain('a &lt;b&gt;')
  })

  test('a target is compared with the ratio, or with the value where there is no floor', () => {
    expect(meetsTarget({ ratio: 1.1 }, 50, 1.1)).toBe(true)
    expect(meetsTarget({ ratio: 1.1 }, 50, 1.2)).toBe(false)
    expect(meetsTarget({ least: 1 }, 50, 0.9)).toBe(false)
    expect(meetsTarget({ most: 0 }, 0, null)).toBe(true)
    expect(meetsTarget({ most: 0 }, 1, null)).toBe(false)
    expect(meetsTarget(null, 1, 1)).toBeNull()
    expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length)
  })
})
