/** The end of a transaction that has failed: before its store, or after it. */
import type { FileAnswer, FileTarget, FileWork } from '../core/operations/file-work.ts'
import { clipped, readHistory, writeHistory } from './history.ts'
import { locate, removeCandidates, type Workplace } from './paths.ts'
import { recordOf, removeRecord } from './record.ts'
import { Refusal, refuse } from './refusal.ts'
import { endUndone, putBack, undo } from './undo.ts'

/** A transaction that is stored nevertheless, because its store was killed, is undone. What another
 *  program has written stays. */
export function discard(
  workplace: Workplace,
  { target }: Extract<FileWork, { kind: 'discard' }>,
): FileAnswer {
  const record = recordOf(workplace.disk, target.folder, target.tx)
  if (record?.isOnDisk) removeRecord(workplace.disk, target.folder)
  else if (record !== null) undo(workplace, target.folder, record, 'its store was not finished')
  removeLeftovers(workplace, target)
  return { kind: 'discarded' }
}

function removeLeftovers(workplace: Workplace, target: FileTarget): void {
  try {
    removeCandidates(workplace, locate(workplace, target).real, target.tx)
  } catch (error) {
    // The path is something else now, or the disk does not answer: the next recovery removes it.
    if (!(error instanceof Refusal)) throw error
  }
}

export function restore(
  workplace: Workplace,
  work: Extract<FileWork, { kind: 'restore' }>,
): FileAnswer {
  const { target, by, why, at, outcome, cause } = work
  const record = recordOf(workplace.disk, target.folder, target.tx)
  const isEnded = changeOutcome(workplace, work)
  if (isEnded && record !== null) removeRecord(workplace.disk, target.folder)
  if (record === null || isEnded) {
    removeLeftovers(workplace, target)
    return { kind: 'restored', paths: [] }
  }
  const undone = putBack(workplace, target.folder, record)
  const isLeft = undone.result === 'left'
  const ending = { by, why, at, cause, outcome: isLeft ? 'rollback failed' : outcome } as const
  endUndone(workplace, target.folder, record, ending)
  if (isLeft) return { kind: 'left', why: undone.why, now: undone.now }
  return { kind: 'restored', paths: undone.result === 'restored' ? [target.path] : [] }
}

/** The daemon did not come up with the old content, either.
 *  @returns Whether the attempt is in the revisions, so that the transaction has ended. */
function changeOutcome(
  { disk }: Workplace,
  { target, outcome, cause }: Extract<FileWork, { kind: 'restore' }>,
): boolean {
  const { folder, daemon, tx, path } = target
  const history = readHistory(disk, folder, daemon)
  const attempt = history.entries.find((entry) => entry.tx === tx)
  if (attempt === undefined) return false
  if (attempt.outcome !== 'rolled back' && attempt.outcome !== 'rollback failed') {
    const remedy = `pitcrew rollback ${daemon}`
    throw refuse('no-transaction', `the change ${tx} of ${path} is committed`, remedy)
  }
  const entries = history.entries.map((entry) =>
    entry === attempt ? { ...entry, outcome, cause: clipped(cause) } : entry,
  )
  writeHistory(disk, folder, daemon, { ...history, entries })
  return true
}
