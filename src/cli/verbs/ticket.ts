/** `ticket`: what became of a request. */
import type { Command } from '../command.ts'
import { usageError } from '../command.ts'
import { connect } from '../connection.ts'
import { definedFields, json, readDuration, socket, timeout } from '../options.ts'
import { ticketPage } from '../terminal/outcome.ts'
import { ProgressLine } from '../terminal/progress.ts'

interface Options extends Record<string, string | true> {
  wait: true
  timeout: string
  json: true
  socket: string
}

export const ticket: Command<Options> = {
  name: 'ticket',
  group: 'Look',
  summary: 'Show what became of a request',
  usage: 'ticket ID [--wait] [--timeout TIME] [--json]',
  details: `\
Who asked for it and why, and its outcome. The exit status is 1 when it has failed or was
superseded. The last 200 that have ended are known.`,
  args: ['ID'],
  options: {
    wait: { value: null, help: 'wait until it has ended' },
    timeout,
    json,
    socket,
  },

  async run(input) {
    const { args, options, system, print } = input
    const [word = ''] = args
    if (!/^[1-9]\d{0,14}$/.test(word)) {
      throw usageError(ticket, `cannot read the ticket "${word}"`, 'write its number, such as 5')
    }
    const timeoutMs = readDuration(ticket, 'timeout', options.timeout)
    const { client } = await connect(input)
    const progress = new ProgressLine(system)
    const request = { ticket: Number(word), ...definedFields({ wait: options.wait, timeoutMs }) }
    const answer = await client
      .call('ticket', request, { onProgress: (news) => progress.tell(`ticket ${word}`, news) })
      .finally(() => progress.end(`ticket ${word}`))
    print(options.json ? JSON.stringify(answer) : ticketPage(answer).join('\n'))
    return answer.outcome === 'failed' || answer.outcome === 'superseded' ? 1 : 0
  },
}
