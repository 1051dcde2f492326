/** A simulator for the planted module: one promise, and lists of numbers as schedules. */
import { countAbove } from './src/count.ts'

export function scheduleFor(seed: number): number[] {
  return Array.from({ length: 4 }, (_, index) => (seed * (index + 1)) % 5)
}

/** Checks the count; no value equals the limit. */
export function judge(values: readonly number[]): { broken: { name: string } | null } {
  const count = countAbove(values, 0.5)
  const expected = values.filter((value) => value > 0.5).length
  return { broken: count === expected ? null : { name: 'counted' } }
}
