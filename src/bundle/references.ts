/** References of the bundle to its daemons. They are collected while reading and checked at the
 *  end, when all daemons are known. */
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
 * Checks that every reference names a daemon, and that `after` has no cycle.
 *
 * @param known The names of all daemons in the file, also of those that have problems.
 */
export function checkReferences(
  { problems, references }: ReadContext,
  known: readonly string[],
  daemons: readonly Pick<DaemonSpec, 'name' | 'after'>[],
): void {
  const names = new Set(known)
  for (const { name, offset, location } of references) {
    if (name === location.daemon) {
      reportProblem(location, offset, `${quote(name)} cannot depend on itself`, 'remove it')
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
  const hint = 'remove one of these dependencies'
  problems.add(closing?.offset ?? 0, `after has a cycle: ${cycle.join(' → ')}`, hint)
}
