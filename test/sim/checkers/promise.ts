/** A promise of the contract, and the function that finds where it was broken. */
import type { Facts, RunFacts } from '../judge/facts.ts'

export interface Promised {
  /** What users may rely on. */
  readonly sentence: string
  /** How it was broken; null if it was kept. */
  readonly broken: (facts: Facts) => string | null
}

/** The first problem of any item. */
export function first<T>(items: Iterable<T>, problem: (item: T) => string | null): string | null {
  for (const item of items) {
    const found = problem(item)
    if (found !== null) return found
  }
  return null
}

export function nameOf({ spec, run }: RunFacts): string {
  return `${spec.name} ${run}`
}
