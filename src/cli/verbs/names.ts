/** `@names`: the daemons, a line each, for the completion of a shell. Nobody who types wants to wait
 *  for it or to read why there are none. */
import type { Command } from '../command.ts'
import { connect } from '../connection.ts'
import { socket } from '../options.ts'

const patienceMs = 300

export const names: Command<{ socket: string }> = {
  name: '@names',
  group: 'Help',
  summary: 'Print the names of the daemons, for completion',
  usage: '@names',
  details: 'Used by the scripts that "pitcrew completion" prints.',
  args: [],
  options: { socket },

  async run(input) {
    try {
      const { client } = await connect(input, patienceMs)
      const { daemons } = await client.call('status', {})
      for (const { name } of daemons) input.print(name)
      return 0
    } catch {
      return 1
    }
  },
}
