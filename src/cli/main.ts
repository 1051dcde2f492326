/** The command line: chooses the verb, reads its arguments and turns whatever goes wrong into one
 *  clear message and an exit status. `run` and `-- COMMAND` never come here with work to do: the C
 *  host starts the init's image for them, and only their help pages are ours. */
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
  const [verb, ...words] = system.args
  if (verb === undefined) {
    output.report(overview(commands))
    return 2
  }
  if (verb === '--version' || verb === '-V') {
    output.print(`pitcrew ${version}`)
    return 0
  }
  const command = find(verb)
  // Behind "help" alone "--" is not the end of the options but the name of a verb.
  const isOneCommandHelp = command === help && words[0] === '--'
  if (isOneCommandHelp || isHelpRequested(words)) {
    output.print(page(isOneCommandHelp ? oneCommand : command))
    return 0
  }
  if (command.run === undefined) throw wrongImage(command)
  return command.run({ system, commands, ...parseArguments(command, words), ...output })
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
    : typedVerbs(commands).map((candidate) => candidate.name)
  const what = isOption ? 'option' : 'verb'
  const option = verb.replace(/^--|=.*$/g, '')
  const behind = commands.some(({ options }) => Object.hasOwn(options, option))
    ? `write it behind the verb: pitcrew VERB --${option}`
    : null
  throw usageError(null, `unknown ${what} "${verb}"`, behind ?? didYouMean(verb, known))
}

function isHelpRequested(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  const ours = end === -1 ? words : words.slice(0, end)
  return ours.includes('--help') || ours.includes('-h')
}

/** The C host sends such a verb here only when there is nothing to run. */
function wrongImage(command: Command): Error {
  const usage = `usage: pitcrew ${command.usage}`
  if (command.name === '--') return usageError(command, 'no command to run', usage)
  return new Error(`the host started the wrong image for "${command.name}"`)
}
