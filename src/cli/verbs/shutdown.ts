/** `shutdown`: stops all daemons, then pitcrew. */
import type { TicketAnswer } from '../../control/protocol/answers.ts'
import type { Command } from '../command.ts'
import { connect } from '../connection.ts'
import { definedFields, json, noWait, socket, why } from '../options.ts'
import { describeOutcome } from '../terminal/outcome.ts'
import { ProgressLine } from '../terminal/progress.ts'

interface Options extends Record<string, string | true> {
  why: string
  'no-wait': true
  json: true
  socket: string
}

export const shutdown: Command<Options> = {
  name: 'shutdown',
  group: 'Change',
  summary: 'Stop all daemons, then pitcrew itself',
  usage: 'shutdown [--why TEXT] [--no-wait] [--json]',
  details: `\
The same as SIGTERM: daemons stop in reverse start order, within the deadline.
The exit status is 0 once pitcrew has exited; its own exit code is printed.`,
  args: [],
  options: { why, 'no-wait': noWait, json, socket },

  async run(input) {
    const { options, system, print } = input
    const { client } = await connect(input)
    const progress = new ProgressLine(system)
    const wait = options['no-wait'] ? false : undefined
    const answer: TicketAnswer = await client
      .call('shutdown', definedFields({ why: options.why, wait }), {
        onProgress: (news) => progress.update(client.greeting.name, news),
      })
      .finally(() => progress.remove(client.greeting.name))
    print(options.json ? JSON.stringify(answer) : describeOutcome(answer))
    return 0
  },
}
