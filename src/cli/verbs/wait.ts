/** `wait`: until daemons are what is wanted. */
import type { WaitAnswer } from '../../control/protocol/answers.ts'
import type { WaitFor } from '../../control/protocol/requests.ts'
import type { Command } from '../command.ts'
import { forEachDaemon } from '../for-each-daemon.ts'
import { definedFields, json, readDuration, socket, timeout } from '../options.ts'

interface Options extends Record<string, string | true> {
  for: string
  timeout: string
  json: true
  socket: string
}

const choices: readonly WaitFor[] = ['started', 'ready', 'stopped', 'done']

export const wait: Command<Options> = {
  name: 'wait',
  group: 'Look',
  summary: 'Wait until daemons are ready, started, stopped or done',
  usage: 'wait NAME... [--for ready|started|stopped|done] [--timeout TIME] [--json]',
  details: `\
Without --for: until they are ready. It ends at once where that is so already, and with
exit status 1 when one has failed for good.`,
  args: ['NAME...'],
  options: {
    for: { value: 'STATE', choices, help: 'ready, started, stopped or done' },
    timeout,
    json,
    socket,
  },

  run(input) {
    const { options } = input
    const timeoutMs = readDuration(wait, 'timeout', options.timeout)
    const wanted = options.for as WaitFor | undefined
    return forEachDaemon<WaitAnswer>(input, input.args, {
      send(client, daemon, onProgress) {
        return client.call(
          'wait',
          { daemon, ...definedFields({ for: wanted, timeoutMs }) },
          { onProgress },
        )
      },
      describe({ daemon, state, run, pid }) {
        return `${daemon}: ${state}${pid === null ? '' : `, pid ${pid}, run ${run}`}`
      },
    })
  },
}
