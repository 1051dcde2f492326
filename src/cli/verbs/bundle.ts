/** `validate` and `build`, and the way to the image that does their work. The YAML parser is in an
 *  image of its own, so that a verb which asks a running pitcrew does not pay for loading it. */
import type { Command, Input } from '../command.ts'

/** The functions of the image "bundle", see ../bundle/bundle-image.ts. */
export interface BundleImage {
  validate(input: Input<{ json: true }>): Promise<number>
  build(input: Input<{ out: string }>): Promise<number>
  /** @param shell bash, zsh or fish. */
  completion(shell: string, commands: readonly Command[]): string
}

export function loadBundleImage({ system }: Pick<Input, 'system'>): BundleImage {
  return system.loadBundle() as BundleImage
}

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

  run: (input) => loadBundleImage(input).validate(input),
}

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

  run: (input) => loadBundleImage(input).build(input),
}
