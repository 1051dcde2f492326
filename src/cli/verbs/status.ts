/** `status`: the state of each daemon, once or refreshed. */
import type { StatusAnswer } from '../../control/protocol/status.ts'
import type { Command } from '../command.ts'
import { connect } from '../connection.ts'
import { definedFields, json, socket } from '../options.ts'

export interface Options extends Record<string, string | true> {
  json: true
  watch: true
  socket: string
}

export const status: Command<Options> = {
  name: 'status',
  group: 'Inspect',
  summary: 'Show the state of each daemon',
  usage: 'status [NAME...] [--watch] [--json]',
  details: `\
CPU is the share of one processor that the daemon's processes use, averaged over
the run; with --watch, since the last refresh. MEM is their resident memory. The
last column shows what matters most: the dependency that the daemon waits for,
when it restarts, its own status text, or how it died.

--watch refreshes every second until Ctrl-C. If the screen is too small for all
daemons, those in trouble come first. If stdout is not a terminal, each refresh
prints one line.

In a narrow terminal, CPU, MEM, RESTARTS and UPTIME are dropped, in this order.`,
  args: ['[NAME...]'],
  options: {
    watch: { value: null, short: 'w', help: 'refresh every second' },
    json,
    socket,
  },

  async run(input) {
    const { args, options, print } = input
    const { client } = await connect(input)
    const daemons = args.length === 0 ? undefined : [...new Set(args)]
    const fetchStatus = (): Promise<StatusAnswer> =>
      client.call('status', definedFields({ daemons, usage: true }))
    if (options.json && !options.watch) {
      print(JSON.stringify(await fetchStatus()))
      return 0
    }
    // Not needed for JSON, which programs read often.
    const { printStatus, watchStatus } = await import('../terminal/status-output.ts')
    if (options.watch) return watchStatus(input, fetchStatus)
    printStatus(input, await fetchStatus())
    return 0
  },
}
