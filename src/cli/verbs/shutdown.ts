/** `shutdown`: everything ends, and pitcrew with it. */
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
  summary: 'Stop all daemons and end pitcrew',
  usage: 'shutdown [--why TEXT] [--no-wait] [--json]',
  details: `\
As TERM does: within the deadline, in the reverse order of the start. The exit status is
0 when pitcrew has ended, whatever its own was: that is in the answer.`,
  args: [],
  options: { why, 'no-wait': noWait, json, socket },

  async run(input) {
    const { options, system, print } = input
    const { client } = await connect(input)
    const progress = new ProgressLine(system)
    const wait = options['no-wait'] ? false : undefined
    const answer: TicketAnswer = await client
      .call('shutdown', definedFields({ why: options.why, wait }), {
        onProgress: (news) => progress.tell(client.greeting.name, news),
      })
      .finally(() => progress.end(client.greeting.name))
    print(options.json ? JSON.stringify(answer) : describeOutcome(answer))
    return 0
  },
}
