/** What is said when a request fails: "cannot ...", the value, the remedy. */
import { didYouMean } from '../../core/text/suggest.ts'
import type { ErrorCode } from '../../errors.ts'

export interface Failure {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string | null
  /** Of a ticket that has failed, was superseded, or is still open when the time is up. */
  readonly ticket?: number
  /** What the daemon printed last, where its run has failed. */
  readonly lastLines?: readonly string[]
}

export function failure(code: ErrorCode, message: string, hint: string | null = null): Failure {
  return { code, message, hint }
}

/** @param known The daemons that are run. */
export function noSuchDaemon(name: string, known: readonly string[]): Failure {
  const list = `known: ${known.slice(0, 20).join(', ')}${known.length > 20 ? ' ...' : ''}`
  const message = `cannot find daemon ${JSON.stringify(name)}`
  return failure('NO_SUCH_DAEMON', message, didYouMean(name, known) ?? list)
}

export function internal(what: string): Failure {
  const hint = 'this is a bug of pitcrew; its log says more'
  return failure('INTERNAL', `cannot answer ${what}: an internal error`, hint)
}
