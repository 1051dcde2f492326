/** Puts the old content of a transaction back, and ends the transaction.
 *
 *  Only a content that the transaction itself wrote is replaced. A file that was written in place
 *  may be a mixture of both contents after a KILL, which is recognised, and only while the record
 *  says that it was being written. Any other content is the work of another program, and is left.
 */
import type { Content } from '../core/operations/change.ts'
import {
  type Author,
  contentBytesMax,
  type FileTarget,
  type RevisionOutcome,
} from '../core/operations/file-work.ts'
import {
  clipped,
  type Entry,
  type History,
  pruned,
  readHistory,
  removeDropped,
  withEntry,
  writeHistory,
} from './history.ts'
import {
  candidateIn,
  describeContent,
  type Found,
  find,
  folderOf,
  isSameContent,
  isUntouched,
  keptFile,
  removeCandidates,
  type Workplace,
} from './paths.ts'
import { readRecord, removeRecord, type TransactionRecord, writeRecord } from './record.ts'
import { demand, diskRefusal, isErrno, Refusal, refuse } from './refusal.ts'

/** `left`: another program has changed the file; `why` says what it has. */
export type Undone = Readonly<
  | { result: 'unchanged' }
  | { result: 'restored' }
  | { result: 'left'; why: string; now: Content | null }
>

/** @throws Refusal when the old content could not be put back: it may be tried again. */
export function putBack(workplace: Workplace, folder: string, record: TransactionRecord): Undone {
  const now = presentContent(workplace, record)
  if (now instanceof Refusal) return { result: 'left', why: now.message, now: null }
  const { before, path, canRestore, real } = record
  if (canRestore && isSameContent(now.content, before)) return { result: 'unchanged' }
  if (!canRestore) {
    const why = `no earlier content of ${path} is known`
    return { result: 'left', why, now: now.content }
  }
  const isOurs = now.real === real && isSameContent(now.content, record.after)
  if (!isOurs && !isMixture(workplace, folder, record, now)) {
    const has = `${path} was changed by another program: it has ${describeContent(now.content)}`
    return { result: 'left', why: has, now: now.content }
  }
  replace(workplace, folder, record, now)
  return { result: 'restored' }
}

/** @returns A Refusal for a path that was made something else. */
function presentContent(workplace: Workplace, record: TransactionRecord): Found | Refusal {
  try {
    return find(workplace, record)
  } catch (error) {
    if (error instanceof Refusal && error.code !== 'disk') return error
    throw error
  }
}

function replace(
  workplace: Workplace,
  folder: string,
  record: TransactionRecord,
  now: Found,
): void {
  const { disk } = workplace
  const { before, daemon, real, beforeKept } = record
  if (before === null) return void demand(disk.remove(real), 'cannot remove', real)
  const kept = keptFile(folder, daemon, beforeKept)
  if (record.inPlace) return overwrite(workplace, folder, record, now)
  const copy = candidateIn(folderOf(real), real, record.tx)
  demand(disk.remove(copy), 'cannot remove', copy)
  const { mode, uid, gid } = record
  const copied = disk.copy(kept, copy, mode, uid, gid, contentBytesMax)
  if (isErrno(copied)) {
    if (canWriteInPlace(copied)) return overwrite(workplace, folder, record, now)
    throw diskRefusal('cannot copy', kept, copied)
  }
  if (!isSameContent(copied, before)) {
    disk.remove(copy)
    throw damaged(kept, copied)
  }
  if (!isUntouched(workplace, now)) {
    disk.remove(copy)
    throw changedMeanwhile(real)
  }
  const problem = disk.rename(copy, real)
  if (problem === null) return
  disk.remove(copy)
  if (canWriteInPlace(problem)) return overwrite(workplace, folder, record, now)
  throw diskRefusal('cannot replace', real, problem)
}

/** Errors with which a file cannot be replaced, but perhaps be written over. */
export function canWriteInPlace(errno: string): boolean {
  return ['EBUSY', 'EXDEV', 'EROFS', 'EACCES', 'EPERM'].includes(errno)
}

function overwrite(
  workplace: Workplace,
  folder: string,
  record: TransactionRecord,
  now: Found,
): void {
  const { disk } = workplace
  const { before, real, daemon, beforeKept } = record
  const kept = keptFile(folder, daemon, beforeKept)
  const content = demand(disk.hash(kept, contentBytesMax), 'cannot read', kept)
  if (!isSameContent(content, before)) throw damaged(kept, content)
  writeRecord(disk, folder, { ...record, inPlace: true, step: 'restoring' })
  if (!isUntouched(workplace, now)) throw changedMeanwhile(real)
  demand(disk.overwrite(kept, real), 'cannot write', real)
}

function damaged(kept: string, content: Content): Refusal {
  return refuse('disk', `the old content in ${kept} is damaged: it has ${describeContent(content)}`)
}

function changedMeanwhile(real: string): Refusal {
  return refuse('changed', `${real} was changed while its old content was put back`)
}

