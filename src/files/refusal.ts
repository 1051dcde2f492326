/** How a work ends early. A refusal is thrown where it is found, and becomes the answer. */
import type { Refusal as Code, FileAnswer } from '../core/operations/file-work.ts'
import { describeErrno } from '../errors.ts'
import type { Errno } from '../host/system.ts'

/** The file is as before. */
export class Refusal extends Error {
  readonly code: Code
  readonly remedy: string | null

  constructor(code: Code, why: string, remedy: string | null) {
    super(why)
    this.code = code
    this.remedy = remedy
  }

  get answer(): FileAnswer {
    return { kind: 'refused', code: this.code, why: this.message, remedy: this.remedy }
  }
}

/** @param why One line, with value and place. */
export function refuse(code: Code, why: string, remedy: string | null = null): Refusal {
  return new Refusal(code, why, remedy)
}

export function diskRefusal(what: string, path: string, errno: Errno): Refusal {
  return refuse('disk', `${what} ${path}: ${describeErrno(errno)}`, remedies[errno] ?? null)
}

const remedies: Readonly<Record<string, string | undefined>> = {
  EACCES: 'give the user of pitcrew write access',
  EDQUOT: 'make room on the disk',
  ENOSPC: 'make room on the disk',
  EROFS: 'mount it for writing',
}

export function isErrno<T>(answer: T | Errno): answer is Extract<T | Errno, string> {
  return typeof answer === 'string'
}

/** @returns The answer of the disk. @throws Refusal with "what path: the error". */
export function demand<T>(answer: T | Errno, what: string, path: string): Exclude<T, string> {
  if (typeof answer === 'string') throw diskRefusal(what, path, answer)
  return answer as Exclude<T, string>
}
