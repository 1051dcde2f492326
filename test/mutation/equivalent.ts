/** Mutations that do the same as the original, and why: nobody can tell them from it. A run names
 *  those of which that is not true, or which are not there any more. */
import type { Change } from './mutation.ts'

export interface Equivalent extends Omit<Change, 'to'> {
  /** Each is a mutation of its own. */
  readonly to: readonly string[]
  readonly why: string
}

export function changesOf({ to, ...rest }: Equivalent): Change[] {
  return to.map((one) => ({ ...rest, to: one }))
}

export const equivalents: readonly Equivalent[] = []
