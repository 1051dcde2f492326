/** Prints the table of the README from results.json. `test/bench` compares the two, so that the
 *  README never shows a number that was not measured.
 *
 *  usage: node bench/summary.mjs */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Column heading → contenders. The first contender that has a result is shown: only s6 with an
 *  s6-log for each daemon passes lines on. */
const columns = {
  pitcrew: ['pitcrew-musl'],
  s6: ['s6', 's6-log'],
  runit: ['runit'],
  supervisord: ['supervisord'],
  pm2: ['pm2'],
  'bare C': ['floor'],
}

/** Row of results.json → its heading here. */
const headings = {
  'boot-4': 'start 4 daemons, ms',
  'boot-1000': 'start 1 000 daemons, ms',
  'memory-4': 'memory with 4 daemons, MiB',
  'memory-1000': 'memory with 1 000 daemons, MiB',
  'idle-100': 'CPU while 100 daemons are idle, µs/s',
  'log-100-4': 'output of 4 daemons, MB/s',
  restart: 'restart one daemon, ms',
  death: 'from a death to the next run, ms',
  'stop-4': 'stop 4 daemons, ms',
  'stop-1000': 'stop 1 000 daemons, ms',
  orphans: 'of 2 000 orphans, zombies after 2 s',
}

if (import.meta.filename === process.argv[1]) {
  const results = readFileSync(join(import.meta.dirname, 'results.json'), 'utf8')
  process.stdout.write(summaryOf(JSON.parse(results)))
}

/** @returns A Markdown table, formatted. */
export function summaryOf({ rows }) {
  const names = Object.keys(columns)
  const body = Object.entries(headings).map(([key, heading]) => {
    const row = rows.find((row) => row.key === key)
    return [heading, ...names.map((name) => cellOf(row, columns[name]))]
  })
  const table = [['', ...names], ...body]
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)))
  const [head, ...lines] = table.map((row) => lineOf(row, widths))
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  )
  return `${[head, `| ${rule.join(' | ')} |`, ...lines].join('\n')}\n`
}

function lineOf(row, widths) {
  const cells = row.map((cell, column) =>
    column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
  )
  return `| ${cells.join(' | ')} |`
}

/** A measurement with wrong results has no median. */
function cellOf(row, contenders) {
  const cell = contenders.map((name) => row.cells[name]).find((cell) => cell !== undefined)
  if (cell === undefined) return '–'
  return cell.median === null ? 'wrong' : digits(cell.median)
}

/** Two significant digits. */
function digits(value) {
  if (value === 0 || value >= 100) return spaced(value.toFixed(0))
  return value >= 10 ? value.toFixed(0) : value.toPrecision(2)
}

function spaced(text) {
  return text.replace(/\B(?=(\d{3})+$)/g, ' ')
}
