/** Verbs whose work is done by the other image: those that need the parser of bundles, and what is
 *  seldom wanted. So that a verb which asks a running pitcrew starts in no time, the image of the
 *  parser is loaded only for them. */
import type { Command, Input } from '../command.ts'

export interface BundleVerbs {
  validate(input: Input<{ json: true }>): Promise<number>
  build(input: Input<{ out: string }>): Promise<number>
  /** @param shell bash, zsh or fish. */
  completion(shell: string, commands: readonly Command[]): string
}

export function bundleVerbs({ system }: Pick<Input, 'system'>): BundleVerbs {
  return system.loadBundle() as BundleVerbs
}
