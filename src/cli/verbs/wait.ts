/** `wait`: until daemons reach a state. */
import type { WaitAnswer } from '../../control/protocol/answers.ts'
import type { WaitFor } from '../../control/protocol/requests.ts'
import type { Command } from '../command.ts'
import { forEachDaemon } from '../for-each-daemon.ts'
import { readDuration } from '../option-values.ts'
import { definedFields, json, socket, timeout } from '../options.ts'

interface Options extends Record<string, string | true> {
  for: string
  timeout: string
  json: true
  socket: string
}

const states: readonly WaitFor[] = ['started', 'ready', 'stopped', 'done']

export const wait: Command<Options> = {
  name: 'wait',
  group: 'Inspect',
  summary: 'Wait until daemons reach a state',
  usage: 'wait NAME... [--for ready|started|stopped|done] [--timeout TIME] [--json]',
  details: `\
Prints one line per daemon as soon as it has reached the state; that may be at
once. The exit status is 1 if a daemon fails for good.`,
  args: ['NAME...'],
  options: {
    for: {
      value: 'STATE',
      choices: states,
      help: 'ready (the default), started, stopped or done',
    },
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
