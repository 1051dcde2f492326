/** The text of `history`: a table with a row for each revision. */
import type { History } from '../../client/client.ts'
import type { RevisionItem } from '../../control/protocol/operations.ts'
import { oneLine } from '../../core/text/one-line.ts'
import { formatMemory } from './format.ts'
import type { Colour, TerminalStyle } from './style.ts'
import { type Cell, type Column, formatTable } from './table.ts'

const columns: readonly Column[] = [
  { title: 'REV', isRight: true, dropOrder: 0 },
  { title: '', isRight: false, dropOrder: 0 },
  { title: 'TIME', isRight: false, dropOrder: 0 },
  { title: 'OUTCOME', isRight: false, dropOrder: 0 },
  { title: 'SIZE', isRight: true, dropOrder: 1 },
  { title: 'SHA256', isRight: false, dropOrder: 2 },
  { title: 'BY', isRight: false, dropOrder: 3 },
  { title: '', isRight: false, dropOrder: 0 },
]
const fileColumn: Column = { title: 'FILE', isRight: false, dropOrder: 0 }

/** Enough digits to tell contents apart. */
const hashLength = 12

export function historyPage(style: TerminalStyle, { daemon, revisions }: History): string[] {
  if (revisions.length === 0) return [`no content of a file of ${daemon} was recorded yet`]
  const hasSeveral = new Set(revisions.map(({ path }) => path)).size > 1
  const shown = hasSeveral ? [...columns.slice(0, 3), fileColumn, ...columns.slice(3)] : columns
  const rows = revisions.map((revision) => row(revision, hasSeveral))
  const [{ path = '' } = {}] = revisions
  const title = hasSeveral ? [] : [`${daemon}: ${oneLine(path)}`]
  return [...title, ...formatTable(style, shown, rows)]
}

function row(item: RevisionItem, withFile: boolean): readonly Cell[] {
  const { revision, lastGood, at, path, outcome, bytes, sha256, by, why, cause } = item
  const plain = (text: string): Cell => ({ text: oneLine(text), colour: 'plain' })
  return [
    plain(String(revision)),
    { text: lastGood ? '*' : '', colour: 'green' },
    plain(at.slice(0, 16).replace('T', ' ')),
    ...(withFile ? [plain(path)] : []),
    { text: outcome, colour: colourOf(item) },
    plain(bytes === null ? 'no file' : formatSize(bytes)),
    plain(sha256?.slice(0, hashLength) ?? '-'),
    plain(by),
    { text: oneLine([why, cause].filter((part) => part !== '').join('; ')), colour: 'dim' },
  ]
}

function formatSize(bytes: number): string {
  return bytes < 1000 ? `${bytes} B` : formatMemory(bytes / 1024)
}

function colourOf({ outcome, lastGood }: RevisionItem): Colour {
  if (outcome === 'rolled back' || outcome === 'rollback failed') return 'red'
  return lastGood ? 'green' : 'plain'
}
