/** `build`: its page; the work is done by the image with the parser. */
import { bundleVerbs } from '../bundle/bundle-verbs.ts'
import type { Command } from '../command.ts'

export const build: Command<{ out: string }> = {
  name: 'build',
  group: 'Bundle',
  summary: 'Check a bundle and write it as a plan, which starts faster',
  usage: 'build BUNDLE --out FILE',
  details: `\
A plan is the bundle, checked and completed with its defaults, as JSON. "pitcrew run"
loads it without a parser. Name it bundle.json and it is found by itself.`,
  args: ['BUNDLE'],
  options: {
    out: { value: 'FILE', help: 'where to write the plan; - for stdout' },
  },

  run: (input) => bundleVerbs(input).build(input),
}
