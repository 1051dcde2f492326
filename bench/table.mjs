/** Formats the result as a table for the terminal: a block for each row, a line for each
 *  contender. */
import { meetsTarget, rows, targetOf } from './rows.mjs'

/** Median, interquartile range, ratio to the floor, and target; then the faults. */
export function tableOf(results) {
  const blocks = rows.flatMap((row) => {
    const lines = results.contenders.flatMap((contender) => lineOf(results, row, contender))
    return lines.length === 0 ? [] : [[`${row.title}${row.unit && `, ${row.unit}`}`, ...lines]]
  })
  const wrong = results.faults.map(
    ({ contender, keys, text, times }) =>
      `WRONG ${times} ×, does not count: ${contender}, ${keys.join(' ')}: ${text}`,
  )
  return [...blocks.map((block) => block.join('\n')), wrong.join('\n')].join('\n\n')
}

function lineOf(results, row, contender) {
  const cell = results.cell(row.key, contender)
  if (cell === null) return []
  const name = `  ${contender.padEnd(14)}`
  if (cell.median === null) return [`${name}${'wrong'.padStart(9)}`]
  const target = targetOf(contender, row)
  const verdict = { true: '  ✓', false: '  ✗ OVER', null: '' }
  return [
    [
      name,
      digits(cell.median).padStart(9),
      `  (${cell.spread.map(digits).join(' – ')})`.padEnd(22),
      cell.ratio === null ? '' : `${cell.ratio.toFixed(2)} ×`.padStart(9),
      target === null ? '' : `  target ${wordsOf(target)}`,
      verdict[meetsTarget(target, cell.median, cell.ratio)],
      cell.faults === 0 ? '' : `  (wrong ${cell.faults} times)`,
    ].join(''),
  ]
}

function wordsOf({ ratio, least, most }) {
  if (most !== undefined) return `≤ ${most}`
  return ratio === undefined ? `≥ ${least} ×` : `≤ ${ratio} ×`
}

/** Three significant digits. */
function digits(value) {
  if (value === 0) return '0'
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
