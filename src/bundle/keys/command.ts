/** A program and its arguments. Always a list: a string would need a shell to take it apart, and an
 *  image may have none. */
import { complain, type Reader } from '../location.ts'
import { quote } from '../problems.ts'
import { fields, list, text } from '../read.ts'

export const command: Reader<string[]> = (value, place) => {
  const words = list(text, commandHint)(value, place)
  if (words === undefined || value.kind !== 'list') return
  const [program] = value.items
  const hint = 'add command: [PROGRAM, ARGUMENT, …]'
  if (program === undefined) return complain(place, value.at, 'the list is empty', hint)
  if (words[0] === '') return complain(place, program.at, 'the program has no name', hint)
  return words
}

/** `{ command: [...] }`, where more may be said about a command one day. */
export const commandMap: Reader<string[]> = (value, place) => {
  const found = commandFields(value, place)
  if (value.kind === 'map' && value.entries.length === 0) {
    return complain(place, value.at, 'no command', 'add command: [PROGRAM, ARGUMENT, …]')
  }
  return found?.command
}

const commandFields: Reader<Partial<{ command: string[] }>> = fields<{ command: string[] }>({
  command,
})

function commandHint(written: string): string {
  const simple = /^[\w./:=@%+ -]+$/.test(written)
  if (simple) return `write a list: [${written.trim().split(/ +/).join(', ')}]`
  return `write a list, or for a shell: [sh, -c, ${quote(written)}]`
}
