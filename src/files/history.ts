/** The revisions of a daemon's files (`revisions.json`) and the contents that are kept of them.
 *
 *  A content is kept once: revisions with the same content share the file of the first of them. The
 *  list is replaced as a whole, and a content is written before a list names it, so a KILL leaves
 *  at most a content that no list names. */
import type { Content } from '../core/operations/change.ts'
import {
  contentBytesMax,
  historyBytesMax,
  type Revision,
  revisionsMax,
} from '../core/operations/file-work.ts'
import type { Disk } from '../host/disk.ts'
import { historyFolder, keptFile, revisionsFile } from './paths.ts'
import { demand, isErrno, refuse } from './refusal.ts'

const version = 1
/** More than all revisions can have, with all texts at their limits. */
const bytesMax = 1024 * 1024
const textCharsMax = 1000

/** A revision, and the number of the file with its content; 0 = it is not kept. */
export interface Entry extends Omit<Revision, 'isLastGood'> {
  readonly kept: number
}

export interface History {
  readonly version: number
  /** The number of the next revision. */
  readonly next: number
  /** Oldest first. */
  readonly entries: readonly Entry[]
  /** The last good revision of each file that has one. */
  readonly lastGood: readonly { readonly path: string; readonly number: number }[]
}

const empty: History = { version, next: 1, entries: [], lastGood: [] }

/** A list that cannot be understood counts as empty; its numbers are not used again. */
export function readHistory(disk: Disk, folder: string, daemon: string): History {
  const path = revisionsFile(folder, daemon)
  const answer = disk.readText(path, bytesMax)
  if (answer === 'ENOENT' || answer === 'ENOTDIR') return empty
  const isReadable = answer !== 'EFBIG' && answer !== 'EINVAL'
  const history = isReadable ? parsed(demand(answer, 'cannot read', path).text) : null
  return history ?? { ...empty, next: afterAll(disk, historyFolder(folder, daemon)) }
}

function parsed(text: string): History | null {
  try {
    const history = JSON.parse(text) as History
    const isOurs = history.version === version && Number.isSafeInteger(history.next)
    return isOurs && Array.isArray(history.entries) && Array.isArray(history.lastGood)
      ? history
      : null
  } catch {
    return null
  }
}

function afterAll(disk: Disk, folder: string): number {
  const names = disk.list(folder)
  return isErrno(names) ? 1 : Math.max(0, ...names.map(keptNumber)) + 1
}

/** The number of a kept content by its name; 0 = another file. */
export function keptNumber(name: string): number {
  const number = Number(name)
  return String(number) === name && Number.isSafeInteger(number) ? number : 0
}

/** Durable when it returns. */
export function writeHistory(disk: Disk, folder: string, daemon: string, history: History): void {
  const path = revisionsFile(folder, daemon)
  demand(disk.write(path, JSON.stringify(history)), 'cannot write', path)
}

/** A text of a request or of a check, as a revision keeps it. */
export function clipped(text: string): string {
  return text.length <= textCharsMax ? text : `${text.slice(0, textCharsMax)}…`
}

export function lastGoodOf(history: History, path: string): Entry | null {
  const good = history.lastGood.find((one) => one.path === path)
  return good === undefined ? null : entryOf(history, good.number)
}

export function entryOf(history: History, number: number): Entry | null {
  return history.entries.find((entry) => entry.number === number) ?? null
}

/** The number of the file with this content; 0 = it is not kept. */
export function keptOf(history: History, { sha256 }: Content): number {
  const entry = history.entries.find(({ kept, content }) => kept > 0 && content?.sha256 === sha256)
  return entry?.kept ?? 0
}

/** Copies a content into the history, durable when it returns.
 *  @throws Refusal when the file has another content meanwhile. */
export function keep(
  disk: Disk,
  { from, to, content }: { from: string; to: string; content: Content },
): void {
  // An earlier attempt may have been killed.
  demand(disk.remove(to), 'cannot remove', to)
  const copied = demand(
    disk.copy(from, to, 0o600, null, null, contentBytesMax),
    'cannot copy',
    from,
  )
  if (copied.sha256 === content.sha256) return
  disk.remove(to)
  throw refuse('changed', `${from} was changed by another program meanwhile`, 'try again')
}

/** The revision counts as the last good one of its file. */
export function withLastGood(history: History, { path, number }: Entry): History {
  const others = history.lastGood.filter((one) => one.path !== path)
  return { ...history, lastGood: [...others, { path, number }] }
}

export function withEntry(history: History, entry: Entry): History {
  const next = Math.max(history.next, entry.number + 1)
  return { ...history, next, entries: [...history.entries, entry] }
}

/** Removes the oldest revisions until the bounds are kept. The last good one of each file and the
 *  newest are kept in any case. */
export function pruned(history: History): History {
  const entries = [...history.entries]
  const good = new Set(history.lastGood.map(({ number }) => number))
  while (entries.length > revisionsMax || keptBytes(entries) > historyBytesMax) {
    const oldest = entries.findIndex(({ number }) => !good.has(number))
    if (oldest === -1 || oldest === entries.length - 1) break
    entries.splice(oldest, 1)
  }
  return { ...history, entries }
}

function keptBytes(entries: readonly Entry[]): number {
  const bytes = new Map(entries.map(({ kept, content }) => [kept, content?.bytes ?? 0]))
  let sum = 0
  for (const [kept, one] of bytes) if (kept > 0) sum += one
  return sum
}

/** Removes the kept contents that a new list does not name any more. */
export function removeDropped(
  disk: Disk,
  { folder, daemon }: { folder: string; daemon: string },
  before: History,
  after: History,
): void {
  const named = new Set(after.entries.map(({ kept }) => kept))
  const dropped = new Set(before.entries.map(({ kept }) => kept).filter((one) => !named.has(one)))
  for (const kept of dropped) if (kept > 0) disk.remove(keptFile(folder, daemon, kept))
}

/** As the answer has it, without what concerns the disk. */
export function revisionsIn(history: History): Revision[] {
  const good = new Set(history.lastGood.map(({ number }) => number))
  return history.entries.map(({ kept: _, ...entry }) => ({
    ...entry,
    isLastGood: good.has(entry.number),
  }))
}
