/** `start`, `stop` and `restart`. */
import type { TicketAnswer } from '../../control/protocol/answers.ts'
import type { Command } from '../command.ts'
import { forEachDaemon } from '../for-each-daemon.ts'
import { definedFields, json, noWait, readDuration, socket, timeout, why } from '../options.ts'
import { describeOutcome } from '../terminal/outcome.ts'

interface Options extends Record<string, string | true> {
  why: string
  'no-wait': true
  timeout: string
  json: true
  socket: string
}

export const start: Command<Options> = change(
  'start',
  'Start daemons',
  `\
It is done when the daemon is ready, or runs, where the bundle has no "ready:" for it;
at once where it is so already.`,
)

export const stop: Command<Options> = change(
  'stop',
  'Stop daemons, until somebody starts them again',
  `\
It is done when nothing of the daemon's run is left. What does not end in time is killed:
see "stop:" in the bundle.`,
)

export const restart: Command<Options> = change(
  'restart',
  'Stop daemons and start them again; others go on',
  `\
It is done when the new run is ready. Requests that come before the new run is started
are one. A daemon that is dead is started.`,
)

function change(
  verb: 'start' | 'stop' | 'restart',
  summary: string,
  contract: string,
): Command<Options> {
  const self: Command<Options> = {
    name: verb,
    group: 'Change',
    summary,
    usage: `${verb} NAME... [--why TEXT] [--no-wait] [--timeout TIME] [--json]`,
    details: `\
${contract}

A line for each daemon is printed when it is done; where one fails, its cause and its
last lines, on stderr, and the exit status is that of the worst.`,
    args: ['NAME...'],
    options: { why, 'no-wait': noWait, timeout, json, socket },

    run(input) {
      const { options } = input
      const timeoutMs = readDuration(self, 'timeout', options.timeout)
      const wait = options['no-wait'] ? false : undefined
      return forEachDaemon<TicketAnswer>(input, input.args, {
        send(client, daemon, onProgress) {
          const args = { daemon, ...definedFields({ why: options.why, wait, timeoutMs }) }
          return client.call(verb, args, { onProgress })
        },
        describe: describeOutcome,
      })
    },
  }
  return self
}
