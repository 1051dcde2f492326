/** A module to be mutated: two of its mutations are equivalent to the original, one is detected
 *  only by the compiler, and one does not terminate. */

/** How many of the values are above the limit. */
export function countAbove(values: readonly number[], limit: number): number {
  let count = 0
  for (let at = 0; at < values.length; at++) {
    if ((values[at] ?? limit) > limit) count++
  }
  return count
}
