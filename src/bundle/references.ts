/** Places where the bundle names one of its daemons. Whether there is such a daemon is known only
 *  when the whole file has been read, so each use is noted and checked at the end. */
import { findCycle } from '../core/plan/check-references.ts'
import type { DaemonSpec } from '../core/plan/plan.ts'
import { didYouMean } from '../core/text/suggest.ts'
import { type Location, type ReadContext, type Reader, reportProblem } from './location.ts'
import { quote } from './problems.ts'
import { text } from './read.ts'

/** The name of a daemon of this bundle. */
export const daemonName: Reader<string> = (value, location) => {
  const name = text(value, location)
  if (name !== undefined) addReference(name, value.offset, location)
  return name
}

export function addReference(name: string, offset: number, location: Location): void {
  location.context.references.push({ name, offset, location })
}

/**
 * Checks every use of a name, and that `after` gives an order.
 *
 * @param known All names that the file gives to daemons, also to those that have problems.
 */
export function checkReferences(
  { problems, references }: ReadContext,
  known: readonly string[],
  daemons: readonly Pick<DaemonSpec, 'name' | 'after'>[],
): void {
  const names = new Set(known)
  for (const { name, offset, location } of references) {
    if (name === location.daemon) {
      reportProblem(
        location,
        offset,
        `${quote(name)} cannot come after itself`,
        'remove it from its own list',
      )
    } else if (!names.has(name)) {
      reportProblem(location, offset, `no daemon ${quote(name)} in this bundle`, () => {
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
  const closing = references.find(
    ({ name, location }) => location.daemon === first && name === second,
  )
  const hint = 'one of them must start without the other'
  problems.add(closing?.offset ?? 0, `after goes around: ${cycle.join(' → ')}`, hint)
}
