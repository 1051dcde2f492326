/** Commands: a daemon's own, and that of `onDeath`. A command is always a list, because splitting a
 *  string takes a shell, which an image may not have. */
import { type Reader, reportMismatch, reportProblem } from '../location.ts'
import { quote } from '../problems.ts'
import { fields, list, text } from '../read.ts'

export const command: Reader<string[]> = (value, location) => {
  const words = list(text, commandHint)(value, location)
  if (words === undefined || value.kind !== 'list') return
  const [program] = value.items
  if (program === undefined) {
    return reportProblem(location, value.offset, 'the list is empty', commandExample)
  }
  if (words[0] === '') {
    return reportProblem(location, program.offset, 'the program name is empty', commandExample)
  }
  return words
}

export const commandExample = 'add command: [PROGRAM, ARGUMENT, …]'

/** `{ command: [...] }`: a map, so that keys can be added later. */
const commandMap: Reader<string[]> = (value, location) => {
  const found = commandFields(value, location)
  if (value.kind === 'map' && value.entries.length === 0) {
    return reportProblem(location, value.offset, 'no command', commandExample)
  }
  return found?.command
}

const commandFields: Reader<Partial<{ command: string[] }>> = fields<{ command: string[] }>({
  command,
})

/** The `onDeath` of one daemon; `none` disables that of the bundle. */
export type OwnOnDeath = readonly string[] | 'none'

export const ownOnDeath: Reader<OwnOnDeath> = (value, location) => {
  if (value.kind === 'text' && value.text === 'none') return 'none'
  if (value.kind !== 'text') return onDeath(value, location)
  return reportMismatch(location, value, 'a map or none', shape)
}

/** The `onDeath` of the bundle: the default of every daemon. */
export const onDeath: Reader<readonly string[]> = (value, location) =>
  value.kind === 'map'
    ? commandMap(value, location)
    : reportMismatch(location, value, 'a map', shape)

const shape = 'write { command: [PROGRAM, ARGUMENT, …] }'

/** @returns The command for a daemon; null = none. */
export function completeOnDeath(
  own: OwnOnDeath | undefined,
  ofBundle: readonly string[] | undefined,
): readonly string[] | null {
  return own === 'none' ? null : (own ?? ofBundle ?? null)
}

function commandHint(written: string): string {
  const simple = /^[\w./:=@%+ -]+$/.test(written)
  if (simple) return `write a list: [${written.trim().split(/ +/).join(', ')}]`
  return `write a list, or for a shell: [sh, -c, ${quote(written)}]`
}
