/** The difference between two contents of a file: unified, bounded, and without secrets.
 *
 *  The work is bounded, too: what is between the lines that both contents begin and end with is
 *  compared by the algorithm of Myers (1986) until its budget is used up. Then all of it is shown
 *  as removed and added. */
import { contentBytesMax, diffBytesMax } from '../core/operations/file-work.ts'
import { oneLine } from '../core/text/one-line.ts'
import type { Disk } from '../host/disk.ts'
import { maskedLine } from './mask.ts'
import { demand } from './refusal.ts'

/** Lines around a change. */
const contextLines = 3
/** The most lines that the algorithm may remove and add: it needs memory for the square of it. */
const editsMax = 300
/** The most comparisons of lines. */
const comparisonsMax = 200_000
/** The longest line, in characters. */
const lineCharsMax = 300

/** One of the two contents. */
export interface Side {
  /** A file that has it. */
  readonly path: string
  readonly bytes: number
}

/** @param path The name of the file in the diff. @param before null = the file did not exist. */
export function diffFiles(disk: Disk, path: string, before: Side | null, after: Side): string {
  const read = (file: string): string =>
    demand(disk.readText(file, contentBytesMax), 'cannot read', file).text
  const old = before === null ? null : read(before.path)
  const fresh = read(after.path)
  if (!isBinary(old ?? '') && !isBinary(fresh)) return diffTexts(path, old, fresh)
  return `binary, ${before?.bytes ?? 0} bytes -> ${after.bytes} bytes\n`
}

/** @param before null = the file did not exist. @returns At most `diffBytesMax` bytes; '' = the
 *  texts are equal. */
export function diffTexts(path: string, before: string | null, after: string): string {
  if (before === after) return ''
  const old = linesOf(before ?? '')
  const fresh = linesOf(after)
  const out = new Output([before === null ? '--- /dev/null' : `--- ${path}`, `+++ ${path}`])
  for (const hunk of hunksOf(editsBetween(old, fresh))) {
    if (!writeHunk(out, hunk, old, fresh)) break
  }
  return out.text
}

/** Bytes that are no UTF-8 are U+FFFD here. */
function isBinary(text: string): boolean {
  return text.includes('\0') || text.includes('\ufffd')
}

/** The length of a text in UTF-8. */
function bytesOf(text: string): number {
  let bytes = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    // Each half of a pair is two of its four bytes.
    bytes += code < 0x80 ? 1 : code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 2 : 3
  }
  return bytes
}

/** A last line without a newline is another line than one with it. */
function linesOf(text: string): string[] {
  const lines = text.split('\n')
  const last = lines.pop() as string
  if (last !== '') lines.push(`${last}${noNewline}`)
  return lines
}

const noNewline = '\n\\ No newline at end of file'

// ---- edits

/** Lines that are replaced: those of the old text from `oldFrom` on, by those of the new text. */
interface Edit {
  readonly oldFrom: number
  readonly oldTo: number
  readonly newFrom: number
  readonly newTo: number
}

function editsBetween(old: readonly string[], fresh: readonly string[]): Edit[] {
  let start = 0
  const shorter = Math.min(old.length, fresh.length)
  while (start < shorter && old[start] === fresh[start]) start++
  let end = 0
  while (end < shorter - start && old[old.length - 1 - end] === fresh[fresh.length - 1 - end]) end++
  const oldTo = old.length - end
  const newTo = fresh.length - end
  const inner = editsOf(old.slice(start, oldTo), fresh.slice(start, newTo))
  if (inner === null) return [{ oldFrom: start, oldTo, newFrom: start, newTo }]
  return inner.map((edit) => ({
    oldFrom: edit.oldFrom + start,
    oldTo: edit.oldTo + start,
    newFrom: edit.newFrom + start,
    newTo: edit.newTo + start,
  }))
}

/** @returns null when the budget is used up. */
function editsOf(old: readonly string[], fresh: readonly string[]): Edit[] | null {
  const trace = pathBetween(old, fresh)
  if (trace === null) return null
  const edits: Edit[] = []
  let [x, y] = [old.length, fresh.length]
  for (let count = trace.length - 1; count > 0; count--) {
    // The diagonals in reach of one edit less are -(count - 1), … , count - 1.
    const reached = trace[count - 1] as number[]
    const at = (diagonal: number): number => reached[diagonal + count] ?? -1
    const diagonal = x - y
    const isDown =
      diagonal === -count || (diagonal !== count && at(diagonal - 1) < at(diagonal + 1))
    const from = isDown ? diagonal + 1 : diagonal - 1
    const oldFrom = at(from)
    const newFrom = oldFrom - from
    edits.push({
      oldFrom,
      oldTo: oldFrom + (isDown ? 0 : 1),
      newFrom,
      newTo: newFrom + (isDown ? 1 : 0),
    })
    ;[x, y] = [oldFrom, newFrom]
  }
  return edits.reverse()
}

/** @returns For each number of edits the furthest line of the old text on each diagonal; null when
 *           the budget is used up. */
