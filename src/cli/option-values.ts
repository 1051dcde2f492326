/** Readers of option values. */
import { parseDuration } from '../core/text/duration.ts'
import { type Command, usageError } from './command.ts'

/** Reads "30s". @returns Milliseconds; undefined if the option is absent. */
export function readDuration(
  command: Pick<Command, 'name'>,
  option: string,
  value: string | undefined,
): number | undefined {
  if (value === undefined) return undefined
  const ms = parseDuration(value)
  if (ms !== null && ms > 0) return ms
  throw invalidValue(command, option, value, 'write a time such as 500ms, 30s or 5m')
}

/** @returns A whole number; undefined if the option is absent. */
export function readCount(
  command: Pick<Command, 'name'>,
  option: string,
  value: string | undefined,
): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value)
  throw invalidValue(command, option, value, 'write a whole number')
}

/** Reads the number of a ticket. */
export function readTicket(command: Pick<Command, 'name'>, id: string | undefined): number {
  if (id !== undefined && /^[1-9]\d{0,14}$/.test(id)) return Number(id)
  throw usageError(command, `invalid ticket "${id}"`, 'write its number, such as 5')
}

export function invalidValue(
  command: Pick<Command, 'name'>,
  option: string,
  value: string,
  hint: string,
): Error {
  return usageError(command, `invalid value "${value}" for --${option}`, hint)
}
