/** The command line: chooses the verb, reads its arguments and turns whatever goes wrong into one
 *  clear message and an exit status. `run` and `-- COMMAND` never come here with work to do: the C
 *  host starts the init's image for them, and only their help pages are ours. */
import { didYouMean } from '../core/suggest.ts'
import { describeError, exitStatus } from '../errors.ts'
import type { System } from '../host/system.ts'
import { version } from '../version.ts'
import { build } from './build.ts'
import { type Command, type Input, parseWords, usageError } from './command.ts'
import { help, overview, page } from './help.ts'
import { oneCommand } from './one-command.ts'
import { plan } from './plan.ts'
import { run } from './run.ts'
import { validate } from './validate.ts'

/** In the order of the overview. */
const commands: readonly Command[] = [run, oneCommand, validate, build, help, plan]

/** @returns The exit status. A bug is reported like any error, with its stack. */
export function main(system: System): number {
  const output = {
    print: (text: string): void => system.write(1, `${text}\n`),
    talk: (text: string): void => system.write(2, `${text}\n`),
  }
  try {
    return dispatch(system, output)
  } catch (error) {
    output.talk(`pitcrew: ${describeError(error)}`)
    return exitStatus(error)
  }
}

function dispatch(system: System, output: Pick<Input, 'print' | 'talk'>): number {
  const [verb, ...words] = system.args
  if (verb === undefined) {
    output.talk(overview(commands))
    return 2
  }
  if (verb === '--version' || verb === '-V') {
    output.print(`pitcrew ${version}`)
    return 0
  }
  const command = find(verb)
  // Behind "help" alone "--" is not the end of the options but the name of a verb.
  const isAboutOne = command === help && words[0] === '--'
  if (isAboutOne || asksForHelp(words)) {
    output.print(page(isAboutOne ? oneCommand : command))
    return 0
  }
  if (command.run === undefined) throw notHere(command)
  return command.run({ system, commands, ...parseWords(command, words), ...output })
}

/** Other spellings of a verb. */
const aliases: Readonly<Record<string, string | undefined>> = {
  '--help': 'help',
  '-h': 'help',
  '-g': '--',
}

function find(verb: string): Command {
  const name = aliases[verb] ?? verb
  const command = commands.find((candidate) => candidate.name === name)
  if (command !== undefined) return command
  const isOption = verb.startsWith('-')
  const known = isOption
    ? ['--help', '--version']
    : commands.map(({ name }) => name).filter((name) => !name.startsWith('@') && name !== '--')
  const what = isOption ? 'option' : 'verb'
  throw usageError(null, `unknown ${what} "${verb}"`, didYouMean(verb, known))
}

function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  const ours = end === -1 ? words : words.slice(0, end)
  return ours.includes('--help') || ours.includes('-h')
}

/** The C host sends such a verb here only when there is nothing to run. */
function notHere(command: Command): Error {
  const usage = `usage: pitcrew ${command.usage}`
  if (command.name === '--') return usageError(command, 'no command to run', usage)
  return new Error(`the host started the wrong image for "${command.name}"`)
}
