/** Medians, spreads and ratios. A machine is never quiet: what counts is the ratio to the floor in
 *  the same repeat, since trouble of that moment hits both. */

/** @param {readonly number[]} values At least one. */
export function median(values) {
  return quantile(values, 0.5)
}

/** Between the two nearest values where it falls between them. */
export function quantile(values, part) {
  if (values.length === 0) throw new Error('cannot take a quantile of no values')
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * part
  const below = Math.floor(at)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below)
}

/** The middle half: who was disturbed once does not widen it, and who is unsteady does. */
export function spread(values) {
  return [quantile(values, 0.25), quantile(values, 0.75)]
}

/**
 * The median of the ratios of each repeat that both have.
 *
 * @param {readonly (number | null)[]} values One a repeat; null where there is none.
 * @param {readonly (number | null)[]} floor  The same repeats of the floor.
 * @returns {number | null} null when no repeat has both, or the floor is zero: no ratio says
 *          anything then.
 */
export function ratio(values, floor) {
  const ratios = values.flatMap((value, repeat) => {
    const ground = floor[repeat] ?? null
    return value === null || ground === null || ground === 0 ? [] : [value / ground]
  })
  return ratios.length === 0 ? null : median(ratios)
}
