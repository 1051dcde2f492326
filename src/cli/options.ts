/** Options that several verbs have, and how their values are read. */
import { parseDuration } from '../core/text/duration.ts'
import { type Command, type OptionSpec, usageError } from './command.ts'

export const socket: OptionSpec = {
  value: 'PATH',
  help: 'the socket of pitcrew; it is found by itself where there is only one',
}

export const json: OptionSpec = { value: null, help: 'print JSON, for programs' }

export const why: OptionSpec = { value: 'TEXT', help: 'the reason, for the journal' }

export const noWait: OptionSpec = {
  value: null,
  help: 'do not wait for the outcome: print the ticket',
}

export const timeout: OptionSpec = {
  value: 'TIME',
  help: 'give up waiting after so long, such as 30s; then the exit status is 4',
}

export const follow: OptionSpec = { value: null, short: 'f', help: 'go on with what comes' }

/** "30s" in milliseconds; nothing when it was not given. */
export function readDuration(
  command: Pick<Command, 'name'>,
  option: string,
  value: string | undefined,
): number | undefined {
  if (value === undefined) return undefined
  const ms = parseDuration(value)
  if (ms !== null && ms > 0) return ms
  throw usageError(command, `cannot read --${option} ${value}`, 'write it like 500ms, 30s or 5m')
}

export function readCount(
  command: Pick<Command, 'name'>,
  option: string,
  value: string | undefined,
): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value)
  throw usageError(command, `cannot read --${option} ${value}`, 'write a whole number')
}

/** What was given, without what was not: a request has no empty fields. */
export function definedFields<T extends object>(
  fields: T,
): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  const there = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(there) as { [K in keyof T]?: Exclude<T[K], undefined> }
}
