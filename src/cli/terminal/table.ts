/** Aligns rows of cells as lines that fit the terminal. If they are too wide, the least important
 *  columns are dropped, then the first column is truncated, then the lines. */
import { type Colour, paint, type TerminalStyle, truncate, widthOf } from './style.ts'

export interface Cell {
  readonly text: string
  readonly colour: Colour
}

export interface Column {
  readonly title: string
  readonly isRight: boolean
  /** In which order columns are dropped: 1 is the first; 0 is never dropped. */
  readonly dropOrder: number
}

const gap = 2
/** The widths, in columns, to which the last and the first column may be reduced. */
const minLastWidth = 24
const minFirstWidth = 16

/** The last column takes the rest of the width and is not padded. */
export function formatTable(
  style: TerminalStyle,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): string[] {
  const titles = columns.map(({ title }): Cell => ({ text: title, colour: 'dim' }))
  const all = [titles, ...rows].map((row) => row.map(measure))
  const widths = columns.map((_, at) => Math.max(...all.map((row) => row[at]?.width ?? 0)))
  const shown = fitColumns(style, columns, widths)
  return all.map((row) => {
    let left = style.columns
    const cells = shown.map(({ column, at, width: wanted }) => {
      const cell = row[at] ?? empty
      const isLast = at === columns.length - 1
      const width = isLast ? cell.width : wanted
      const padded = isLast ? cell.text : pad(truncate(cell.text, width), width, column)
      const text = width <= left ? padded : truncate(padded, left)
      left -= width + gap
      return paint(style, cell.colour, text)
    })
    return cells.join(' '.repeat(gap)).trimEnd()
  })
}

interface PlacedColumn {
  readonly column: Column
  readonly at: number
  readonly width: number
}

/** Chooses the columns that fit, and their widths. */
function fitColumns(
  style: TerminalStyle,
  columns: readonly Column[],
  widths: readonly number[],
): PlacedColumn[] {
  const last = columns.length - 1
  let shown = columns.map((column, at): PlacedColumn => ({ column, at, width: widths[at] ?? 0 }))
  const excess = (): number => {
    const used = shown.map(({ at, width }) => (at === last ? Math.min(width, minLastWidth) : width))
    return used.reduce((sum, width) => sum + width + gap, -gap) - style.columns
  }
  const droppable = columns
    .filter(({ dropOrder }) => dropOrder > 0)
    .sort((a, b) => a.dropOrder - b.dropOrder)
  for (const column of droppable) {
    if (excess() <= 0) break
    shown = shown.filter((one) => one.column !== column)
  }
  const tooMuch = Math.max(0, excess())
  return shown.map((one) => {
    if (one.at !== 0) return one
    return { ...one, width: Math.max(Math.min(one.width, minFirstWidth), one.width - tooMuch) }
  })
}

interface Measured extends Cell {
  readonly width: number
}

const empty: Measured = { text: '', colour: 'plain', width: 0 }

function measure({ text, colour }: Cell): Measured {
  return { text, colour, width: widthOf(text) }
}

function pad(text: string, room: number, { isRight }: Column): string {
  const space = ' '.repeat(Math.max(0, room - widthOf(text)))
  return isRight ? space + text : text + space
}
