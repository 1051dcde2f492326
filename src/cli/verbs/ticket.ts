/** `ticket`: the outcome of a request. */
import { type Command, usageError } from '../command.ts'
import { connect } from '../connection.ts'
import { readDuration } from '../option-values.ts'
import { definedFields, json, socket, timeout } from '../options.ts'
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
  group: 'Inspect',
  summary: 'Show the outcome of a request',
  usage: 'ticket ID [--wait] [--timeout TIME] [--json]',
  details: `\
Prints the requester, the reason and the outcome. The exit status is 1 if the
request failed or was superseded. pitcrew keeps the last 200 finished tickets.`,
  args: ['ID'],
  options: {
    wait: { value: null, help: 'wait until the request has finished' },
    timeout,
    json,
    socket,
  },

  async run(input) {
    const { args, options, system, print } = input
    const [id = ''] = args
    if (!/^[1-9]\d{0,14}$/.test(id)) {
      throw usageError(ticket, `invalid ticket "${id}"`, 'write its number, such as 5')
    }
    const timeoutMs = readDuration(ticket, 'timeout', options.timeout)
    const { client } = await connect(input)
    const progress = new ProgressLine(system)
    const request = { ticket: Number(id), ...definedFields({ wait: options.wait, timeoutMs }) }
    const answer = await client
      .call('ticket', request, { onProgress: (news) => progress.update(`ticket ${id}`, news) })
      .finally(() => progress.remove(`ticket ${id}`))
    print(options.json ? JSON.stringify(answer) : ticketPage(answer).join('\n'))
    return answer.outcome === 'failed' || answer.outcome === 'superseded' ? 1 : 0
  },
}
