/** The record of a change of a configuration file: part of its ticket, and of the answer to the
 *  client that requested it. */

/** What a file holds. An absent file is null where this is used. */
export interface Content {
  /** SHA-256 in hexadecimal. */
  readonly sha256: string
  readonly bytes: number
}

/** Where a transaction is. The order of an apply that succeeds is that of the first eight; a
 *  failure after `storing` leads to `restoring` and `reverting`. */
export type Step =
  /** Another transaction is under way. */
  | 'waiting'
  /** The candidate is written beside the file, and compared. */
  | 'preparing'
  | 'checking'
  /** The old content is saved, and the new one takes its place. */
  | 'storing'
  /** The daemon is restarted or reloaded. */
  | 'activating'
  | 'verifying'
  /** `pitcrew confirm` is awaited. */
  | 'confirming'
  /** The new content becomes the last good one. */
  | 'committing'
  /** The old content is put back. */
  | 'restoring'
  /** The daemon is restarted or reloaded with the old content. */
  | 'reverting'
  | 'over'

/** How a change ended. `unchanged`: the run was started with this content already. `planned`: only a
 *  plan was requested. `rejected`: nothing was changed. `rolled back`: the daemon runs with the old
 *  content. `rollback failed`: `words` say what is true now. */
export type ChangeResult =
  | 'applied'
  | 'unchanged'
  | 'planned'
  | 'rejected'
  | 'rolled back'
  | 'rollback failed'

/** How a new content takes effect. */
export type Activation = 'restart' | 'signal' | 'command' | 'http' | 'none'

export interface Change {
  readonly path: string
  readonly step: Step
  /** null = it is not over. */
  readonly result: ChangeResult | null
  readonly activation: Activation
  /** The content before and after; null = the file does not exist, or is not known yet. */
  readonly before: Content | null
  readonly after: Content | null
  /** The revision of the new content; null = not known yet. */
  readonly revision: number | null
  /** A unified diff with secrets masked; '' = not known yet, or no difference. */
  readonly diff: string
  /** Why it was rejected or rolled back, with the words of the check; '' = no reason. */
  readonly words: string
  /** When the change is rolled back without a confirmation, in the host's time; null = it is
   *  not. */
  readonly confirmByMs: number | null
  /** The steps that are over, in order. */
  readonly steps: readonly { readonly step: Step; readonly tookMs: number }[]
}
