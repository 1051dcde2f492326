/** Errors that a user can act on: one table of codes, one class, one way to print them. `code` is
 *  for programs and never changes; `message` says what failed, with the value and the place; `hint`
 *  says what to do. A bug is a plain `Error`, never one of these. */

/** Every code, with the exit status of a process that ends with it: 1 = the operation failed, 2 = a
 *  usage error or an invalid bundle; the others are DESIGN § 7. */
export const errorCodes = {
  USAGE: 2,
  BUNDLE_NOT_FOUND: 2,
  BUNDLE_UNREADABLE: 2,
  BUNDLE_INVALID: 2,
  WRITE_FAILED: 1,
  /** The operation failed; the ticket's outcome is `failed`. */
  FAILED: 1,
  /** A later request or a shutdown replaced this one. */
  SUPERSEDED: 1,
  /** The follower read too slowly and was disconnected. */
  LAGGED: 1,
  /** Too many clients, requests or followers. */
  BUSY: 1,
  /** The request violates the protocol. */
  REQUEST_INVALID: 2,
  NO_SUCH_DAEMON: 3,
  NO_SUCH_TICKET: 3,
  /** The daemon has no such configuration file. */
  NO_SUCH_FILE: 3,
  TIMED_OUT: 4,
  ALREADY_RUNNING: 5,
  NOT_PERMITTED: 6,
  /** No pitcrew answers, or it exited before it answered. */
  NO_PITCREW: 7,
  /** A bug in pitcrew, reported to a client. */
  INTERNAL: 70,
} as const

export type ErrorCode = keyof typeof errorCodes

/** False for a code of a later version of pitcrew. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code)
}

export class PitcrewError extends Error {
  override readonly name = 'PitcrewError'
  readonly code: ErrorCode
  readonly hint: string | null

  constructor(code: ErrorCode, message: string, hint: string | null = null, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.hint = hint
  }
}

/** Also for an error of another image, which has a class of its own. */
export function isPitcrewError(error: unknown): error is PitcrewError {
  return error instanceof Error && error.name === 'PitcrewError'
}

/** The exit status of a process that ends with this error; 70 (EX_SOFTWARE) for a bug. */
export function exitStatus(error: unknown): number {
  return isPitcrewError(error) ? errorCodes[error.code] : 70
}

/** The text for the user: one line, or for a bug the message and the stack. */
export function describeError(error: unknown): string {
  if (isPitcrewError(error)) return withHint(error.message, error.hint)
  // The engine throws null when it is out of memory.
  if (error === null) return 'out of memory'
  if (!(error instanceof Error)) return `internal error: ${String(error)}`
  // The images of the init have no lines and columns.
  const stack = (error.stack ?? '').replaceAll(' (<null>:0:1)', '')
  return `internal error: ${error.message}\n${stack}`.trimEnd()
}

/** The message and its remedy on one line. */
export function withHint(message: string, hint: string | null): string {
  return hint === null ? message : `${message}; ${hint}`
}

/** "no such file or directory (ENOENT)" */
export function describeErrno(errno: string): string {
  const words = errnoMessages[errno]
  return words === undefined ? errno : `${words} (${errno})`
}

const errnoMessages: Readonly<Record<string, string | undefined>> = {
  EACCES: 'permission denied',
  EAGAIN: 'a system limit is reached',
  EBUSY: 'file in use',
  ECONNREFUSED: 'connection refused',
  EDQUOT: 'disk quota exceeded',
  EIO: 'input/output error',
  EISDIR: 'is a directory',
  ELOOP: 'too many symbolic links',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'name too long',
  ENOENT: 'no such file or directory',
  ENOEXEC: 'not an executable format',
  ENOMEM: 'out of memory',
  ENOSPC: 'no space left on the device',
  ENOTDIR: 'a part of the path is not a directory',
  EPERM: 'not permitted',
  EROFS: 'read-only file system',
  ETIMEDOUT: 'timed out',
}
