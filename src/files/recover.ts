/** What is done at boot: a transaction that an earlier life has not ended is undone, files that it
 *  has left are removed, and the last good contents are listed. */
import type { FileWork, Recovered, UnfinishedTransaction } from '../core/operations/file-work.ts'
import { type History, keptNumber, readHistory, revisionsIn } from './history.ts'
import { keepFound } from './last-good.ts'
import {
  candidatePrefix,
  folderOf,
  historyFolder,
  join,
  keptFile,
  locate,
  revisionsFile,
  transactionFile,
  type Workplace,
} from './paths.ts'
import { readRecord, setRecordAside, type TransactionRecord } from './record.ts'
import { isErrno, Refusal } from './refusal.ts'
import { undo } from './undo.ts'

type RecoverWork = Extract<FileWork, { kind: 'recover' }>

export function recover(workplace: Workplace, work: RecoverWork): Recovered {
  const { disk } = workplace
  const { folder } = work
  const notes: Notes = []
  const record = guarded(notes, () => readRecord(disk, folder)) ?? null
  let transaction: UnfinishedTransaction | null = null
  if (record === 'damaged') {
    notes.push(`the record of a change was damaged, and is now ${setRecordAside(disk, folder)}`)
  } else if (record !== null) {
    transaction = endRecorded(workplace, work, record)
    notes.push(noteOf(transaction))
  }
  const isOpen = transaction?.result === 'failed'
  const lastGood: { daemon: string; path: string; sha256: string | null }[] = []
  for (const daemon of work.daemons) {
    guarded(notes, () => {
      let history = readHistory(disk, folder, daemon.name)
      for (const path of daemon.paths) removeCandidatesOf(workplace, path)
      const openRecord = isOpen && record !== 'damaged' ? record : null
      removeUnnamed(workplace, folder, daemon.name, history, openRecord)
      const target = { folder, daemon: daemon.name, at: work.nowWallMs }
      if (!isOpen) history = keepFound(workplace, target, daemon.paths, history)
      for (const { path, content, isLastGood } of revisionsIn(history)) {
        if (!isLastGood) continue
        lastGood.push({ daemon: daemon.name, path, sha256: content?.sha256 ?? null })
      }
    })
  }
  for (const spare of workplace.spareFolders) removeOurs(workplace, spare, '.')
  disk.remove(temporaryOf(transactionFile(folder)))
  const isWhole = !isOpen && notes.hasFailed !== true
  return { kind: 'recovered', notes: [...notes], isWhole, transaction, lastGood }
}

/** `hasFailed`: one of them is about an error of the disk. */
type Notes = string[] & { hasFailed?: true }

/** One daemon's disk error must not hide the files of the others. */
function guarded<T>(notes: Notes, act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    notes.push(error.message)
    notes.hasFailed = true
    return undefined
  }
}

const causes: Readonly<Record<TransactionRecord['step'], string>> = {
  storing: 'pitcrew ended before it was verified',
  stored: 'pitcrew ended before it was verified',
  confirming: 'pitcrew ended before it was confirmed',
  restoring: 'pitcrew ended while its old content was put back',
}

function endRecorded(
  workplace: Workplace,
  { folder, nowWallMs }: RecoverWork,
  record: TransactionRecord,
): UnfinishedTransaction {
  const { tx, daemon, path, before, after } = record
  const cause = causes[record.step]
  const ended = (result: UnfinishedTransaction['result'], why: string): UnfinishedTransaction => ({
    tx,
    daemon,
    path,
    before,
    after,
    result,
    why,
  })
  try {
    const undone = undo(workplace, folder, record, cause, nowWallMs)
    if (undone.result === 'finished') return ended('finished', '')
    return undone.result === 'left' ? ended('left', undone.why) : ended('undone', cause)
  } catch (error) {
    if (error instanceof Refusal) return ended('failed', error.message)
    throw error
  }
}

function noteOf({ tx, daemon, path, result, why }: UnfinishedTransaction): string {
  const change = `${daemon}: the change ${tx} of ${path}`
  switch (result) {
    case 'finished':
      return `${change} had ended`
    case 'undone':
      return `${change} is rolled back: ${why}`
    case 'left':
      return `${change} is not rolled back: ${why}; the file is left as it is`
    case 'failed':
      return `${change} cannot be rolled back: ${why}; the next start tries again`
  }
}

// ---- leftovers

function removeCandidatesOf(workplace: Workplace, path: string): void {
  try {
    const { real } = locate(workplace, { path })
    removeOurs(workplace, folderOf(real), candidatePrefix(real))
  } catch (error) {
    // A path that cannot be changed has no candidates.
    if (!(error instanceof Refusal)) throw error
  }
}

/** Removes the candidates in a folder whose names begin like this. */
function removeOurs({ disk }: Workplace, folder: string, prefix: string): void {
  const names = disk.list(folder)
  if (isErrno(names)) return
  for (const name of names) {
    if (name.startsWith(prefix) && name.includes('.pitcrew-')) disk.remove(join(folder, name))
  }
}

/** What `Disk.write` leaves of a file after a KILL. */
const temporaryOf = (path: string): string => `${path}.tmp`

/** Removes kept contents that no revision and no open transaction names. */
function removeUnnamed(
  { disk }: Workplace,
  folder: string,
  daemon: string,
  history: History,
  open: TransactionRecord | null,
): void {
  const names = disk.list(historyFolder(folder, daemon))
  if (isErrno(names)) return
  disk.remove(temporaryOf(revisionsFile(folder, daemon)))
  const named = new Set(history.entries.map(({ kept }) => kept))
  if (open?.daemon === daemon) for (const kept of [open.beforeKept, open.afterKept]) named.add(kept)
  for (const name of names) {
    const number = keptNumber(name)
    if (number > 0 && !named.has(number)) disk.remove(keptFile(folder, daemon, number))
  }
}
