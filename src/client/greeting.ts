/** The first line of the server: who it is, and whether we understand each other. */

import { type Failure, type Greeting, protocolVersion } from '../control/protocol/protocol.ts'
import { isRecord } from '../core/plan/shape.ts'
import { PitcrewError } from '../errors.ts'
import { requestError } from './messages.ts'

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
