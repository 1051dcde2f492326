/** The failure of a request: "cannot ..." with the value, and the remedy. */

import { didYouMean } from '../../core/text/suggest.ts'
import type { ErrorCode } from '../../errors.ts'
import type { ChangeAnswer } from './operations.ts'

export interface Failure {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string | null
  /** The ticket that has failed, was superseded, or was still open at the timeout. */
  readonly ticket?: number
  /** The last lines of the daemon when its run has failed, oldest first. */
  readonly lastLines?: readonly string[]
  /** The change of a file that was rejected or rolled back. */
  readonly change?: ChangeAnswer
}

export function failure(code: ErrorCode, message: string, hint: string | null = null): Failure {
  return { code, message, hint }
}

/** @param known The selected daemons. */
export function noSuchDaemon(name: string, known: readonly string[]): Failure {
  const list = `known: ${known.slice(0, 20).join(', ')}${known.length > 20 ? ' ...' : ''}`
  const message = `cannot find daemon ${JSON.stringify(name)}`
  return failure('NO_SUCH_DAEMON', message, didYouMean(name, known) ?? list)
}

/** @param what The verb that has a bug. */
export function internal(what: string): Failure {
  const hint = 'this is a bug of pitcrew: see its log'
  return failure('INTERNAL', `cannot answer ${what}: an internal error`, hint)
}
