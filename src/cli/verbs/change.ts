/** `start`, `stop`, `restart` and `reload`. */
import type { TicketAnswer } from '../../control/protocol/answers.ts'
import type { Command } from '../command.ts'
import { forEachDaemon } from '../for-each-daemon.ts'
import { readDuration } from '../option-values.ts'
import { definedFields, json, noWait, socket, timeout, why } from '../options.ts'
import { describeOutcome } from '../terminal/outcome.ts'

interface Options extends Record<string, string | true> {
  why: string
  'no-wait': true
  timeout: string
  json: true
  socket: string
}

export const start: Command<Options> = changeVerb(
  'start',
  'Start daemons',
  `\
A start is complete when the daemon is ready, or when it runs if the bundle has
no "ready:" for it. A daemon that is ready already is left alone.`,
)

export const stop: Command<Options> = changeVerb(
  'stop',
  'Stop daemons until they are started again',
  `\
A stop is complete when no process of the daemon's run is left. Processes that
outlive the grace period are killed, see "stop:" in the bundle.`,
)

export const restart: Command<Options> = changeVerb(
  'restart',
  'Restart daemons without touching the others',
  `\
A restart is complete when the new run is ready. Requests made before the new
run starts are merged into one. A daemon that is down is started.`,
)

export const reload: Command<Options> = changeVerb(
  'reload',
  'Make daemons read their configuration again',
  `\
As "reload:" in the bundle says: by a signal, a command, an HTTP request or a
restart. A reload is complete when the daemon works after it. A daemon that is
down is left alone.`,
)

function changeVerb(
  verb: 'start' | 'stop' | 'restart' | 'reload',
  summary: string,
  completion: string,
): Command<Options> {
  const self: Command<Options> = {
    name: verb,
    group: 'Change',
    summary,
    usage: `${verb} NAME... [--why TEXT] [--no-wait] [--timeout TIME] [--json]`,
    details: `\
${completion}

Prints one line per daemon as soon as its request is complete. If a request
fails, its cause and the daemon's last lines go to stderr. The exit status is
the highest of all requests.`,
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
