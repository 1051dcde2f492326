/** The disk work of changes of configuration files: what the init orders from a helper program
 *  (`@files`, src/files), and what that answers. Both are JSON.
 *
 *  An apply is these works, in this order; each is a process of its own:
 *
 *      prepare ──> store ──> [mark] ──> commit
 *         │          └─────────┴──────> restore
 *         └──> discard
 *
 *  Works of a bundle must be done one after the other. A work that was killed or has failed may be
 *  repeated. After a KILL between any two of its steps the file has its old or its new content
 *  whole, and `recover` or `restore` undoes what was not committed. A content that another program
 *  wrote meanwhile is never overwritten.
 *
 *  On disk, in the bundle's state folder (mode 0700, its files 0600):
 *
 *      transaction.json               the transaction that is stored and not yet committed
 *      config/DAEMON/revisions.json   the revisions of the daemon's files
 *      config/DAEMON/N                the content of revision N
 *
 *  The candidate is `.NAME.pitcrew-TX` beside the file, with the file's owner and mode, so that the
 *  daemon's check can read it. Where that folder cannot be written it is in RUN/BUNDLE. */
import type { Content } from './change.ts'

/** The largest content, in bytes. @public */
export const contentBytesMax: number = 1024 * 1024
/** The number of revisions that are kept of a daemon. The last good one of each file is kept in
 *  addition. @public */
export const revisionsMax = 10
/** The bytes of the contents that are kept of a daemon, except the last good ones. @public */
export const historyBytesMax: number = 8 * 1024 * 1024
/** The longest diff, in bytes. @public */
export const diffBytesMax: number = 8 * 1024

/** Where the new content comes from. */
export type Source = Readonly<
  /** The stdin of the work. */
  | { from: 'stdin' }
  /** Another program has written the file already. */
  | { from: 'disk' }
  /** A revision of the same file; null = the last good one whose content differs from the file. */
  | { from: 'revision'; revision: number | null }
>

/** The file that a transaction changes. */
export interface FileTarget {
  /** The bundle's state folder; its last part is the name of the bundle. */
  readonly folder: string
  readonly daemon: string
  /** One of the daemon's `config:` files, an absolute path. */
  readonly path: string
  /** The transaction: LIFE-TICKET, of letters, digits and `-`. It is never used again. */
  readonly tx: string
}

/** What a revision records of its request. */
export interface Author {
  /** The requester, in words. */
  readonly by: string
  /** The reason that the requester gave; '' = none. */
  readonly why: string
  /** Milliseconds since 1970. */
  readonly at: number
}

export type FileWork = Readonly<
  /** Checks the path, makes the candidate and compares. What the daemon reads is not changed.
   *  `ifMatch`: the SHA-256 that the file must have, also behind "sha256:"; null = any. `isDry`: a
   *  store does not follow. Answer: `prepared`, or `refused` when there is no candidate. */
  | { kind: 'prepare'; target: FileTarget; source: Source; ifMatch: string | null; isDry: boolean }
  /** Removes the candidate. Answer: `discarded`. */
  | { kind: 'discard'; target: FileTarget }
  /** Saves both contents, records the transaction, and replaces the file by the candidate: by a
   *  rename, or in place where that is not possible. `before`, `after`: as in `prepared`; if the
   *  file or the candidate has another content now, the store is refused. `isOnDisk`: the source is
   *  `disk`, and the file has the content already. Answer: `stored`; `refused`: the file is as
   *  before, the candidate is gone; `failed`. */
  | ({
      kind: 'store'
      target: FileTarget
      before: Content | null
      after: Content
      isOnDisk: boolean
    } & Author)
  /** Records that a confirmation is awaited. It does not keep the content over a restart of
   *  pitcrew: `recover` undoes it. Answer: `marked`. */
  | { kind: 'mark'; target: FileTarget; step: 'confirming'; untilWallMs: number }
  /** Appends the new content to the revisions, and ends the transaction. `isVerified`: it is the
   *  last good content from now on. Answer: `committed`. */
  | ({ kind: 'commit'; target: FileTarget; isVerified: boolean } & Author)
  /** Puts the old content back, appends the attempt to the revisions with its outcome, and ends the
   *  transaction. If nothing was stored, only the candidate is removed. After the end it only
   *  changes the outcome in the revisions. Answer: `restored`; `left`; `failed`: the transaction is
   *  still recorded, and the work may be repeated. */
  | ({
      kind: 'restore'
      target: FileTarget
      outcome: 'rolled back' | 'rollback failed'
      cause: string
    } & Author)
  /** A run was verified with these contents: each becomes the last good one, if the file still has
   *  it. null: the file did not exist; such a file is only adopted if it does not exist. The
   *  files of a daemon with an open transaction are passed over. Answer: `adopted`. */
  | {
      kind: 'adopt'
      folder: string
      daemon: string
      paths: readonly string[]
      sha256s: readonly (string | null)[]
      at: number
    }
  /** At boot, before the first daemon: undoes what an earlier life has stored and not committed,
   *  and removes what it has left. `daemons`: those that have `config:`. Answer: `recovered`. */
  | {
      kind: 'recover'
      folder: string
      nowWallMs: number
      daemons: readonly { readonly name: string; readonly paths: readonly string[] }[]
    }
  /** Answer: `history`. */
  | { kind: 'history'; folder: string; daemon: string }
  /** Replaces each file that differs from its last good content by that content. The present one is
   *  kept as a revision. Answer: `restored`; `left` or `failed` for the first file that is not. */
  | { kind: 'use-last-good'; folder: string; daemon: string; paths: readonly string[]; at: number }
