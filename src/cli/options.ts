/** Options shared by several verbs. */
import type { OptionSpec } from './command.ts'

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

/** Makes fields optional instead of undefined. JSON.stringify omits undefined fields. */
export function definedFields<T extends object>(
  fields: T,
): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  return fields as { [K in keyof T]?: Exclude<T[K], undefined> }
}
