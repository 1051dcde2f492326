/** The table of the README has the measured values. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../e2e/support/pitcrew.ts'
import { bench, type Summarised } from './bench.ts'

const { summaryOf } = await bench('summary.mjs')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const results: Summarised = JSON.parse(read('bench/results.json'))

test('the table of the README is that of bench/results.json', () => {
  expect(read('README.md')).toContain(summaryOf(results))
})

test('other results give another table', () => {
  const others = results.rows.map(({ key, cells }) =>
    key === 'restart' ? { key, cells: { ...cells, runit: { median: 9.9 } } } : { key, cells },
  )
  expect(read('README.md')).not.toContain(summaryOf({ rows: others }))
})

test('a wrong measurement is shown as "wrong", and a missing one as a dash', () => {
  const rows = results.rows.map(({ key }) => ({ key, cells: { 's6-log': { median: null } } }))
  expect(summaryOf({ rows })).toMatch(/^\| restart one daemon, ms +\| +– \| +wrong \| +– \|/m)
})