/** Whether a write in place was interrupted. */
function isMixture(
  { disk }: Workplace,
  folder: string,
  record: TransactionRecord,
  now: Found,
): boolean {
  const { step, inPlace, daemon, real, before, after } = record
  const isWriting = inPlace && (step === 'storing' || step === 'restoring')
  if (!isWriting || now.real !== real || now.content === null || before === null) return false
  const side = (path: string, { bytes }: Content): Side => {
    const { text } = demand(disk.readText(path, contentBytesMax), 'cannot read', path)
    return { text, bytes }
  }
  const mixed = side(real, now.content)
  const old = side(keptFile(folder, daemon, record.beforeKept), before)
  const fresh = side(keptFile(folder, daemon, record.afterKept), after)
  if (isWrittenOver(mixed, fresh, old) || isWrittenOver(mixed, old, fresh)) return true
  // The undo was interrupted, too.
  return step === 'restoring' && isOfBoth(mixed, old, fresh)
}

interface Side {
  readonly text: string
  readonly bytes: number
}

/** The beginning of one content, then the rest of another, at its place. */
function isWrittenOver(mixed: Side, upper: Side, lower: Side): boolean {
  let same = 0
  while (same < mixed.text.length && mixed.text[same] === upper.text[same]) same++
  let rest = mixed.text.slice(same)
  // A character that was cut in two is no UTF-8.
  for (let cut = 0; cut < 4 && rest.startsWith('\ufffd'); cut++) rest = rest.slice(1)
  if (rest === '') return mixed.bytes >= lower.bytes
  return mixed.bytes === lower.bytes && lower.text.endsWith(rest)
}

/** Each character is that of one of the contents, at its place. Only for ASCII, where a character
 *  is a byte. */
function isOfBoth(mixed: Side, old: Side, fresh: Side): boolean {
  if ([mixed, old, fresh].some(({ text, bytes }) => text.length !== bytes)) return false
  if (mixed.bytes < Math.min(old.bytes, fresh.bytes)) return false
  for (let at = 0; at < mixed.bytes; at++) {
    const char = mixed.text[at]
    if (char !== old.text[at] && char !== fresh.text[at]) return false
  }
  return true
}

// ---- the end of a transaction

/** What becomes of the attempt in the revisions. */
export interface Ending extends Author {
  readonly outcome: RevisionOutcome
  readonly cause: string
}

/** Appends the attempt to the revisions, and removes the record. The file is as it should be, so
 *  the transaction ends also if the revisions cannot be written. */
export function endUndone(
  workplace: Workplace,
  folder: string,
  record: TransactionRecord,
  ending: Ending,
): void {
  const { disk } = workplace
  const { daemon } = record
  try {
    const before = readHistory(disk, folder, daemon)
    const after = pruned(withAttempt(before, record, ending))
    writeHistory(disk, folder, daemon, after)
    removeRecord(disk, folder)
    removeDropped(disk, { folder, daemon }, before, after)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    removeRecord(disk, folder)
  }
  removeCandidates(workplace, record.real, record.tx)
}

/** The history with the attempt, and with the content that was found before it. */
function withAttempt(history: History, record: TransactionRecord, ending: Ending): History {
  if (hasAttempt(history, record.tx)) return history
  return withEntry(withFound(history, record), attemptOf(record, ending))
}

export function hasAttempt(history: History, tx: string): boolean {
  return history.entries.some((entry) => entry.tx === tx)
}

export function withFound(history: History, record: TransactionRecord): History {
  const { foundRevision: number, path, before: content, beforeKept: kept, at } = record
  if (number === 0) return history
  const author = { by: '', why: '', at, tx: '', cause: '' }
  return withEntry(history, { ...author, number, path, outcome: 'found', content, kept })
}

export function attemptOf(
  { tx, path, revision: number, after: content, afterKept: kept }: TransactionRecord,
  { by, why, at, outcome, cause }: Ending,
): Entry {
  const texts = { by: clipped(by), why: clipped(why), cause: clipped(cause) }
  return { number, path, at, outcome, tx, content, kept, ...texts }
}

// ---- a transaction that nothing continues

/** Undoes another transaction that is recorded: its work was killed, or has failed.
 *  @throws Refusal when that is not possible now. */
export function endUnfinished(workplace: Workplace, { folder, tx }: FileTarget): void {
  const record = readRecord(workplace.disk, folder)
  if (record === null || record === 'damaged' || record.tx === tx) return
  try {
    undo(workplace, folder, record, 'it was not finished')
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const why = `the change ${record.tx} of ${record.path} is not undone yet: ${error.message}`
    throw refuse('busy', why, error.remedy)
  }
}

/** Undoes a transaction, unless it had ended: then only its record is removed. */
export function undo(
  workplace: Workplace,
  folder: string,
  record: TransactionRecord,
  cause: string,
  at: number = record.at,
): Undone | { readonly result: 'finished' } {
  const { disk } = workplace
  if (hasAttempt(readHistory(disk, folder, record.daemon), record.tx)) {
    removeRecord(disk, folder)
    removeCandidates(workplace, record.real, record.tx)
    return { result: 'finished' }
  }
  const undone = putBack(workplace, folder, record)
  const { by, why } = record
  const outcome = undone.result === 'left' ? 'rollback failed' : 'rolled back'
  endUndone(workplace, folder, record, { by, why, at, outcome, cause })
  return undone
}
