/** `completion`: a script that teaches a shell our verbs, options and daemons. It is made of the
 *  table of verbs; names of daemons are asked for while somebody types. */
import { didYouMean } from '../../core/text/suggest.ts'
import { bundleVerbs } from '../bundle/bundle-verbs.ts'
import { type Command, usageError } from '../command.ts'

const shells: readonly string[] = ['bash', 'zsh', 'fish']

export const completion: Command = {
  name: 'completion',
  group: 'Help',
  summary: 'Print a script that completes words in a shell',
  usage: 'completion bash|zsh|fish',
  details: `\
bash: put this into ~/.bashrc:  eval "$(pitcrew completion bash)"
zsh:  put this into ~/.zshrc:   eval "$(pitcrew completion zsh)"
fish: pitcrew completion fish > ~/.config/fish/completions/pitcrew.fish`,
  args: ['SHELL'],
  options: {},

  run(input) {
    const [shell = ''] = input.args
    if (!shells.includes(shell)) {
      const hint = didYouMean(shell, shells) ?? `known: ${shells.join(', ')}`
      throw usageError(completion, `cannot complete in "${shell}"`, hint)
    }
    input.print(bundleVerbs(input).completion(shell, input.commands))
    return 0
  },
}
