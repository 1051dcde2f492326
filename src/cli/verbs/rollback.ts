/** `history` and `rollback`: earlier contents of configuration files. */
import { type ChangeOptions, changeFile, changeOptions } from '../change-file.ts'
import type { Command } from '../command.ts'
import { connect } from '../connection.ts'
import { invalidValue, readCount } from '../option-values.ts'
import { definedFields, json, socket } from '../options.ts'
import { historyPage } from '../terminal/history-page.ts'
import { terminalStyleOf } from '../terminal/style.ts'

interface Options extends ChangeOptions {
  to: string
}

interface HistoryOptions extends Record<string, string | true> {
  json: true
  socket: string
}

const { file, ...others } = changeOptions

export const rollback: Command<Options> = {
  name: 'rollback',
  group: 'Change',
  summary: 'Go back to an earlier content of a file',
  usage:
    'rollback NAME [--file PATH] [--to N] [--dry-run] [--diff] [--confirm TIME] [--why TEXT] ' +
    '[--no-wait] [--timeout TIME] [--json]',
  details: `\
Applies an earlier revision as "pitcrew apply" would: it is checked, and if the
daemon does not work with it, the present content is put back. "pitcrew history
NAME" lists the revisions.`,
  args: ['NAME'],
  options: {
    file,
    to: { value: 'N', help: 'revision N; default: the last good one before the present' },
    ...others,
  },

  async run(input) {
    const { options } = input
    const to = readCount(rollback, 'to', options.to)
    if (to === 0) throw invalidValue(rollback, 'to', '0', 'write the number of a revision, from 1')
    const requested = { verb: 'rollback', args: definedFields({ to }) } as const
    return changeFile(rollback, input, requested, options['dry-run'] === true)
  },
}

export const history: Command<HistoryOptions> = {
  name: 'history',
  group: 'Inspect',
  summary: 'List the contents that its files had',
  usage: 'history NAME [--json]',
  details: `\
Prints a line for each revision of the configuration files of a daemon, with its
time (UTC), how it came about, and the SHA-256 of its content. A star marks the
last good content of a file: the daemon was verified with it.

The last ten revisions are kept, with at most 8 MiB of contents.`,
  args: ['NAME'],
  options: { json, socket },

  async run(input) {
    const [daemon = ''] = input.args
    const { client } = await connect(input)
    const answer = await client.call('history', { daemon })
    if (input.options.json) input.print(JSON.stringify(answer))
    else input.print(historyPage(terminalStyleOf(input.system, 1), answer).join('\n'))
    return 0
  },
}
