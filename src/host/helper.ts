/** The part of the host's interface (host.ts) for work that may block or grow: the tasks of
 *  helpers, and how they end. */
import type { Errno } from './system.ts'

/** `timeoutMs`: counts from the start of the child. Then the child is killed, and its end is
 *  ETIMEDOUT even if it cannot be killed. */
export type HelperTask = {
  readonly timeoutMs: number
} /** Runs this program with these arguments in bounded memory. Its stdout becomes the text of the
 *  event; its stderr is pitcrew's. `stdin`: the client whose content (`receiveContent`) becomes its
 *  stdin, once; without one it is empty. ENOENT: there is no such content. */ & (
  | { readonly run: readonly string[]; readonly maxBytes: number; readonly stdin?: number }
  /** Appends whole lines to the first of the paths that can be written. Creates its folder and the
   *  one above. An incomplete last line of the file is ended first. If the file would exceed
   *  `maxBytes`, it is renamed to PATH.1 before. */
  | { readonly append: readonly string[]; readonly text: string; readonly maxBytes: number }
  /** Replaces a file (temporary file, rename), with the same choice of path. A failure is also
   *  printed on stderr. `finish` waits for it. */
  | { readonly write: readonly string[]; readonly text: string }
  /** Reads the last whole lines of PATH.1 and PATH, at most `maxBytes`, for the first of the paths
   *  with any. They become the text of the event; '' = none. */
  | { readonly tail: readonly string[]; readonly maxBytes: number }
  /** Succeeds if the path exists. */
  | { readonly exists: string }
  /** Succeeds if the unix stream socket at the path accepts a connection. */
  | { readonly connect: string }
)

/** The end of a helper. */
export interface HelperEnd {
  readonly type: 'helper'
  readonly id: number
  /** Why the work failed or could not be started; null = it was done. */
  readonly errno: Errno | null
  /** The exit code and the signal of a program. */
  readonly code: number
  readonly signal: number
  readonly timedOut: boolean
  /** Its output; null = more than `maxBytes`. */
  readonly text: string | null
}
