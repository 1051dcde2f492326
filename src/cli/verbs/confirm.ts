/** `confirm` and `cancel`: the end of a change that is under way. */
import type { Client } from '../../client/client.ts'
import type { TicketAnswer } from '../../control/protocol/answers.ts'
import { type ChangeOptions, printChange } from '../change-file.ts'
import type { Command, Input } from '../command.ts'
import { connect } from '../connection.ts'
import { readDuration, readTicket } from '../option-values.ts'
import { definedFields, json, socket, timeout } from '../options.ts'
import { ProgressLine } from '../terminal/progress.ts'

interface Options extends Record<string, string | true> {
  timeout: string
  json: true
  socket: string
}

const options = { timeout, json, socket }

export const confirm: Command<Options> = {
  name: 'confirm',
  group: 'Change',
  summary: 'Keep a change that waits for a confirmation',
  usage: 'confirm TICKET [--timeout TIME] [--json]',
  details: `\
For a change that was requested with --confirm. Prints its outcome.`,
  args: ['TICKET'],
  options,

  async run(input) {
    const answer = await endChange(confirm, input, (client, ticket) =>
      client.call('confirm', { ticket }),
    )
    return answer.outcome === 'done' ? 0 : 1
  },
}

export const cancel: Command<Options> = {
  name: 'cancel',
  group: 'Change',
  summary: 'Undo a change that is not over',
  usage: 'cancel TICKET [--timeout TIME] [--json]',
  details: `\
For a change that was requested by apply, rollback or reload and has no outcome
yet. Prints its outcome; the exit status is 0 if the old content is in use.`,
  args: ['TICKET'],
  options,

  async run(input) {
    const answer = await endChange(cancel, input, (client, ticket) =>
      client.call('revoke', { ticket }),
    )
    const result = answer.change?.result
    return result === 'rejected' || result === 'rolled back' ? 0 : 1
  },
}

/** Sends the request, waits for the outcome of the change, and prints it. */
async function endChange(
  command: Command<Options>,
  input: Input<Options>,
  send: (client: Client, ticket: number) => Promise<unknown>,
): Promise<TicketAnswer> {
  const ticket = readTicket(command, input.args[0])
  const timeoutMs = readDuration(command, 'timeout', input.options.timeout)
  const { client } = await connect(input)
  await send(client, ticket)
  const progress = new ProgressLine(input.system)
  const name = `ticket ${ticket}`
  const args = { ticket, wait: true, ...definedFields({ timeoutMs }) }
  const answer = await client
    .call('ticket', args, { onProgress: (news) => progress.update(name, news) })
    .finally(() => progress.remove(name))
  if (input.options.json) input.print(JSON.stringify(answer))
  else printChange(input as Input<ChangeOptions>, answer, false)
  return answer
}
