/** Prints the table, and writes results.json and the picture. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, release } from 'node:os'
import { join } from 'node:path'
import { pictureOf } from './picture.mjs'
import { rows } from './rows.mjs'
import { tableOf } from './table.mjs'

export function report(results, { folder, repeats, isQuick }) {
  process.stdout.write(`${tableOf(results)}\n`)
  const machine = {
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? 'unknown',
    kernel: release().split('.').slice(0, 2).join('.'),
  }
  const json = { machine, repeats, isQuick, rows: rowsOf(results), faults: results.faults }
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'results.json'), `${JSON.stringify(json, null, 2)}\n`)
  writeFileSync(join(folder, 'results.svg'), pictureOf(results, { repeats, machine }))
}

/** The rows of results.json, with their cells by contender. */
function rowsOf(results) {
  return rows.flatMap(({ key, title, unit }) => {
    const cells = results.contenders.flatMap((contender) => {
      const cell = results.cell(key, contender)
      return cell === null ? [] : [[contender, cell]]
    })
    return cells.length === 0 ? [] : [{ key, title, unit, cells: Object.fromEntries(cells) }]
  })
}
