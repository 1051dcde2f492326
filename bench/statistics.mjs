/** Medians, spreads and ratios. A ratio to the floor is taken within a repeat, so that noise of
 *  the machine affects both values. */

/** @param {readonly number[]} values At least one. */
export function median(values) {
  return quantile(values, 0.5)
}

/** A quantile, interpolated between the two nearest values. */
export function quantile(values, part) {
  if (values.length === 0) throw new Error('cannot take a quantile of no values')
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * part
  const below = Math.floor(at)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below)
}

/** The interquartile range: a single outlier does not widen it. */
export function spread(values) {
  return [quantile(values, 0.25), quantile(values, 0.75)]
}

/**
 * The median of the ratios of the repeats in which both have a value.
 *
 * @param {readonly (number | null)[]} values One for each repeat; null if it has none.
 * @param {readonly (number | null)[]} floor  The values of the floor.
 * @returns {number | null} null if no repeat has both, or the floor is zero.
 */
export function ratio(values, floor) {
  const ratios = values.flatMap((value, repeat) => {
    const ground = floor[repeat] ?? null
    return value === null || ground === null || ground === 0 ? [] : [value / ground]
  })
  return ratios.length === 0 ? null : median(ratios)
}
