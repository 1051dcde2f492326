/** The help pages. All of them come from the table of verbs. */
import { didYouMean } from '../../core/text/suggest.ts'
import { version } from '../../version.ts'
import { type Command, type Group, type OptionSpec, typedVerbs, usageError } from '../command.ts'

export const help: Command = {
  name: 'help',
  group: 'Help',
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
      const known = typedVerbs(commands).map(({ name }) => name)
      throw usageError(null, `no help for "${verb}"`, didYouMean(verb, known))
    }
    print(page(command))
    return 0
  },
}

const groups: Readonly<Record<Group, string>> = {
  Run: 'Run:',
  Look: 'Look:',
  Change: 'Change:',
  Bundle: 'Bundles:',
  Help: 'Help:',
}

/** DESIGN § 7. */
const statuses: readonly (readonly [string, string])[] = [
  ['0', 'done'],
  ['1', 'the operation failed, or was superseded'],
  ['2', 'usage, or a bundle that is not valid'],
  ['3', 'no such daemon, ticket or file'],
  ['4', 'timed out'],
  ['5', 'already running'],
  ['6', 'not permitted'],
  ['7', 'no pitcrew answers'],
  ['70', 'a bug of pitcrew'],
]

/** What pitcrew is, and its verbs. */
export function overview(commands: readonly Command[]): string {
  const shown = commands.filter(({ name }) => !name.startsWith('@'))
  const width = Math.max(...shown.map((command) => shortUsage(command).length))
  const parts = Object.entries(groups).flatMap(([group, title]) => [
    '',
    title,
    ...shown
      .filter((command) => command.group === group)
      .map((command) => `  pitcrew ${shortUsage(command).padEnd(width)}  ${command.summary}`),
  ])
  return [
    `pitcrew ${version}: init (PID 1) and supervisor for containers`,
    ...parts,
    '',
    'Exit status:',
    ...table(statuses).map((row) => `  ${row}`),
    '',
    'pitcrew help VERB tells more; pitcrew --version names this version.',
  ].join('\n')
}

/** The usage without its options. */
function shortUsage({ usage }: Command): string {
  return usage.replace(/ \[--.*/, '')
}

/** Everything about one verb. */
export function page(command: Command): string {
  const options = Object.entries(command.options).map(([name, spec]) => {
    return [flags(name, spec), spec.help] as const
  })
  const lines = [`Usage: pitcrew ${command.usage}`, '', `${command.summary}.`, '', command.details]
  if (options.length > 0) lines.push('', 'Options:', ...table(options).map((row) => `  ${row}`))
  return lines.join('\n')
}

function flags(name: string, { short, value }: OptionSpec): string {
  const both = short === undefined ? `--${name}` : `-${short}, --${name}`
  return value === null ? both : `${both} ${value}`
}

/** Two columns. */
function table(rows: readonly (readonly [left: string, right: string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `${left.padEnd(width)}  ${right}`)
}
