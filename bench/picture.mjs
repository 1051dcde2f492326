/** Draws the result (SVG): a line for each row, a dot for each contender at its ratio to the
 *  floor, on a logarithmic scale. Left is better in every row: ratios of throughput are
 *  inverted. A bar is the target of pitcrew. */
import { rows, targetOf } from './rows.mjs'

const axis = { leftPx: 270, rightPx: 860, least: 0.25, most: 4000 }
const widthPx = 1080
const headPx = 86
const rowPx = 26
const dotPx = 6
const marks = [0.5, 1, 2, 5, 10, 100, 1000]
const colours = {
  floor: '#9a9a9a',
  pitcrew: '#d62728',
  'pitcrew-musl': '#ff8c69',
  'pitcrew-yaml': '#e377c2',
  s6: '#1f77b4',
  's6-log': '#17a2b8',
  runit: '#2ca02c',
  supervisord: '#9467bd',
  pm2: '#8c564b',
  tini: '#bcbd22',
  'dumb-init': '#556b2f',
}
const otherColour = '#000000'

export function pictureOf(results, { repeats, machine }) {
  const lines = rows.flatMap((row) => lineOf(results, row))
  const heightPx = headPx + lines.length * rowPx + 24
  const seen = new Set(lines.flatMap(({ dots }) => dots.map(({ contender }) => contender)))
  const under = `${machine.processor}, ${machine.cores} cores, Linux ${machine.kernel}; ${repeats} repeats`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPx}" height="${heightPx}"`,
    ' font-family="system-ui, sans-serif" font-size="13">',
    `<rect width="${widthPx}" height="${heightPx}" fill="white"/>`,
    text(14, 24, 'How many times the floor: a bare C program. Left is better.', 'font-size="17"'),
    text(14, 44, under, 'fill="#666666" font-size="12"'),
    ...legend([...seen]),
    ...marks.map((mark) => grid(mark, heightPx)),
    ...lines.map(drawLine),
    '</svg>\n',
  ].join('\n')
}

/** A row without ratios, as with a floor of zero, has no line. */
function lineOf(results, row) {
  const isThroughput = row.unit === 'MB/s'
  const inverted = (ratio) => (isThroughput ? 1 / ratio : ratio)
  const dots = results.contenders.flatMap((contender) => {
    const cell = results.cell(row.key, contender)
    if (cell === null || cell.median === null || cell.ratio === null) return []
    return [{ contender, times: inverted(cell.ratio) }]
  })
  if (dots.length === 0) return []
  const target = targetOf('pitcrew', row)
  const limit = target?.ratio ?? target?.least
  const own = results.cell(row.key, 'pitcrew')
  const isKnown = own !== null && own.median !== null
  const value = isKnown ? `pitcrew ${Number(own.median.toPrecision(3))} ${row.unit}` : ''
  return [{ title: row.title, dots, limit: limit === undefined ? null : inverted(limit), value }]
}

function drawLine({ title, dots, limit, value }, index) {
  const y = headPx + index * rowPx + rowPx / 2
  const bar = (x) =>
    `<line x1="${x}" y1="${y - 9}" x2="${x}" y2="${y + 9}" stroke="#d62728" stroke-width="2"/>`
  // Draw pitcrew last, so that no other dot covers it.
  const inOrder = [...dots].reverse()
  return [
    `<line x1="14" y1="${y + 13}" x2="${widthPx - 14}" y2="${y + 13}" stroke="#eeeeee"/>`,
    text(14, y + 4, title),
    ...(limit === null ? [] : [bar(xOf(limit))]),
    ...inOrder.map((dot) => drawDot(dot, y)),
    text(widthPx - 14, y + 4, value, 'text-anchor="end" fill="#666666"'),
  ].join('\n')
}

function drawDot({ contender, times }, y) {
  const colour = colours[contender] ?? otherColour
  const label = `${contender}: ${Number(times.toPrecision(3))} ×`
  return (
    `<circle cx="${xOf(times)}" cy="${y}" r="${dotPx}" fill="${colour}" fill-opacity="0.85">` +
    `<title>${escaped(label)}</title></circle>`
  )
}

function legend(contenders) {
  let nextPx = 20
  return contenders.map((contender) => {
    const x = nextPx
    // Room for the dot, about 7 px a letter, and a gap.
    nextPx += 32 + contender.length * 7
    const colour = colours[contender] ?? otherColour
    return `<circle cx="${x}" cy="62" r="${dotPx}" fill="${colour}"/>${text(x + 11, 66, contender)}`
  })
}

function grid(mark, heightPx) {
  const x = xOf(mark)
  const colour = mark === 1 ? '#9a9a9a' : '#e4e4e4'
  const line = `<line x1="${x}" y1="${headPx}" x2="${x}" y2="${heightPx - 20}" stroke="${colour}"/>`
  return line + text(x, heightPx - 6, `${mark} ×`, 'text-anchor="middle" font-size="11"')
}

/** Values outside the scale are drawn at its edge. */
function xOf(times) {
  const inside = Math.min(Math.max(times, axis.least), axis.most)
  const part = Math.log(inside / axis.least) / Math.log(axis.most / axis.least)
  return Math.round((axis.leftPx + part * (axis.rightPx - axis.leftPx)) * 10) / 10
}

function text(x, y, words, attributes = '') {
  return `<text x="${x}" y="${y}" ${attributes}>${escaped(words)}</text>`
}

function escaped(words) {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
