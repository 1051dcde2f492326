/** What an output can show: a terminal has a width and perhaps colours, a file has neither. */
import type { ClientSystem } from '../../host/system.ts'

export interface TerminalStyle {
  /** Infinity: lines are neither truncated nor wrapped. */
  readonly columns: number
  readonly hasColours: boolean
}

export type Colour = 'plain' | 'bold' | 'dim' | 'red' | 'green' | 'yellow'

const codes = { plain: '', bold: '1', dim: '2', red: '31', green: '32', yellow: '33' } as const

/** For a terminal that does not report its size. */
const defaultColumns = 80

export function terminalStyleOf(system: ClientSystem, fd: 1 | 2): TerminalStyle {
  if (!system.isTerminal(fd)) return { columns: Number.POSITIVE_INFINITY, hasColours: false }
  const hasColours = canRedraw(system, fd) && (system.getenv('NO_COLOR') ?? '') === ''
  return { columns: system.terminalSize()?.columns ?? defaultColumns, hasColours }
}

/** Whether the output understands escape sequences, so that written text can be overwritten. */
export function canRedraw(system: ClientSystem, fd: 1 | 2): boolean {
  return system.isTerminal(fd) && system.getenv('TERM') !== 'dumb'
}

export function paint(style: TerminalStyle, colour: Colour, text: string): string {
  const code = codes[colour]
  return style.hasColours && code !== '' && text !== '' ? `\x1b[${code}m${text}\x1b[m` : text
}

/** The number of columns that a text occupies. */
export function widthOf(text: string): number {
  if (isAscii(text)) return text.length
  let width = 0
  for (const char of text) width += widthOfChar(char.codePointAt(0) ?? 0)
  return width
}

/** The fast path: nearly all text is ASCII. */
function isAscii(text: string): boolean {
  return /^[ -~]*$/.test(text)
}

/** At most `columns` of the text; an ellipsis stands for the rest. */
export function truncate(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  if (columns < 1) return ''
  if (isAscii(text)) return `${text.slice(0, columns - 1)}…`
  let width = 1
  let short = ''
  for (const char of text) {
    width += widthOfChar(char.codePointAt(0) ?? 0)
    if (width > columns) break
    short += char
  }
  return `${short}…`
}

/** Wraps words at `columns`. The first line begins with `start`, the others are indented as far. */
export function wrap(start: string, words: readonly string[], columns: number): string[] {
  const [first, ...others] = words
  const lines = [`${start}${first}`]
  for (const word of others) {
    const longer = `${lines.at(-1)} ${word}`
    if (widthOf(longer) <= columns) lines[lines.length - 1] = longer
    else lines.push(' '.repeat(start.length) + word)
  }
  return lines
}

/** 2 for East Asian characters and emoji, 0 for combining characters, otherwise 1: an
 *  approximation of what terminals do. */
function widthOfChar(code: number): 0 | 1 | 2 {
  if (code < 0x300) return 1
  if (code <= 0x36f || (code >= 0x200b && code <= 0x200f) || isBetween(code, 0xfe00, 0xfe0f))
    return 0
  return wide.some(([first, last]) => isBetween(code, first, last)) ? 2 : 1
}

const wide = [
  [0x1100, 0x115f],
  [0x2e80, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1faff],
  [0x20000, 0x3ffff],
] as const

function isBetween(code: number, first: number, last: number): boolean {
  return code >= first && code <= last
}
