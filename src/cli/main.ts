/** The command line: chooses the verb, parses its arguments and runs it. `run` and `-- COMMAND` get
 *  here only for their help pages: the C host starts other images for their work. */
import { didYouMean } from '../core/text/suggest.ts'
import type { ClientSystem } from '../host/system.ts'
import { version } from '../version.ts'
import {
  type Command,
  exitStatusOf,
  type Input,
  parseArguments,
  typedVerbs,
  usageError,
} from './command.ts'
import { build, validate } from './verbs/bundle.ts'
import { restart, start, stop } from './verbs/change.ts'
import { completion, names } from './verbs/completion.ts'
import { events } from './verbs/events.ts'
import { explain } from './verbs/explain.ts'
import { help, overview, page } from './verbs/help.ts'
import { logs } from './verbs/logs.ts'
import { oneCommand, run } from './verbs/run.ts'
import { shutdown } from './verbs/shutdown.ts'
import { status } from './verbs/status.ts'
import { ticket } from './verbs/ticket.ts'
import { wait } from './verbs/wait.ts'

/** In the order of the overview. */
const commands: readonly Command[] = [
  run,
  oneCommand,
  status,
  explain,
  logs,
  events,
  wait,
  ticket,
  start,
  stop,
  restart,
  shutdown,
  validate,
  build,
  help,
  completion,
  names,
]

/** @returns The exit status. */
export function main(system: ClientSystem): Promise<number> {
  const output = {
    print: (text: string): void => system.write(1, `${text}\n`),
    report: (text: string): void => system.write(2, `${text}\n`),
  }
  return exitStatusOf(output, () => dispatch(system, output))
}

function dispatch(
  system: ClientSystem,
  output: Pick<Input, 'print' | 'report'>,
): number | Promise<number> {
  const [verb, ...rest] = system.args
  if (verb === undefined) {
    output.report(overview(commands))
    return 2
  }
  if (verb === '--version' || verb === '-V') {
    output.print(`pitcrew ${version}`)
    return 0
  }
  const command = findCommand(verb)
  // After "help", "--" is the name of a verb, not the end of the options.
  const isOneCommandHelp = command === help && rest[0] === '--'
  if (isOneCommandHelp || isHelpRequested(rest)) {
    output.print(page(isOneCommandHelp ? oneCommand : command))
    return 0
  }
  if (command.run === undefined) throw wrongImage(command)
  return command.run({ system, commands, ...parseArguments(command, rest), ...output })
}

/** Other spellings of a verb. */
const aliases: Readonly<Record<string, string | undefined>> = {
  '--help': 'help',
  '-h': 'help',
  '-g': '--',
}

function findCommand(verb: string): Command {
  const name = aliases[verb] ?? verb
  const command = commands.find((candidate) => candidate.name === name)
  if (command !== undefined) return command
  const isOption = verb.startsWith('-')
  const known = isOption
    ? ['--help', '--version']
    : typedVerbs(commands).map((candidate) => candidate.name)
  const what = isOption ? 'option' : 'verb'
  const option = verb.replace(/^--|=.*$/g, '')
  const misplaced = commands.some(({ options }) => Object.hasOwn(options, option))
    ? `put it after the verb: pitcrew VERB --${option}`
    : null
  throw usageError(null, `unknown ${what} "${verb}"`, misplaced ?? didYouMean(verb, known))
}

function isHelpRequested(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  const options = end === -1 ? words : words.slice(0, end)
  return options.includes('--help') || options.includes('-h')
}

/** The C host starts this image for such a verb only if there is no command to run. */
function wrongImage(command: Command): Error {
  const usage = `usage: pitcrew ${command.usage}`
  if (command.name === '--') return usageError(command, 'no command to run', usage)
  return new Error(`the host started the wrong image for "${command.name}"`)
}
