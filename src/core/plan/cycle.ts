/** Daemons that wait for each other: an order that cannot be. */
import type { AfterSpec, DaemonSpec } from './plan.ts'

interface Node extends Pick<DaemonSpec, 'name'> {
  readonly after: readonly Pick<AfterSpec, 'daemon'>[]
}

/**
 * Finds one cycle along `after`.
 *
 * @returns The names on the way around, the first one again at the end: ['a', 'b', 'a']; null when
 *          there is none. Unknown names are not followed. Not recursive: a chain may be as long as
 *          the bundle, and the init's stack is small.
 */
export function findCycle(daemons: readonly Node[]): string[] | null {
  const afterByName = new Map(daemons.map(({ name, after }) => [name, after]))
  const finished = new Set<string>()
  for (const { name } of daemons) {
    const cycle = walk(name, afterByName, finished)
    if (cycle !== null) return cycle
  }
  return null
}

/** Depth first from one daemon; `finished` are those from which no cycle can be reached. */
function walk(
  start: string,
  afterByName: ReadonlyMap<string, Node['after']>,
  finished: Set<string>,
): string[] | null {
  const path = [{ name: start, next: 0 }]
  const onPath = new Set([start])
  for (let here = path.at(-1); here !== undefined; here = path.at(-1)) {
    const wanted = afterByName.get(here.name)?.[here.next++]?.daemon
    if (wanted === undefined) {
      finished.add(here.name)
      onPath.delete(here.name)
      path.pop()
    } else if (onPath.has(wanted)) {
      const names = path.map(({ name }) => name)
      return [...names.slice(names.indexOf(wanted)), wanted]
    } else if (!finished.has(wanted)) {
      path.push({ name: wanted, next: 0 })
      onPath.add(wanted)
    }
  }
  return null
}
