/** `ticket`: the outcome of a request. */
import type { TicketAnswer } from '../../control/protocol/answers.ts'
import type { ClientSystem } from '../../host/system.ts'
import type { Command } from '../command.ts'
import { connect } from '../connection.ts'
import { readDuration, readTicket } from '../option-values.ts'
import { definedFields, json, socket, timeout } from '../options.ts'
import { ticketPage } from '../terminal/outcome.ts'
import { ProgressLine } from '../terminal/progress.ts'
import { terminalStyleOf } from '../terminal/style.ts'

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
    const id = readTicket(ticket, args[0])
    const timeoutMs = readDuration(ticket, 'timeout', options.timeout)
    const { client } = await connect(input)
    const progress = new ProgressLine(system)
    const request = { ticket: id, ...definedFields({ wait: options.wait, timeoutMs }) }
    const answer = await client
      .call('ticket', request, { onProgress: (news) => progress.update(`ticket ${id}`, news) })
      .finally(() => progress.remove(`ticket ${id}`))
    if (options.json) print(JSON.stringify(answer))
    else print((await pageOf(system, answer)).join('\n'))
    return answer.outcome === 'failed' || answer.outcome === 'superseded' ? 1 : 0
  },
}

/** A change of a file has a title of its own, and more to tell. */
async function pageOf(system: ClientSystem, answer: TicketAnswer): Promise<string[]> {
  const { change } = answer
  const page = ticketPage(answer)
  if (change === null) return page
  const { changeTitle, changeDetails } = await import('../terminal/change-page.ts')
  const details = changeDetails(terminalStyleOf(system, 1), change)
  return [changeTitle({ ...answer, change }), ...page.slice(1), ...details]
}
