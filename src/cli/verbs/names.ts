/** `@names` prints the names of the daemons, for the scripts of `completion`. */
import type { Command } from '../command.ts'
import { connect } from '../connection.ts'
import { socket } from '../options.ts'

/** Short, and no error is printed, because the verb runs while a person types at the prompt. */
const namesTimeoutMs = 300

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
      const { client } = await connect(input, namesTimeoutMs)
      const { daemons } = await client.call('status', {})
      for (const { name } of daemons) input.print(name)
      return 0
    } catch {
      return 1
    }
  },
}
