/** The last good content of a file without a transaction: adopted from a run that was verified, or
 *  put in place of one with which the daemon does not come up. */
import { contentBytesMax, type FileAnswer, type FileWork } from '../core/operations/file-work.ts'
import {
  type Entry,
  type History,
  keep,
  keptOf,
  lastGoodOf,
  pruned,
  readHistory,
  removeDropped,
  withEntry,
  withLastGood,
  writeHistory,
} from './history.ts'
import {
  candidateIn,
  type Found,
  find,
  folderOf,
  historyFolder,
  isSameContent,
  keptFile,
  type Workplace,
} from './paths.ts'
import { readRecord, writeRecord } from './record.ts'
import { demand, Refusal, refuse } from './refusal.ts'
import { endUndone, putBack } from './undo.ts'

type AdoptWork = Extract<FileWork, { kind: 'adopt' }>
type LastGoodWork = Extract<FileWork, { kind: 'use-last-good' }>

export function adopt(workplace: Workplace, work: AdoptWork): FileAnswer {
  const { disk } = workplace
  const { folder, daemon, paths, sha256s } = work
  const record = readRecord(disk, folder)
  const isOpen = record !== null && record !== 'damaged' && record.daemon === daemon
  const before = readHistory(disk, folder, daemon)
  let history = before
  const adopted: string[] = []
  const passedOver: { path: string; why: string }[] = []
  paths.forEach((path, index) => {
    try {
      if (isOpen) throw refuse('busy', `a change of ${record.path} is under way`)
      history = adoptOne(workplace, work, history, path, sha256s[index] ?? null)
      adopted.push(path)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      passedOver.push({ path, why: error.message })
    }
  })
  if (history !== before) {
    const after = pruned(history)
    makeHistoryFolder(workplace, work)
    writeHistory(disk, folder, daemon, after)
    removeDropped(disk, work, before, after)
  }
  return { kind: 'adopted', adopted, passedOver }
}

/** Keeps the present contents of files without a last good one, before the first run reads them:
 *  the run may show that they work when the files have been changed already. */
export function keepFound(
  workplace: Workplace,
  work: { readonly folder: string; readonly daemon: string; readonly at: number },
  paths: readonly string[],
  before: History,
): History {
  let history = before
  for (const path of paths) {
    if (lastGoodOf(history, path) !== null) continue
    const found = find(workplace, { path })
    if (found.content === null || entryWith(history, path, found.content.sha256)) continue
    const entry = keptEntry(workplace, work, history, found, { outcome: 'found', at: work.at })
    history = withEntry(history, entry)
  }
  if (history === before) return before
  const after = pruned(history)
  writeHistory(workplace.disk, work.folder, work.daemon, after)
  removeDropped(workplace.disk, work, before, after)
  return after
}

/** The newest revision of a file with this content, if it is kept. */
function entryWith(history: History, path: string, sha256: string): Entry | undefined {
  return history.entries.findLast(
    (entry) => entry.path === path && entry.content?.sha256 === sha256 && entry.kept > 0,
  )
}

/** @returns The history in which the content is good; the same one if it was. */
function adoptOne(
  workplace: Workplace,
  work: AdoptWork,
  history: History,
  path: string,
  sha256: string | null,
): History {
  const good = lastGoodOf(history, path)
  if (good !== null && (good.content?.sha256 ?? null) === sha256) return history
  const found = find(workplace, { path })
  if ((found.content?.sha256 ?? null) !== sha256) {
    const entry = sha256 === null ? undefined : entryWith(history, path, sha256)
    if (entry !== undefined) return withLastGood(verified(history, entry), entry)
    throw refuse('changed', `${path} was changed since the run was started`)
  }
  const newest = history.entries.findLast((entry) => entry.path === path)
  const isNewest = newest !== undefined && isSameContent(newest.content, found.content)
  if (isNewest && newest.outcome !== 'rolled back' && newest.outcome !== 'rollback failed') {
    return withLastGood(verified(history, newest), newest)
  }
  const entry = keptEntry(workplace, work, history, found, { outcome: 'adopted', at: work.at })
  return withLastGood(withEntry(history, entry), entry)
}

