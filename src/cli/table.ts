/** Rows of cells → aligned lines, cut to the width of the paper. */
import { type Colour, cut, type Paper, paint, widthOf } from './paper.ts'

export interface Cell {
  readonly text: string
  readonly colour: Colour
}

export interface Column {
  readonly title: string
  readonly isRight: boolean
}

const gap = 2

/** The last column takes what is left of the width, and is not filled up. */
export function table(
  paper: Paper,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): string[] {
  const titles = columns.map(({ title }): Cell => ({ text: title, colour: 'dim' }))
  const all = [titles, ...rows].map((row) => row.map(measured))
  const widths = columns.map((_, at) => Math.max(...all.map((row) => row[at]?.width ?? 0)))
  return all.map((row) => {
    let left = paper.columns
    const cells = row.map((cell, at) => {
      const isLast = at === row.length - 1
      const width = isLast ? cell.width : (widths[at] ?? 0)
      const padded = isLast ? cell.text : pad(cell, width, columns[at])
      const shown = width <= left ? padded : cut(padded, left)
      left -= width + gap
      return paint(paper, cell.colour, shown)
    })
    return cells.join(' '.repeat(gap)).trimEnd()
  })
}

interface Measured extends Cell {
  readonly width: number
}

function measured({ text, colour }: Cell): Measured {
  return { text, colour, width: widthOf(text) }
}

function pad({ text, width }: Measured, room: number, column: Column | undefined): string {
  const space = ' '.repeat(Math.max(0, room - width))
  return column?.isRight === true ? space + text : text + space
}
