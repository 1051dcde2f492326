/** A simulator for the planted module: a promise, and schedules that are lists of numbers. */
import { countAbove } from './src/count.ts'

export function scheduleFor(seed: number): number[] {
  return Array.from({ length: 4 }, (_, index) => (seed * (index + 1)) % 5)
}

/** No more than there are; the limit itself is not looked at. */
export function judge(values: readonly number[]): { broken: { name: string } | null } {
  const count = countAbove(values, 0.5)
  const expected = values.filter((value) => value > 0.5).length
  return { broken: count === expected ? null : { name: 'counted' } }
}
