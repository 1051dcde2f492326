/** What a server sends, line by line: the greeting, answers, and lines of logs; and what goes wrong
 *  with a request, as errors. */
import type { Failure } from '../control/protocol/failure.ts'
import { type AnswerLine, type Greeting, protocolVersion } from '../control/protocol/protocol.ts'
import { isRecord } from '../core/plan/shape.ts'
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

/** Throws what the server says instead, when it lets nobody in. */
export function readGreeting(line: string): Greeting {
  const value = parse(line)
  if (!isRecord(value)) throw noPitcrew(line)
  if (isRecord(value.failed)) throw requestError(value.failed as unknown as Failure)
  if (typeof value.pitcrew !== 'number') throw noPitcrew(line)
  if (value.pitcrew === protocolVersion) return value as unknown as Greeting
  throw new PitcrewError(
    'FAILED',
    `cannot speak with pitcrew ${value.version}: it speaks version ${value.pitcrew} ` +
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
  const hint = 'is this the socket of another program?'
  return new PitcrewError('NO_PITCREW', `what answers is no pitcrew: it says ${began}`, hint)
}

export function readAnswer(line: string): AnswerLine {
  try {
    return JSON.parse(line)
  } catch {
    const began = JSON.stringify(line.slice(0, 40))
    throw new PitcrewError('NO_PITCREW', `cannot read an answer that begins with ${began}`)
  }
}

export interface LogLine {
  /** When it was printed, in milliseconds since 1970. */
  readonly atMs: number
  /** Who printed it; null = pitcrew itself. */
  readonly daemon: string | null
  readonly text: string
  /** The text is for whoever reads this stream: something was left out of it. */
  readonly isNotice: boolean
}

/** null: the end of the stream. */
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
  return new PitcrewError('NO_PITCREW', `cannot read a line of the log that begins with ${began}`)
}
