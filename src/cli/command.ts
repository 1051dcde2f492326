/** What a verb of the command line is, and how its arguments are read. Small and our own, since all
 *  of it is in the one binary. */
import { didYouMean } from '../core/text/suggest.ts'
import { describeError, exitStatus, PitcrewError } from '../errors.ts'
import type { ClientSystem } from '../host/system.ts'

/** The parts of the overview. */
export type Group = 'Run' | 'Look' | 'Change' | 'Bundle' | 'Help'

export interface Command<Options extends OptionValues = OptionValues> {
  /** What is typed; one that begins with @ is for pitcrew itself and in no list. */
  readonly name: string
  readonly group: Group
  readonly summary: string
  /** Behind "pitcrew ". */
  readonly usage: string
  readonly details: string
  /** The names of the arguments in order; one in brackets may be left out, and of the last one,
   *  when it ends in "...", there may be several. */
  readonly args: readonly string[]
  readonly options: { readonly [Name in keyof Options]-?: OptionSpec }
  /** Ends with the exit status. Absent where the C host starts another image for the verb. */
  run?(input: Input<Options>): number | Promise<number>
}

type OptionValues = Readonly<Record<string, string | true>>

export interface OptionSpec {
  /** The name of its value, such as FILE; null = it has none. */
  readonly value: string | null
  readonly help: string
  /** The other way to write it, a letter: only where everybody expects it. */
  readonly short?: string
  /** The values that it may have, where they are few. */
  readonly choices?: readonly string[]
}

export interface Input<Options extends OptionValues = OptionValues> {
  readonly system: ClientSystem
  /** All verbs, for the help pages. */
  readonly commands: readonly Command[]
  readonly args: readonly string[]
  readonly options: Partial<Options>
  /** Data: one line (or several) on stdout. */
  print(text: string): void
  /** Talk: one line (or several) on stderr. */
  report(text: string): void
}

export interface ParsedArguments {
  readonly args: readonly string[]
  readonly options: Readonly<Record<string, string | true>>
}

/** Reads the words behind the verb: options anywhere, and behind "--" nothing but arguments. */
export function parseArguments(command: Command, words: readonly string[]): ParsedArguments {
  const args: string[] = []
  const options: Record<string, string | true> = {}
  const rest = [...words]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      args.push(...rest)
      break
    }
    if (word.startsWith('-') && word !== '-') readOption(command, word, rest, options)
    else args.push(word)
  }
  checkArgumentCount(command, args)
  return { args, options }
}

/** A mistake on the command line. */
export function usageError(
  command: Pick<Command, 'name'> | null,
  message: string,
  hint?: string | null,
): Error {
  const page = command === null ? 'pitcrew help' : `pitcrew help ${command.name}`
  return new PitcrewError('USAGE', message, hint ?? `see: ${page}`)
}

/** Runs the work of a verb and reports an error on stderr. Each image does this for its own work,
 *  because each has an error class of its own. @returns The exit status. */
export async function exitStatusOf(
  { report }: Pick<Input, 'report'>,
  work: () => number | Promise<number>,
): Promise<number> {
  try {
    return await work()
  } catch (error) {
    report(`pitcrew: ${describeError(error)}`)
    return exitStatus(error)
  }
}

/** The verbs that a person may type. */
export function typedVerbs(commands: readonly Command[]): readonly Command[] {
  return commands.filter(({ name }) => !name.startsWith('@') && name !== '--')
}

function readOption(
  command: Command,
  word: string,
  rest: string[],
  options: Record<string, string | true>,
): void {
  const equals = word.indexOf('=')
  const flag = equals === -1 ? word : word.slice(0, equals)
  const name = optionName(command, flag)
  const spec = name === null ? undefined : command.options[name]
  if (name === null || spec === undefined) {
    const known = Object.keys(command.options).map((option) => `--${option}`)
    throw usageError(command, `unknown option "${flag}"`, didYouMean(flag, known))
  }
  if (Object.hasOwn(options, name)) throw usageError(command, `${flag} is given twice`)
  if (spec.value === null) {
    if (equals !== -1) throw usageError(command, `${flag} takes no value`)
    options[name] = true
    return
  }
  const value = equals === -1 ? rest.shift() : word.slice(equals + 1)
  if (value === undefined || value === '') {
    throw usageError(command, `${flag} needs a value`, `write ${flag} ${spec.value}`)
  }
  if (spec.choices !== undefined && !spec.choices.includes(value)) {
    const hint = didYouMean(value, spec.choices) ?? `known: ${spec.choices.join(', ')}`
    throw usageError(command, `cannot read ${flag} ${value}`, hint)
  }
  options[name] = value
}

/** "--follow" and "-f" → "follow". */
function optionName(command: Command, flag: string): string | null {
  if (flag.startsWith('--')) {
    const name = flag.slice(2)
    return Object.hasOwn(command.options, name) ? name : null
  }
  const found = Object.entries(command.options).find(([, { short }]) => flag === `-${short}`)
  return found?.[0] ?? null
}

function checkArgumentCount(command: Command, args: readonly string[]): void {
  const missing = command.args[args.length]
  if (missing !== undefined && !missing.startsWith('[')) {
    const name = missing.replace('...', '')
    throw usageError(command, `missing argument ${name}`, `usage: pitcrew ${command.usage}`)
  }
  const extra = args[command.args.length]
  if (extra === undefined || command.args.at(-1)?.includes('...')) return
  throw usageError(command, `one argument too many: "${extra}"`, `usage: pitcrew ${command.usage}`)
}
