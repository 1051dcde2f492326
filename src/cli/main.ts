/** The command line: chooses the verb, parses its arguments and runs it. `run` and `-- COMMAND` get
 *  here only for their help pages: the C host starts other images for their work. */
import { didYouMean } from '../core/text/suggest.ts'
import type { ClientSystem } from '../host/system.ts'
import { type Command, type Input, parseArguments, usageError } from './command.ts'
import { loadCommand, loadCommands, typedNames } from './commands.ts'
import { exitStatusOf } from './exit-status.ts'

/** @returns The exit status. */
export function main(system: ClientSystem): Promise<number> {
  const output = {
    print: (text: string): void => system.write(1, `${text}\n`),
    report: (text: string): void => system.write(2, `${text}\n`),
  }
  return exitStatusOf(output, () => dispatch(system, output))
}

async function dispatch(
  system: ClientSystem,
  output: Pick<Input, 'print' | 'report'>,
): Promise<number> {
  const [verb, ...rest] = system.args
  if (verb === undefined) {
    const { overview } = await import('./verbs/help.ts')
    output.report(overview(await loadCommands()))
    return 2
  }
  if (verb === '--version' || verb === '-V') {
    const { versionLine } = await import('./verbs/help.ts')
    output.print(versionLine)
    return 0
  }
  // After "help", "--" is the name of a verb, not the end of the options.
  const isOneCommandHelp = aliases[verb] === 'help' && rest[0] === '--'
  const command = await findCommand(isOneCommandHelp ? '--' : verb)
  if (isOneCommandHelp || isHelpRequested(rest)) {
    const { page } = await import('./verbs/help.ts')
    output.print(page(command))
    return 0
  }
  if (command.run === undefined) throw wrongImage(command)
  return command.run({ system, ...parseArguments(command, rest), ...output })
}

/** Other spellings of a verb. */
const aliases: Readonly<Record<string, string | undefined>> = {
  help: 'help',
  '--help': 'help',
  '-h': 'help',
  '-g': '--',
}

async function findCommand(verb: string): Promise<Command> {
  const command = await loadCommand(aliases[verb] ?? verb)
  if (command !== null) return command
  const isOption = verb.startsWith('-')
  const known = isOption ? ['--help', '--version'] : typedNames
  const what = isOption ? 'option' : 'verb'
  const option = verb.replace(/^--|=.*$/g, '')
  const commands = await loadCommands()
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
