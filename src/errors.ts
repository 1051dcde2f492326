/** What a person may be told: one table of codes, one class, one way to print it. `code` is for
 *  programs and never changes; `message` says what could not be done, with the value and the place;
 *  `hint` says what to do next. A bug is a plain `Error`, never one of these. */

/** Every code and the exit status of a process that ends with it. 2 = usage, or a bundle that is
 *  not valid; 1 = the operation failed. A code is added with the first place that needs it. */
const errorCodes = {
  USAGE: { exit: 2 },
  BUNDLE_NOT_FOUND: { exit: 2 },
  BUNDLE_UNREADABLE: { exit: 2 },
  BUNDLE_INVALID: { exit: 2 },
  WRITE_FAILED: { exit: 1 },
} as const

export type ErrorCode = keyof typeof errorCodes

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
  const words = errnoWords[errno]
  return words === undefined ? errno : `${words} (${errno})`
}

const errnoWords: Readonly<Record<string, string | undefined>> = {
  EACCES: 'permission denied',
  EAGAIN: 'a limit of the system is reached',
  EBUSY: 'the file is in use',
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
}
