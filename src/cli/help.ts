/** The help pages. All of them come from the table of verbs. */
import { didYouMean } from '../core/suggest.ts'
import { version } from '../version.ts'
import { type Command, usageError } from './command.ts'

export const help: Command = {
  name: 'help',
  summary: 'Show this overview, or the page of one verb',
  usage: 'help [VERB]',
  details: 'The same page is shown by: pitcrew VERB --help',
  args: ['[VERB]'],
  options: {},

  run({ args: [verb], commands, print }) {
    if (verb === undefined) {
      print(overview(commands))
      return 0
    }
    const command = commands.find(({ name }) => name === verb)
    if (command === undefined) {
      const known = commands.map(({ name }) => name)
      throw usageError(null, `no help for "${verb}"`, didYouMean(verb, known))
    }
    print(page(command))
    return 0
  },
}

/** What pitcrew is, and its verbs. */
export function overview(commands: readonly Command[]): string {
  const shown = commands.filter(({ name }) => !name.startsWith('@'))
  const rows = shown.map(({ usage, summary }) => [usage, summary] as const)
  return [
    `pitcrew ${version}: init (PID 1) and supervisor for containers`,
    '',
    'Usage:',
    ...table(rows).map((row) => `  pitcrew ${row}`),
    '',
    'pitcrew help VERB tells more; pitcrew --version names this version.',
    'Exit status: 0 done, 1 failed, 2 usage or a bundle that is not valid.',
  ].join('\n')
}

/** Everything about one verb. */
export function page(command: Command): string {
  const options = Object.entries(command.options).map(([name, { value, help }]) => {
    return [value === null ? `--${name}` : `--${name} ${value}`, help] as const
  })
  const lines = [`Usage: pitcrew ${command.usage}`, '', `${command.summary}.`, '', command.details]
  if (options.length > 0) lines.push('', 'Options:', ...table(options).map((row) => `  ${row}`))
  return lines.join('\n')
}

/** Two columns. */
function table(rows: readonly (readonly [left: string, right: string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `${left.padEnd(width)}  ${right}`)
}