function verified(history: History, { number }: Entry): History {
  const entries = history.entries.map((entry) =>
    entry.number === number && entry.outcome === 'not verified'
      ? { ...entry, outcome: 'applied' as const }
      : entry,
  )
  return { ...history, entries }
}

/** The next revision, with the content of the file, which is kept. */
function keptEntry(
  workplace: Workplace,
  work: { readonly folder: string; readonly daemon: string },
  history: History,
  { path, real, content }: Found,
  { outcome, at }: Pick<Entry, 'outcome' | 'at'>,
): Entry {
  const number = history.next
  let kept = content === null ? 0 : keptOf(history, content)
  if (content !== null && kept === 0) {
    makeHistoryFolder(workplace, work)
    kept = number
    keep(workplace.disk, { from: real, to: keptFile(work.folder, work.daemon, kept), content })
  }
  return { number, path, by: '', why: '', at, outcome, cause: '', tx: '', content, kept }
}

function makeHistoryFolder(
  { disk }: Workplace,
  { folder, daemon }: { readonly folder: string; readonly daemon: string },
): void {
  const path = historyFolder(folder, daemon)
  demand(disk.makeFolders(path, 0o700), 'cannot make the folder', path)
}

// ---- back to the last good content

/** Each file is a transaction of its own, so a KILL leaves it whole. */
export function replaceByLastGood(workplace: Workplace, work: LastGoodWork): FileAnswer {
  const changed: string[] = []
  for (const path of work.paths) {
    const answer = replaceOne(workplace, work, path)
    if (answer === 'replaced') changed.push(path)
    else if (answer !== 'same') return answer
  }
  return { kind: 'restored', paths: changed }
}

function replaceOne(
  workplace: Workplace,
  work: LastGoodWork,
  path: string,
): FileAnswer | 'replaced' | 'same' {
  const { disk } = workplace
  const { folder, daemon, at } = work
  const record = readRecord(disk, folder)
  if (record !== null && record !== 'damaged') {
    throw refuse('busy', `the change ${record.tx} of ${record.path} is not finished`)
  }
  const history = readHistory(disk, folder, daemon)
  const good = lastGoodOf(history, path)
  const found = find(workplace, { path })
  if (good === null || good.content === null || isSameContent(good.content, found.content)) {
    return 'same'
  }
  const tx = `last-good-${at}`
  if (found.content === null) {
    putThere(workplace, found, keptFile(folder, daemon, good.kept), tx)
    return 'replaced'
  }
  const entry = keptEntry(workplace, work, history, found, { outcome: 'set aside', at })
  const author = { by: 'pitcrew', why: 'onBootFailure: lastGood', at }
  const written = writeRecord(disk, folder, {
    tx: `${tx}-${entry.number}`,
    daemon,
    path,
    real: found.real,
    step: 'stored',
    untilWallMs: 0,
    inPlace: false,
    isOnDisk: true,
    before: good.content,
    beforeKept: good.kept,
    foundRevision: 0,
    canRestore: true,
    after: found.content,
    afterKept: entry.kept,
    revision: entry.number,
    mode: found.state?.mode ?? 0o644,
    uid: found.state?.uid ?? null,
    gid: found.state?.gid ?? null,
    ...author,
  })
  const undone = putBack(workplace, folder, written)
  const cause = 'the daemon did not come up with it'
  endUndone(workplace, folder, written, { ...author, outcome: 'set aside', cause })
  if (undone.result === 'left') return { kind: 'left', why: undone.why, now: undone.now }
  return 'replaced'
}

/** A file that is not there is made. */
function putThere(workplace: Workplace, { real }: Found, kept: string, tx: string): void {
  const { disk } = workplace
  const copy = candidateIn(folderOf(real), real, tx)
  demand(disk.remove(copy), 'cannot remove', copy)
  demand(disk.copy(kept, copy, 0o644, null, null, contentBytesMax), 'cannot copy', kept)
  demand(disk.rename(copy, real), 'cannot make', real)
}
