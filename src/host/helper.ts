/** The part of the door to the operating system (host.ts) that may block or grow: what helpers do,
 *  and how they end. */
import type { Errno } from './system.ts'

/** `timeoutMs`: from the start of the child on; then it is killed, and its end is ETIMEDOUT even if
 *  it cannot be killed. */
export type HelperTask = {
  readonly timeoutMs: number
} /** This program again, with these arguments, in bounded memory. Its stdout is the text of the
 *  event, its stderr is ours. */ & (
  | { readonly run: readonly string[]; readonly maxBytes: number }
  /** Adds whole lines to a file: the first of the paths that can be written. Its folder and the one
   *  above are made. A line that is torn at its end is ended first. Where the file would become
   *  longer than `maxBytes`, it is renamed to PATH.1 before. */
  | { readonly append: readonly string[]; readonly text: string; readonly maxBytes: number }
  /** Writes a file (temporary file, rename) in the same way. A failure is printed on stderr, too.
   *  `finish` waits for what is written. */
  | { readonly write: readonly string[]; readonly text: string }
  /** The last whole lines of a regular file and of PATH.1 before it, at most so many bytes: of the
   *  first of the paths that has any. They are the text of the event; '' = there are none. */
  | { readonly tail: readonly string[]; readonly maxBytes: number }
  /** There is something at the path: else its errno. */
  | { readonly exists: string }
  /** A unix stream socket accepts connections: else its errno. */
  | { readonly connect: string }
)

/** A helper's end. */
export interface HelperEnd {
  readonly type: 'helper'
  readonly id: number
  /** Why the work was not done, or could not be started. */
  readonly errno: Errno | null
  /** How a program ended. */
  readonly code: number
  readonly signal: number
  readonly timedOut: boolean
  /** What it printed; null = more than it may. */
  readonly text: string | null
}
