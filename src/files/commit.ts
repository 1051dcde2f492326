/** The end of a transaction that has succeeded, and the mark that a confirmation is awaited. */
import type { FileAnswer, FileTarget, FileWork } from '../core/operations/file-work.ts'
import {
  pruned,
  readHistory,
  removeDropped,
  withEntry,
  withLastGood,
  writeHistory,
} from './history.ts'
import { find, isSameContent, removeCandidates, type Workplace } from './paths.ts'
import { recordOf, removeRecord, type TransactionRecord, writeRecord } from './record.ts'
import { Refusal, refuse } from './refusal.ts'
import { attemptOf, hasAttempt, withFound } from './undo.ts'

export function mark(
  { disk }: Workplace,
  { target, step, untilWallMs }: Extract<FileWork, { kind: 'mark' }>,
): FileAnswer {
  const record = recordOf(disk, target.folder, target.tx)
  if (record === null) throw notRecorded(target)
  writeRecord(disk, target.folder, { ...record, step, untilWallMs })
  return { kind: 'marked' }
}

function notRecorded({ tx, path }: FileTarget): Refusal {
  return refuse('no-transaction', `no change ${tx} of ${path} is stored`)
}

export function commit(
  workplace: Workplace,
  work: Extract<FileWork, { kind: 'commit' }>,
): FileAnswer {
  const { disk } = workplace
  const { folder, daemon, tx } = work.target
  const record = recordOf(disk, folder, tx)
  const before = readHistory(disk, folder, daemon)
  if (hasAttempt(before, tx)) {
    // An earlier attempt of this work was killed after it had written the revisions.
    const revision = before.entries.find((entry) => entry.tx === tx)?.number ?? 0
    if (record !== null) removeRecord(disk, folder)
    return { kind: 'committed', revision, isEdited: false }
  }
  if (record === null) throw notRecorded(work.target)
  const { by, why, at, isVerified } = work
  const outcome = isVerified ? 'applied' : 'not verified'
  const entry = attemptOf(record, { by, why, at, outcome, cause: '' })
  const appended = withEntry(withFound(before, record), entry)
  const after = pruned(isVerified ? withLastGood(appended, entry) : appended)
  try {
    writeHistory(disk, folder, daemon, after)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return notKept(workplace, folder, record, error)
  }
  removeRecord(disk, folder)
  removeDropped(disk, { folder, daemon }, before, after)
  removeCandidates(workplace, record.real, tx)
  const isEdited = isChanged(workplace, record)
  return { kind: 'committed', revision: record.revision, isEdited }
}

/** The content was verified, so it must not be undone, although it cannot be recorded as good. */
function notKept(
  { disk }: Workplace,
  folder: string,
  { path }: TransactionRecord,
  problem: Refusal,
): FileAnswer {
  const why = `${path} has its new content, which is not recorded as good: ${problem.message}`
  try {
    removeRecord(disk, folder)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const later = 'the next start of pitcrew will undo it'
    return { kind: 'failed', why: `${why}; ${later}: ${error.message}`, remedy: problem.remedy }
  }
  return { kind: 'failed', why, remedy: problem.remedy }
}

function isChanged(workplace: Workplace, record: TransactionRecord): boolean {
  try {
    return !isSameContent(find(workplace, record).content, record.after)
  } catch (error) {
    if (error instanceof Refusal) return error.code !== 'disk'
    throw error
  }
}
