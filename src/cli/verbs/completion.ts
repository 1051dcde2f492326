/** `completion` prints a script with which a shell completes verbs, options and daemons. */
import { didYouMean } from '../../core/text/suggest.ts'
import { type Command, usageError } from '../command.ts'
import { loadCommands } from '../commands.ts'
import { completionScript } from '../completion-script.ts'

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

  async run({ args: [shell = ''], print }) {
    if (!shells.includes(shell)) {
      const hint = didYouMean(shell, shells) ?? `known: ${shells.join(', ')}`
      throw usageError(completion, `unknown shell "${shell}"`, hint)
    }
    print(completionScript(shell, await loadCommands()))
    return 0
  },
}
