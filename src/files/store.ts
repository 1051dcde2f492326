/** Replaces the file by the candidate. Both contents are saved and the transaction is recorded
 *  before, so that each later step can be undone. */
import {
  contentBytesMax,
  type FileAnswer,
  type FileTarget,
  type FileWork,
} from '../core/operations/file-work.ts'
import { clipped, type History, keep, keptOf, lastGoodOf, readHistory } from './history.ts'
import {
  candidatesOf,
  describeContent,
  type Found,
  find,
  folderOf,
  historyFolder,
  isSameContent,
  isUntouched,
  keptFile,
  removeCandidates,
  transactionFile,
  type Workplace,
} from './paths.ts'
import {
  type NewRecord,
  readRecord,
  removeRecord,
  type TransactionRecord,
  writeRecord,
} from './record.ts'
import { demand, diskRefusal, isErrno, Refusal, refuse } from './refusal.ts'
import { canWriteInPlace, putBack } from './undo.ts'

type StoreWork = Extract<FileWork, { kind: 'store' }>

export function store(workplace: Workplace, work: StoreWork): FileAnswer {
  const { target, before, after } = work
  demandNoOther(workplace, target)
  const found = find(workplace, target)
  const hasItAlready = work.isOnDisk || isSameContent(before, after)
  const expected = hasItAlready ? after : before
  if (!isSameContent(found.content, expected)) {
    const has = describeContent(found.content)
    const why = `${target.path} was changed by another program meanwhile: it has ${has}`
    throw refuse('changed', why, 'look at the file, and repeat the request')
  }
  const candidate = hasItAlready ? null : candidateOf(workplace, work, found)
  const draft = keepContents(workplace, work, found, candidate)
  const record = begin(workplace, target.folder, draft)
  if (candidate === null) {
    removeCandidates(workplace, found.real, target.tx)
    return { kind: 'stored', inPlace: false, revision: record.revision }
  }
  return replaceFile(workplace, target.folder, record, found, candidate)
}

/** From here on a KILL leads to an undo. */
function begin({ disk }: Workplace, folder: string, draft: NewRecord): TransactionRecord {
  try {
    return writeRecord(disk, folder, draft)
  } catch (error) {
    // After EIO it may be there nevertheless.
    disk.remove(transactionFile(folder))
    throw error
  }
}

function demandNoOther({ disk }: Workplace, { folder, tx }: FileTarget): void {
  const record = readRecord(disk, folder)
  if (record === null || record === 'damaged') return
  const which = record.tx === tx ? 'it' : `the change ${record.tx} of ${record.path}`
  throw refuse('busy', `${which} is stored already, and not committed`, 'discard or restore it')
}

/** The path of the candidate, which must still have the content that was checked. */
function candidateOf(workplace: Workplace, { target, after }: StoreWork, found: Found): string {
  for (const path of candidatesOf(workplace, found.real, target.tx)) {
    const content = workplace.disk.hash(path, contentBytesMax)
    if (content === 'ENOENT' || content === 'ENOTDIR') continue
    if (isErrno(content)) throw diskRefusal('cannot read', path, content)
    if (isSameContent(content, after)) return path
    const why = `${path} was changed by another program: it has ${describeContent(content)}`
    throw refuse('no-candidate', why, 'repeat the request')
  }
  throw refuse('no-candidate', `the new content of ${target.path} is gone`, 'repeat the request')
}

