/** Lookups by the order of a trace, in logarithmic time: a daemon that restarts in a loop has
 *  hundreds of runs, and every checker processes each of them. */
import type { Facts, RunFacts, When } from './facts.ts'
import type { Call } from './trace.ts'

/** The last item before the index. @param items In the order of their places. */
function lastBefore<T>(
  items: readonly T[],
  index: number,
  placeOf: (item: T) => number,
): T | undefined {
  return items[countBefore(items, index, placeOf) - 1]
}

function countBefore<T>(items: readonly T[], index: number, placeOf: (item: T) => number): number {
  let least = 0
  let most = items.length
  while (least < most) {
    const middle = (least + most) >> 1
    if (placeOf(items[middle] as T) < index) least = middle + 1
    else most = middle
  }
  return least
}

const indexOf = ({ index }: When): number => index
const spawnedAt = ({ spawned }: RunFacts): number => spawned.index

/** The call in which the moment at this index happened. A call is not part of itself. */
export function callBefore({ calls }: Facts, index: number): (When & Call) | undefined {
  return lastBefore(calls, index, indexOf)
}

/** The index of the next call, at which the effects of the call at this index end. */
export function nextCall({ calls, trace }: Facts, index: number): number {
  return calls[countBefore(calls, index + 1, indexOf)]?.index ?? trace.length
}

/** The last run of a daemon, or the last that was spawned before the index. */
export function lastRun(
  { runsOf }: Facts,
  daemon: string,
  before: number = Number.POSITIVE_INFINITY,
): RunFacts | undefined {
  return lastBefore(runsOf.get(daemon) ?? [], before, spawnedAt)
}

/** Whether one of the times is in the range, both ends included. @param times In ascending
 *  order. */
export function isAnyWithin(times: readonly number[], leastMs: number, mostMs: number): boolean {
  const at = countBefore(times, leastMs, (time) => time)
  return (times[at] ?? Number.POSITIVE_INFINITY) <= mostMs
}

/** Caches the result of a function of the facts, for use by several promises. */
export function kept<T>(make: (facts: Facts) => T): (facts: Facts) => T {
  const known: WeakMap<Facts, { readonly result: T }> = new WeakMap()
  return (facts) => {
    const found = known.get(facts)
    if (found !== undefined) return found.result
    const result = make(facts)
    known.set(facts, { result })
    return result
  }
}
