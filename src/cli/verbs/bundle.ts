/** `validate` and `build`, and the way to the image that does their work. The YAML parser is in an
 *  image of its own, so that a verb which queries a running pitcrew does not pay for loading it. */
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

  run: (input) => loadBundleImage(input).validate(input),
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

  run: (input) => loadBundleImage(input).build(input),
}
