/** Options shared by several verbs, and readers of option values. */
import { parseDuration } from '../core/text/duration.ts'
import { type Command, type OptionSpec, usageError } from './command.ts'

export const socket: OptionSpec = {
  value: 'PATH',
  help: 'control socket of pitcrew; default: the only one that answers',
}

export const json: OptionSpec = { value: null, help: 'print JSON instead of text' }

export const why: OptionSpec = { value: 'TEXT', help: 'reason, recorded in the journal' }

export const noWait: OptionSpec = {
  value: null,
  help: 'return once the request is accepted, and print its ticket',
}

export const timeout: OptionSpec = {
  value: 'TIME',
  help: 'stop waiting after TIME, such as 30s, and exit with status 4',
}

export const follow: OptionSpec = {
  value: null,
  short: 'f',
  help: 'keep printing new lines until Ctrl-C',
}

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

export function invalidValue(
  command: Pick<Command, 'name'>,
  option: string,
  value: string,
  hint: string,
): Error {
  return usageError(command, `invalid value "${value}" for --${option}`, hint)
}

/** Makes fields optional instead of undefined. JSON.stringify omits undefined fields. */
export function definedFields<T extends object>(
  fields: T,
): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  return fields as { [K in keyof T]?: Exclude<T[K], undefined> }
}
