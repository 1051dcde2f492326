/** What a person may be told: one table of codes, one class, one way to print it. `code` is for
 *  programs and never changes; `message` says what could not be done, with the value and the place;
 *  `hint` says what to do next. A bug is a plain `Error`, never one of these. */

/** Every code and the exit status of a process that ends with it. 2 = usage, or a bundle that is
 *  not valid; 1 = the operation failed. A code is added with the first place that needs it. */
export const errorCodes = {
  USAGE: { exit: 2 },
  BUNDLE_NOT_FOUND: { exit: 2 },
  BUNDLE_UNREADABLE: { exit: 2 },
  BUNDLE_INVALID: { exit: 2 },
  WRITE_FAILED: { exit: 1 },
  /** The operation was done wrong, or not at all; of a ticket: `failed`. */
  FAILED: { exit: 1 },
  /** Something else was asked for meanwhile, or everything ends. */
  SUPERSEDED: { exit: 1 },
  /** The one who follows reads more slowly than there is to be read, and was cut off. */
  LAGGED: { exit: 1 },
  /** There are too many clients, requests or followers already. */
  BUSY: { exit: 1 },
  /** A request that is not in the protocol. */
  REQUEST_INVALID: { exit: 2 },
  NO_SUCH_DAEMON: { exit: 3 },
  NO_SUCH_TICKET: { exit: 3 },
  TIMED_OUT: { exit: 4 },
  ALREADY_RUNNING: { exit: 5 },
  NOT_PERMITTED: { exit: 6 },
  /** No pitcrew answers, or it was gone before it had answered. */
  NO_PITCREW: { exit: 7 },
  /** A bug of pitcrew, told to a client. */
  INTERNAL: { exit: 70 },
} as const

export type ErrorCode = keyof typeof errorCodes

/** A code that comes from elsewhere may be of a later version. */
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

/** The exit status of a process that ends with this error; 70 (EX_SOFTWARE) for a bug. */
export function exitStatus(error: unknown): number {
  return error instanceof PitcrewError ? errorCodes[error.code].exit : 70
}

/** The text a person sees: one line for what they can act on, the stack as well for a bug. */
export function describeError(error: unknown): string {
  if (error instanceof PitcrewError) return withHint(error.message, error.hint)
  // The small engine throws null when its memory is used up.
  if (error === null) return 'out of memory'
  if (!(error instanceof Error)) return `internal error: ${String(error)}`
  return `internal error: ${error.message}\n${error.stack ?? ''}`.trimEnd()
}

/** A message and its remedy on one line. */
export function withHint(message: string, hint: string | null): string {
  return hint === null ? message : `${message}; ${hint}`
}

/** Why the operating system refused, in words: "no such file or directory (ENOENT)". */
export function describeErrno(errno: string): string {
  const words = errnoMessages[errno]
  return words === undefined ? errno : `${words} (${errno})`
}

const errnoMessages: Readonly<Record<string, string | undefined>> = {
  EACCES: 'permission denied',
  EAGAIN: 'a limit of the system is reached',
  EBUSY: 'the file is in use',
  ECONNREFUSED: 'nobody listens there',
  EDQUOT: 'the disk quota is used up',
  EIO: 'input/output error',
  EISDIR: 'it is a directory',
  ELOOP: 'too many symbolic links',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'no such file or directory',
  ENOEXEC: 'not in a format that can be executed',
  ENOMEM: 'out of memory',
  ENOSPC: 'no space left on the device',
  ENOTDIR: 'a part of the path is not a directory',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ETIMEDOUT: 'no answer in time',
}
