/** What a verb of the command line is, and how its arguments are parsed. */
import { didYouMean } from '../core/text/suggest.ts'
import { PitcrewError } from '../errors.ts'
import type { ClientSystem } from '../host/system.ts'
import type { Report } from './exit-status.ts'

/** The sections of the overview. */
export type Group = 'Run' | 'Inspect' | 'Change' | 'Bundles' | 'Help'

export interface Command<Options extends OptionValues = OptionValues> {
  /** The verb as typed. A name that begins with @ is internal and not listed. */
  readonly name: string
  readonly group: Group
  readonly summary: string
  /** The text after "pitcrew ". */
  readonly usage: string
  readonly details: string
  /** The names of the arguments in order. Brackets mark an optional one, "..." after the last one
   *  that it may be repeated. */
  readonly args: readonly string[]
  readonly options: { readonly [Name in keyof Options]-?: OptionSpec }
  /** @returns The exit status. Absent if the C host starts another image for the verb. */
  run?(input: Input<Options>): number | Promise<number>
}

type OptionValues = Readonly<Record<string, string | true>>

export interface OptionSpec {
  /** The name of its value, such as FILE; null = a flag. */
  readonly value: string | null
  readonly help: string
  /** A letter as a short form, only where it is customary. */
  readonly short?: string
  /** The allowed values, if they are few. */
  readonly choices?: readonly string[]
}

export interface Input<Options extends OptionValues = OptionValues> extends Report {
  readonly system: ClientSystem
  readonly args: readonly string[]
  readonly options: Partial<Options>
  /** Writes data to stdout: one line or several. */
  print(text: string): void
}

export interface ParsedArguments {
  readonly args: readonly string[]
  readonly options: Readonly<Record<string, string | true>>
}

/** Parses the words after the verb. Options may stand anywhere before "--". */
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

/** @param command The hint refers to its help page; null = to the overview. */
export function usageError(
  command: Pick<Command, 'name'> | null,
  message: string,
  hint?: string | null,
): Error {
  const page = command === null ? 'pitcrew help' : `pitcrew help ${command.name}`
  return new PitcrewError('USAGE', message, hint ?? `see: ${page}`)
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
  if (Object.hasOwn(options, name)) throw usageError(command, `${flag} appears twice`)
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
    throw usageError(command, `invalid value "${value}" for ${flag}`, hint)
  }
  options[name] = value
}

/** "--follow" and "-f" → "follow". */
function optionName(command: Command, flag: string): string | null {
  if (flag.startsWith('--')) {
    const name = flag.slice(2)
    return Object.hasOwn(command.options, name) ? name : null
  }
  const option = Object.entries(command.options).find(([, { short }]) => flag === `-${short}`)
  return option?.[0] ?? null
}

function checkArgumentCount(command: Command, args: readonly string[]): void {
  const missing = command.args[args.length]
  if (missing !== undefined && !missing.startsWith('[')) {
    const name = missing.replace('...', '')
    throw usageError(command, `missing argument ${name}`, `usage: pitcrew ${command.usage}`)
  }
  const extra = args[command.args.length]
  if (extra === undefined || command.args.at(-1)?.includes('...')) return
  throw usageError(command, `unexpected argument "${extra}"`, `usage: pitcrew ${command.usage}`)
}
