/** A module to be mutated: of its mutations two do the same as the original, one is told from it by
 *  the compiler alone, and one goes on without end. */

/** How many of the values are above the limit. */
export function countAbove(values: readonly number[], limit: number): number {
  let count = 0
  for (let at = 0; at < values.length; at++) {
    if ((values[at] ?? limit) > limit) count++
  }
  return count
}