/** Saves the contents that are not kept yet. @returns The record that names them. */
function keepContents(
  { disk }: Workplace,
  work: StoreWork,
  found: Found,
  candidate: string | null,
): NewRecord {
  const { target, after, isOnDisk, by, why, at } = work
  const { folder, daemon, path, tx } = target
  const history = readHistory(disk, folder, daemon)
  const kept = historyFolder(folder, daemon)
  demand(disk.makeFolders(kept, 0o700), 'cannot make the folder', kept)
  const good = lastGoodOf(history, path)
  const before = isOnDisk ? (good?.content ?? null) : found.content
  const old = isOnDisk
    ? { kept: good?.kept ?? 0, found: 0 }
    : keptBefore(disk, target, history, found)
  const revision = Math.max(history.next, old.found + 1)
  let afterKept = keptOf(history, after)
  if (afterKept === 0 && isSameContent(before, after)) afterKept = old.kept
  if (afterKept === 0) {
    afterKept = revision
    const to = keptFile(folder, daemon, revision)
    keep(disk, { from: candidate ?? found.real, to, content: after })
  }
  const { state, real } = found
  return {
    tx,
    daemon,
    path,
    real,
    step: 'storing',
    untilWallMs: 0,
    isOnDisk,
    inPlace: candidate !== null && folderOf(candidate) !== folderOf(real),
    before,
    beforeKept: old.kept,
    foundRevision: old.found,
    canRestore: !isOnDisk || good !== null,
    after,
    afterKept,
    revision,
    mode: state?.mode ?? 0o644,
    uid: state?.uid ?? null,
    gid: state?.gid ?? null,
    by: clipped(by),
    why: clipped(why),
    at,
  }
}

/** @returns The numbers of the kept old content, and of the revision that it becomes (0 = it is one
 *           already, or there is none). */
function keptBefore(
  disk: Workplace['disk'],
  { folder, daemon }: FileTarget,
  history: History,
  { content, real }: Found,
): { readonly kept: number; readonly found: number } {
  if (content === null) return { kept: 0, found: 0 }
  const kept = keptOf(history, content)
  if (kept > 0) return { kept, found: 0 }
  const found = history.next
  keep(disk, { from: real, to: keptFile(folder, daemon, found), content })
  return { kept: found, found }
}

function replaceFile(
  workplace: Workplace,
  folder: string,
  record: TransactionRecord,
  found: Found,
  candidate: string,
): FileAnswer {
  const { disk } = workplace
  const isReplaceable = !record.inPlace && hasSameOwner(workplace, found, candidate)
  // Directly before the file is replaced: an edit must not be lost.
  if (!isUntouched(workplace, found)) {
    removeRecord(disk, folder)
    throw changedMeanwhile(found)
  }
  const problem = isReplaceable ? disk.rename(candidate, found.real) : 'EXDEV'
  if (problem === null) return { kind: 'stored', inPlace: false, revision: record.revision }
  try {
    const isInPlace = canWriteInPlace(problem) && found.content !== null
    if (!isInPlace) throw diskRefusal('cannot replace', found.real, problem)
    writeInPlace(workplace, folder, record, found, candidate)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return takeBack(workplace, folder, record, error)
  }
  return { kind: 'stored', inPlace: true, revision: record.revision }
}

/** A file that was given to another user meanwhile, or got another mode, is written in place. */
function hasSameOwner({ disk }: Workplace, { state }: Found, candidate: string): boolean {
  const own = disk.stat(candidate)
  if (state === null || own === null || isErrno(own)) return state === null
  return own.uid === state.uid && own.gid === state.gid && own.mode === state.mode
}

function changedMeanwhile({ path }: Found): Refusal {
  return refuse('changed', `${path} was changed by another program meanwhile`, 'try again')
}

/** Between the two records, a KILL may leave a mixture of both contents. */
function writeInPlace(
  workplace: Workplace,
  folder: string,
  record: TransactionRecord,
  found: Found,
  candidate: string,
): void {
  const { disk } = workplace
  const inPlace = { ...record, inPlace: true }
  if (!record.inPlace) writeRecord(disk, folder, inPlace)
  if (!isUntouched(workplace, found)) throw changedMeanwhile(found)
  demand(disk.overwrite(candidate, record.real), 'cannot write', record.real)
  writeRecord(disk, folder, { ...inPlace, step: 'stored' })
  disk.remove(candidate)
}

/** After an error of the disk the file may have either content, or a mixture. */
function takeBack(
  workplace: Workplace,
  folder: string,
  record: TransactionRecord,
  problem: Refusal,
): FileAnswer {
  const { disk } = workplace
  try {
    const latest = readRecord(disk, folder)
    const usable = latest === null || latest === 'damaged' ? record : latest
    putBack(workplace, folder, usable)
    removeRecord(disk, folder)
    removeCandidates(workplace, record.real, record.tx)
    return problem.answer
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const why = `${problem.message}; the old content is not back: ${error.message}`
    return { kind: 'failed', why, remedy: problem.remedy }
  }
}
