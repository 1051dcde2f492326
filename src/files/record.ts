/** The record of the transaction under way: `transaction.json`. It is written before the file is
 *  changed, and removed when the transaction has ended. It says everything that is needed to undo
 *  the change without the bundle, which may be another one at the next boot. */
import type { Content } from '../core/operations/change.ts'
import type { Author } from '../core/operations/file-work.ts'
import type { Disk } from '../host/disk.ts'
import { transactionFile } from './paths.ts'
import { demand, isErrno } from './refusal.ts'

/** Of another version of this format nothing is read. */
const version = 1
const bytesMax = 64 * 1024

export interface TransactionRecord extends Author {
  readonly version: number
  readonly tx: string
  readonly daemon: string
  readonly path: string
  /** The file itself, without links. */
  readonly real: string
  /** `storing`, `restoring`: a file that is written in place may be a mixture of both contents. */
  readonly step: 'storing' | 'stored' | 'confirming' | 'restoring'
  /** When a confirmation is too late; 0 = none is awaited. */
  readonly untilWallMs: number
  readonly inPlace: boolean
  /** Another program had written the new content. */
  readonly isOnDisk: boolean
  /** What an undo puts back; null = the file did not exist. */
  readonly before: Content | null
  /** The number of its kept content; 0 = it has none. */
  readonly beforeKept: number
  /** The revision that the old content becomes; 0 = it is one already, or there is none. */
  readonly foundRevision: number
  /** False: no earlier content is known. */
  readonly canRestore: boolean
  readonly after: Content
  readonly afterKept: number
  readonly revision: number
  /** Of the file that is put back; `uid`, `gid`: null = that of this process. */
  readonly mode: number
  readonly uid: number | null
  readonly gid: number | null
}

/** @returns null where there is none, and `damaged` where it cannot be understood. */
export function readRecord(disk: Disk, folder: string): TransactionRecord | null | 'damaged' {
  const path = transactionFile(folder)
  const answer = disk.readText(path, bytesMax)
  if (answer === 'ENOENT' || answer === 'ENOTDIR') return null
  if (answer === 'EFBIG' || answer === 'EINVAL') return 'damaged'
  return parsed(demand(answer, 'cannot read', path).text)
}

function parsed(text: string): TransactionRecord | 'damaged' {
  try {
    const record = JSON.parse(text) as TransactionRecord
    const isOurs = record.version === version && typeof record.real === 'string'
    return isOurs && typeof record.after.sha256 === 'string' ? record : 'damaged'
  } catch {
    return 'damaged'
  }
}

/** The record of this transaction; null = another one, or none. */
export function recordOf(disk: Disk, folder: string, tx: string): TransactionRecord | null {
  const record = readRecord(disk, folder)
  return record !== null && record !== 'damaged' && record.tx === tx ? record : null
}

export type NewRecord = Omit<TransactionRecord, 'version'>

/** Durable when it returns. @throws Refusal when the disk refuses it. */
export function writeRecord(disk: Disk, folder: string, record: NewRecord): TransactionRecord {
  const complete = { ...record, version }
  const path = transactionFile(folder)
  demand(disk.write(path, JSON.stringify(complete)), 'cannot write', path)
  return complete
}

export function removeRecord(disk: Disk, folder: string): void {
  const path = transactionFile(folder)
  demand(disk.remove(path), 'cannot remove', path)
}

/** Moves a record that cannot be understood out of the way. @returns Its new path. */
export function setRecordAside(disk: Disk, folder: string): string {
  const path = transactionFile(folder)
  const aside = `${path}.damaged`
  return isErrno(disk.rename(path, aside) ?? undefined) ? path : aside
}
