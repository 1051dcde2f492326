/** A promise of DESIGN §4 and the function that finds where it was broken. */
import type { Facts, RunFacts } from '../judge/facts.ts'

export interface Promised {
  /** What a user may rely on. */
  readonly sentence: string
  /** How it was broken; null when it was kept. */
  readonly broken: (facts: Facts) => string | null
}

/** The first thing that is said about any of them. */
export function first<T>(items: Iterable<T>, problem: (item: T) => string | null): string | null {
  for (const item of items) {
    const said = problem(item)
    if (said !== null) return said
  }
  return null
}

export function nameOf({ spec, run }: RunFacts): string {
  return `${spec.name} ${run}`
}
