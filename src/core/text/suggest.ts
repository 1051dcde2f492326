/** "Did you mean …?": finds the known word that is nearest to a misspelled one. */

/** Longer words get no suggestion. */
const maxLength = 64
/** The most pairs of letters that are compared, over all words: a thousand long names would take
 *  longer than the init has for one event. Further words are not compared. */
const pairsMax = 40_000

/**
 * @returns The nearest of the known words, or null when none is near: a third of the letters may
 *          differ, where two neighbours in the wrong order are one difference and case is none.
 */
export function suggest(word: string, known: readonly string[]): string | null {
  if (word.length > maxLength) return null
  if (known.includes(word)) return word
  const wanted = word.toLowerCase()
  let best: string | null = null
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1
  let pairs = 0
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue
    pairs += candidate.length * word.length
    if (pairs > pairsMax) break
    const distance = editDistance(wanted, candidate.toLowerCase())
    // A word in which every letter must be replaced is not near, however short it is.
    if (distance >= bestDistance || distance >= candidate.length) continue
    best = candidate
    bestDistance = distance
  }
  return best
}

/** The sentence for a message, or null. */
export function didYouMean(word: string, known: readonly string[]): string | null {
  const nearest = suggest(word, known)
  return nearest === null ? null : `did you mean "${nearest}"?`
}

/** Insertions, deletions, replacements and swaps of neighbours that make one word the other. */
function editDistance(left: string, right: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1]
      let distance = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
      )
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      if (swapped) distance = Math.min(distance, at(beforeLast, column - 2) + 1)
      current.push(distance)
    }
    beforeLast = last
    last = current
  }
  return at(last, right.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? 0
}