>

export type FileAnswer = Readonly<
  | Prepared
  | { kind: 'discarded' }
  /** `inPlace`: the file was written over, because it cannot be replaced. */
  | { kind: 'stored'; inPlace: boolean; revision: number }
  | { kind: 'marked' }
  /** `isEdited`: another program has changed the file since it was stored. What was verified is
   *  recorded; the file is as that program left it. */
  | { kind: 'committed'; revision: number; isEdited: boolean }
  /** `paths`: the files that were changed by this work; [] = they had the content already. */
  | { kind: 'restored'; paths: readonly string[] }
  /** Another program has changed the file, which is left as it is. The transaction has ended. */
  | { kind: 'left'; why: string; now: Content | null }
  /** `adopted`: the files whose given content is the last good one now, in the order of the work.
   *  `passedOver`: the others, and why. */
  | {
      kind: 'adopted'
      adopted: readonly string[]
      passedOver: readonly { readonly path: string; readonly why: string }[]
    }
  | Recovered
  | { kind: 'history'; revisions: readonly Revision[] }
  /** It cannot be done, and the file is as before. `why`: one line, with value and place. `remedy`:
   *  what to do; null = `why` says it. */
  | { kind: 'refused'; code: Refusal; why: string; remedy: string | null }
  /** It was not finished: `why` says what failed, and what is true of the file. */
  | { kind: 'failed'; why: string; remedy: string | null }
>

export interface Prepared {
  readonly kind: 'prepared'
  /** The content that is replaced, and to which a rollback returns; null = the file does not exist.
   *  With the source `disk`: the last good content. */
  readonly before: Content | null
  readonly after: Content
  /** The path of a file with the new content, for the check. With `isSame`: the file itself. */
  readonly candidate: string
  /** The file has the new content already; with the source `disk`: that is the last good one. */
  readonly isSame: boolean
  /** False: the source is `disk` and no earlier content is known, so a rollback is not possible. */
  readonly canRestore: boolean
  /** The file will be written in place. `stored` says what was done: a rename may be refused. */
  readonly inPlace: boolean
  /** Unified, at most 8 KiB, without secrets (src/files/diff.ts); '' = no difference. */
  readonly diff: string
  /** null = none is known, or the file did not exist. */
  readonly lastGood: Content | null
  /** The number that the new content will have. */
  readonly revision: number
}

export interface Recovered {
  readonly kind: 'recovered'
  /** What was found and done, one line each, for the log; [] = nothing was left. */
  readonly notes: readonly string[]
  /** False: the disk has refused something, and the recovery should be repeated. */
  readonly isWhole: boolean
  /** What an earlier life had not ended; null = nothing. */
  readonly transaction: UnfinishedTransaction | null
  /** The last good contents that are known; `sha256`: null = the file did not exist. */
  readonly lastGood: readonly {
    readonly daemon: string
    readonly path: string
    readonly sha256: string | null
  }[]
}

export interface UnfinishedTransaction {
  readonly tx: string
  readonly daemon: string
  readonly path: string
  /** `finished`: it had been committed or restored. `undone`: the file has its old content. `left`:
   *  another program has changed the file, which is left as it is. `failed`: the old content could
   *  not be put back; the transaction stays recorded, and the next recovery tries again. */
  readonly result: 'finished' | 'undone' | 'left' | 'failed'
  readonly before: Content | null
  readonly after: Content
  readonly why: string
}

/** A content that a file had, or that was tried. */
export interface Revision extends Author {
  /** 1, 2, 3 … over all files of the daemon. */
  readonly number: number
  readonly path: string
  readonly outcome: RevisionOutcome
  /** Why it was rolled back; '' = it was not. */
  readonly cause: string
  /** The transaction; '' = none. */
  readonly tx: string
  /** null: the file did not exist. */
  readonly content: Content | null
  /** The last good content of its file. */
  readonly isLastGood: boolean
}

/** `applied`: by a transaction, and verified. `not verified`: by a transaction while the daemon did
 *  not run. `adopted`: a run was verified with it. `found`: the file had it before the first
 *  change. `set aside`: replaced by the last good content at boot. */
export type RevisionOutcome =
  | 'applied'
  | 'not verified'
  | 'adopted'
  | 'found'
  | 'rolled back'
  | 'rollback failed'
  | 'set aside'

export type Refusal =
  /** A folder, a device, a socket or a pipe; or a link to nothing. */
  | 'not-a-file'
  /** A link to a file that is not in the folder of the link. */
  | 'leaves-folder'
  | 'no-folder'
  | 'no-file'
  | 'too-large'
  /** The file has another content than `ifMatch` says. */
  | 'if-match'
  | 'no-revision'
  /** Another program has changed the file since the candidate was made. */
  | 'changed'
  /** The candidate is gone, or has another content. */
  | 'no-candidate'
  /** Another transaction is recorded. */
  | 'busy'
  /** This transaction is not recorded. */
  | 'no-transaction'
  /** The disk has refused something; `why` has the error. */
  | 'disk'
