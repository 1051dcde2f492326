/** What goes wrong with a request, as errors: what the server says, and that there is none. */
import type { Failure } from '../control/protocol/protocol.ts'
import { type ErrorCode, isErrorCode, PitcrewError } from '../errors.ts'

/** The server refused a request, or what was asked for has failed. */
export class RequestError extends PitcrewError {
  /** The ticket that has failed, was superseded, or is still open when the time is up. */
  readonly ticket: number | null
  /** What the daemon printed last, where its run has failed. */
  readonly lastLines: readonly string[]

  constructor(code: ErrorCode, { message, hint, ticket, lastLines }: Failure) {
    super(code, message, hint)
    this.ticket = ticket ?? null
    this.lastLines = lastLines ?? []
  }
}

/** @param failure As it came: a later server may know codes that are not known here. */
export function requestError(failure: Failure): RequestError {
  return new RequestError(isErrorCode(failure.code) ? failure.code : 'FAILED', failure)
}

/** The connection ended before there was an answer. */
export function connectionLost(): PitcrewError {
  const hint = 'it has ended, or its log says why'
  return new PitcrewError('NO_PITCREW', 'pitcrew has closed the connection', hint)
}
