/** The help pages, made from the table of verbs. */
import { didYouMean } from '../../core/text/suggest.ts'
import { version } from '../../version.ts'
import { type Command, type Group, type OptionSpec, usageError } from '../command.ts'
import { loadCommand, loadCommands, typedNames } from '../commands.ts'
import { wrap } from '../terminal/style.ts'

export const help: Command = {
  name: 'help',
  group: 'Help',
  summary: 'Show this overview or the page of a verb',
  usage: 'help [VERB]',
  details: '"pitcrew VERB --help" shows the same page.',
  args: ['[VERB]'],
  options: {},

  async run({ args: [verb], print }) {
    if (verb === undefined) {
      print(overview(await loadCommands()))
      return 0
    }
    const command = await loadCommand(verb)
    if (command === null) {
      throw usageError(null, `unknown verb "${verb}"`, didYouMean(verb, typedNames))
    }
    print(page(command))
    return 0
  },
}

export const versionLine: string = `pitcrew ${version}`

/** The width of a page, in whatever terminal it is shown. */
const pageColumns = 80

const groups: readonly Group[] = ['Run', 'Inspect', 'Change', 'Bundles', 'Help']

/** DESIGN § 7. */
const statuses = `\
Exit status:
  0   success
  1   the operation failed or was superseded
  2   usage error or invalid bundle
  3   no such daemon, ticket or file
  4   timed out
  5   already running
  6   not permitted
  7   no pitcrew answers
  70  a bug in pitcrew`

/** What pitcrew is, its verbs, and its exit statuses. */
export function overview(commands: readonly Command[]): string {
  const shown = commands.filter(({ name }) => !name.startsWith('@'))
  const width = Math.max(...shown.map((command) => shortUsage(command).length))
  const parts = groups.flatMap((group) => [
    '',
    `${group}:`,
    ...shown
      .filter((command) => command.group === group)
      .map((command) => `  pitcrew ${shortUsage(command).padEnd(width)}  ${command.summary}`),
  ])
  return [
    `${versionLine}: init (PID 1) and supervisor for containers`,
    ...parts,
    '',
    statuses,
    '',
    '"pitcrew help VERB" shows the options of a verb.',
    '"pitcrew --version" prints the version.',
  ].join('\n')
}

/** The usage without its options. */
function shortUsage({ usage }: Command): string {
  return usage.replace(/ \[--.*/, '')
}

/** The page of one verb. */
export function page(command: Command): string {
  const options = Object.entries(command.options).map(([name, spec]) => {
    return [flags(name, spec), spec.help] as const
  })
  // A line breaks between two options, not within the brackets of one.
  const words = command.usage.split(/ (?![^[]*\])/)
  const usage = wrap('Usage: pitcrew ', words, pageColumns)
  const lines = [...usage, '', `${command.summary}.`, '', command.details]
  if (options.length > 0) lines.push('', 'Options:', ...twoColumns(options))
  return lines.join('\n')
}

function flags(name: string, { short, value }: OptionSpec): string {
  const both = short === undefined ? `--${name}` : `-${short}, --${name}`
  return value === null ? both : `${both} ${value}`
}

/** Lines of two columns; the right one is wrapped. */
function twoColumns(rows: readonly (readonly [left: string, right: string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.flatMap(([left, right]) => {
    return wrap(`  ${left.padEnd(width)}  `, right.split(' '), pageColumns)
  })
}