function pathBetween(old: readonly string[], fresh: readonly string[]): number[][] | null {
  const trace: number[][] = []
  let budget = comparisonsMax
  let reached: number[] = []
  for (let count = 0; count <= editsMax; count++) {
    // The entry of diagonal d is at d + count + 1.
    const next: number[] = new Array(2 * count + 3).fill(-1)
    const at = (diagonal: number): number => reached[diagonal + count] ?? -1
    for (let diagonal = -count; diagonal <= count; diagonal += 2) {
      const isDown =
        diagonal === -count || (diagonal !== count && at(diagonal - 1) < at(diagonal + 1))
      let x = count === 0 ? 0 : isDown ? at(diagonal + 1) : at(diagonal - 1) + 1
      let y = x - diagonal
      while (x < old.length && y < fresh.length && old[x] === fresh[y]) {
        x++
        y++
        budget--
      }
      budget--
      next[diagonal + count + 1] = x
      if (x === old.length && y === fresh.length) {
        trace.push(next)
        return trace
      }
      if (budget <= 0) return null
    }
    trace.push(next)
    reached = next
  }
  return null
}

// ---- hunks

/** Edits that are near enough to share their context. */
function hunksOf(edits: readonly Edit[]): Edit[][] {
  const hunks: Edit[][] = []
  let last: Edit | null = null
  for (const edit of edits) {
    const isNear = last !== null && edit.oldFrom - last.oldTo <= 2 * contextLines
    if (isNear) hunks[hunks.length - 1]?.push(edit)
    else hunks.push([edit])
    last = edit
  }
  return hunks
}

/** @returns False when the output is full. */
function writeHunk(
  out: Output,
  hunk: readonly Edit[],
  old: readonly string[],
  fresh: readonly string[],
): boolean {
  const first = hunk[0] as Edit
  const last = hunk[hunk.length - 1] as Edit
  const before = Math.min(contextLines, first.oldFrom)
  const behind = Math.min(contextLines, old.length - last.oldTo)
  const oldRange = range(first.oldFrom - before, last.oldTo + behind)
  const newRange = range(first.newFrom - before, last.newTo + behind)
  if (!out.add(`@@ -${oldRange} +${newRange} @@`)) return false
  let at = first.oldFrom - before
  // Removed lines come before added ones, also where the algorithm found them in turns.
  for (const edit of joined(hunk)) {
    if (!writeLines(out, ' ', old, at, edit.oldFrom)) return false
    if (!writeRemoved(out, edit, old)) return false
    if (!writeLines(out, '+', fresh, edit.newFrom, edit.newTo)) return false
    at = edit.oldTo
  }
  return writeLines(out, ' ', old, at, last.oldTo + behind)
}

/** Half of the room is for the lines that replace them. */
function writeRemoved(out: Output, edit: Edit, old: readonly string[]): boolean {
  if (edit.newTo === edit.newFrom) return writeLines(out, '-', old, edit.oldFrom, edit.oldTo)
  for (let at = edit.oldFrom; at < edit.oldTo; at++) {
    if (out.isHalfFull && edit.oldTo - at > contextLines) {
      return out.add(`... ${edit.oldTo - at} more lines are removed`)
    }
    if (!writeLines(out, '-', old, at, at + 1)) return false
  }
  return true
}

function joined(edits: readonly Edit[]): Edit[] {
  const all: Edit[] = []
  for (const edit of edits) {
    const last = all[all.length - 1]
    const isNext = last !== undefined && last.oldTo === edit.oldFrom && last.newTo === edit.newFrom
    if (isNext) all[all.length - 1] = { ...last, oldTo: edit.oldTo, newTo: edit.newTo }
    else all.push(edit)
  }
  return all
}

/** "12,3": the first line, counted from 1, and the number of lines. */
function range(from: number, to: number): string {
  const count = to - from
  if (count === 1) return String(from + 1)
  return `${count === 0 ? from : from + 1},${count}`
}

function writeLines(
  out: Output,
  sign: string,
  lines: readonly string[],
  from: number,
  to: number,
): boolean {
  for (let at = from; at < to; at++) {
    const line = lines[at] as string
    const isOpen = line.endsWith(noNewline)
    const text = shown(maskedLine(lines, at, isOpen ? line.slice(0, -noNewline.length) : line))
    if (!out.add(`${sign}${text}${isOpen ? noNewline : ''}`)) return false
  }
  return true
}

/** Without control characters except tabs, which a terminal might obey. */
function shown(line: string): string {
  const cut = line.length > lineCharsMax ? `${line.slice(0, lineCharsMax)}…` : line
  return cut.split('\t').map(oneLine).join('\t')
}

/** Lines up to the limit of bytes. */
class Output {
  readonly #lines: string[]
  #bytes = 0

  constructor(head: readonly string[]) {
    this.#lines = [...head]
    for (const line of head) this.#bytes += bytesOf(line) + 1
  }

  /** @returns False when there is no room for the line: the rest is left out, and says so. */
  add(line: string): boolean {
    const bytes = bytesOf(line) + 1
    const isFull = this.#bytes + bytes > diffBytesMax - bytesOf(rest) - 1
    this.#lines.push(isFull ? rest : line)
    this.#bytes += bytes
    return !isFull
  }

  get isHalfFull(): boolean {
    return this.#bytes > diffBytesMax / 2
  }

  get text(): string {
    return `${this.#lines.join('\n')}\n`
  }
}

const rest = '... the rest of the difference is left out'
