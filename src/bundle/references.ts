/** Places where the bundle names one of its daemons. Whether there is such a daemon is known only
 *  when the whole file has been read, so each use is noted and checked at the end. */
import { findCycle } from '../core/plan/cycle.ts'
import type { DaemonSpec } from '../core/plan/plan.ts'
import { didYouMean } from '../core/text/suggest.ts'
import { complain, type Place, type Reader, type Reading } from './location.ts'
import { quote } from './problems.ts'
import { text } from './read.ts'

/** The name of a daemon of this bundle. */
export const daemonName: Reader<string> = (value, place) => {
  const name = text(value, place)
  if (name !== undefined) noteUse(name, value.at, place)
  return name
}

export function noteUse(name: string, at: number, place: Place): void {
  place.reading.uses.push({ name, at, place })
}

/**
 * Checks every use of a name, and that `after` gives an order.
 *
 * @param known All names that the file gives to daemons, also to those that have problems.
 */
export function checkUses(
  { problems, uses }: Reading,
  known: readonly string[],
  daemons: readonly Pick<DaemonSpec, 'name' | 'after'>[],
): void {
  const names = new Set(known)
  for (const { name, at, place } of uses) {
    if (name === place.daemon) {
      complain(place, at, `${quote(name)} cannot come after itself`, 'remove it from its own list')
    } else if (!names.has(name)) {
      complain(place, at, `no daemon ${quote(name)} in this bundle`, () => {
        return didYouMean(name, known) ?? (known.length <= 8 ? `known: ${known.join(', ')}` : null)
      })
    }
  }
  const others = daemons.map(({ name, after }) => ({
    name,
    after: after.filter(({ daemon }) => daemon !== name),
  }))
  const cycle = findCycle(others)
  if (cycle === null) return
  const [first, second] = cycle
  const closing = uses.find(({ name, place }) => place.daemon === first && name === second)
  const hint = 'one of them must start without the other'
  problems.add(closing?.at ?? 0, `after goes around: ${cycle.join(' → ')}`, hint)
}
