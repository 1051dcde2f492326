/** `completion` prints a script with which a shell completes verbs, options and daemons. The script
 *  runs `@names` for the names of the daemons. */
import { didYouMean } from '../../core/text/suggest.ts'
import { type Command, usageError } from '../command.ts'
import { connect } from '../connection.ts'
import { socket } from '../options.ts'
import { loadBundleImage } from './bundle.ts'

const shells: readonly string[] = ['bash', 'zsh', 'fish']

export const completion: Command = {
  name: 'completion',
  group: 'Help',
  summary: 'Print a completion script for a shell',
  usage: 'completion bash|zsh|fish',
  details: `\
bash: add to ~/.bashrc:  eval "$(pitcrew completion bash)"
zsh:  add to ~/.zshrc:   eval "$(pitcrew completion zsh)"
fish: run: pitcrew completion fish > ~/.config/fish/completions/pitcrew.fish`,
  args: ['SHELL'],
  options: {},

  run(input) {
    const [shell = ''] = input.args
    if (!shells.includes(shell)) {
      const hint = didYouMean(shell, shells) ?? `known: ${shells.join(', ')}`
      throw usageError(completion, `unknown shell "${shell}"`, hint)
    }
    input.print(loadBundleImage(input).completion(shell, input.commands))
    return 0
  },
}

/** Short, and `@names` prints no error, because it runs while a person types at the prompt. */
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
