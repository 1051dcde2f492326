/** `validate` and `build`. Their work is loaded apart from their help pages, because it contains the
 *  YAML parser. */
import type { Command } from '../command.ts'

export const validate: Command<{ json: true }> = {
  name: 'validate',
  group: 'Bundles',
  summary: 'Check a bundle and summarise it',
  usage: 'validate [BUNDLE] [--json]',
  details: `\
Prints the start order, and how a shutdown divides the deadline. Without BUNDLE,
the same files are tried as by "pitcrew run".

Each problem is printed as FILE:LINE:COLUMN with its remedy; the exit status is
then 2.`,
  args: ['[BUNDLE]'],
  options: {
    json: { value: null, help: 'print one JSON object instead of text' },
  },

  async run(input) {
    const { validateBundle } = await import('../bundle/validate-bundle.ts')
    return validateBundle(input)
  },
}

export const build: Command<{ out: string }> = {
  name: 'build',
  group: 'Bundles',
  summary: 'Compile a bundle to a plan, to start faster',
  usage: 'build BUNDLE --out FILE',
  details: `\
A plan is the bundle, checked and with all defaults filled in, as JSON.
"pitcrew run" loads it without the YAML parser, and finds it without an argument
if it is named bundle.json.`,
  args: ['BUNDLE'],
  options: {
    out: { value: 'FILE', help: 'file to write the plan to; - for stdout' },
  },

  async run(input) {
    const { buildPlan } = await import('../bundle/build-plan.ts')
    return buildPlan(input)
  },
}
