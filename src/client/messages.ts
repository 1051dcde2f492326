/** Reads the lines of a server: the greeting, answers and lines of logs. Failures become errors. */
import type { Failure } from '../control/protocol/failure.ts'
import type { ChangeAnswer } from '../control/protocol/operations.ts'
import { type AnswerLine, type Greeting, protocolVersion } from '../control/protocol/protocol.ts'
import { type ErrorCode, isErrorCode, PitcrewError } from '../errors.ts'

/** The server refused a request, or the requested change has failed. `code` says which, `hint` what
 *  to do next. */
export class RequestError extends PitcrewError {
  /** The ticket that has failed, was superseded, or was still open at the timeout; null = the
   *  request had none. */
  readonly ticket: number | null
  /** The last lines of the daemon when its run has failed, oldest first. */
  readonly lastLines: readonly string[]
  /** The change of a file that was rejected or rolled back; null = it was no such request. */
  readonly change: ChangeAnswer | null

  constructor(code: ErrorCode, { message, hint, ticket, lastLines, change }: Failure) {
    super(code, message, hint)
    this.ticket = ticket ?? null
    this.lastLines = lastLines ?? []
    this.change = change ?? null
  }
}

/** @param failure As received: its code may be one of a later version. */
export function requestError(failure: Failure): RequestError {
  return new RequestError(isErrorCode(failure.code) ? failure.code : 'FAILED', failure)
}

/** The connection has ended before the answer. */
export function connectionLost(): PitcrewError {
  const hint = 'pitcrew has ended; otherwise see its log'
  return new PitcrewError('NO_PITCREW', 'pitcrew has closed the connection', hint)
}

/** @throws {PitcrewError} NOT_PERMITTED, BUSY …: the failure that the server sent instead.
 *  NO_PITCREW: another program answers. FAILED: another version of the protocol. */
export function readGreeting(line: string): Greeting {
  const value = parse(line) as ({ readonly failed?: Failure | null } & Partial<Greeting>) | null
  if (typeof value?.failed === 'object' && value.failed !== null) throw requestError(value.failed)
  if (typeof value?.pitcrew !== 'number') throw noPitcrew(line)
  if (value.pitcrew === protocolVersion) return value as Greeting
  throw new PitcrewError(
    'FAILED',
    `cannot talk to pitcrew ${value.version}: it uses version ${value.pitcrew} ` +
      `of the protocol, and this client version ${protocolVersion}`,
    'use the client of the same release',
  )
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

function noPitcrew(line: string): PitcrewError {
  const began = JSON.stringify(line.slice(0, 40))
  const hint = 'this is not the socket of a pitcrew'
  return new PitcrewError(
    'NO_PITCREW',
    `cannot talk to the program at this socket: its first line is ${began}`,
    hint,
  )
}

export function readAnswer(line: string): AnswerLine {
  try {
    return JSON.parse(line)
  } catch {
    const began = JSON.stringify(line.slice(0, 40))
    throw new PitcrewError('NO_PITCREW', `cannot read an answer that begins with ${began}`)
  }
}

/** A line of the output, or of pitcrew itself. */
export interface LogLine {
  /** When pitcrew read it, in milliseconds since 1970. */
  readonly atMs: number
  /** The daemon that printed it; null = pitcrew itself, or a notice. */
  readonly daemon: string | null
  readonly text: string
  /** The text is a notice to this reader: lines were left out, because it reads too slowly. */
  readonly isNotice: boolean
}

/** Reads "TIME DAEMON TEXT"; null: the end of the stream. */
export function readLogLine(line: string): LogLine | null {
  const first = line.indexOf(' ')
  const second = line.indexOf(' ', first + 1)
  const atMs = Number(line.slice(0, first))
  if (first < 1 || second < 0 || Number.isNaN(atMs)) throw notALogLine(line)
  const daemon = line.slice(first + 1, second)
  const text = line.slice(second + 1)
  if (daemon === '.') return null
  const isNotice = daemon === '!'
  return { atMs, daemon: isNotice || daemon === '-' ? null : daemon, text, isNotice }
}

function notALogLine(line: string): PitcrewError {
  const began = JSON.stringify(line.slice(0, 40))
  return new PitcrewError('NO_PITCREW', `cannot read the line of a log that begins with ${began}`)
}
