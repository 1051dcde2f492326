/** `validate`: its page; the work is done by the image with the parser. */
import { bundleVerbs } from '../bundle/bundle-verbs.ts'
import type { Command } from '../command.ts'

export const validate: Command<{ json: true }> = {
  name: 'validate',
  group: 'Bundle',
  summary: 'Check a bundle and say what it means',
  usage: 'validate [BUNDLE] [--json]',
  details: `\
Without BUNDLE the same places are tried as by "run". Every problem is shown as
FILE:LINE:COLUMN, with what to do about it; then the exit status is 2.`,
  args: ['[BUNDLE]'],
  options: {
    json: { value: null, help: 'print one JSON object, for programs' },
  },

  run: (input) => bundleVerbs(input).validate(input),
}
