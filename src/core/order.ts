/** The order in which daemons start, and its reverse for stopping. `after` means order, nothing
 *  else: a daemon starts when those before it were started, and stops before they do. */
import type { DaemonSpec } from './plan.ts'

export interface Order {
  /** All names; the order of the file, except where `after` says otherwise. */
  readonly start: readonly string[]
  /** For each name, the daemons that are `after` it. */
  readonly dependents: ReadonlyMap<string, readonly string[]>
  /** For each name, its wave: 0 when nothing depends on it, else one more than the latest that
   *  does. */
  readonly wave: ReadonlyMap<string, number>
}

/** Edges to daemons that are not in the list (not selected) are left out. The plan has no cycles.
 */
export function orderOf(daemons: readonly DaemonSpec[]): Order {
  const specs = new Map(daemons.map((spec) => [spec.name, spec]))
  const dependents = new Map<string, string[]>(daemons.map((spec) => [spec.name, []]))
  for (const { name, after } of daemons)
    for (const before of after) dependents.get(before)?.push(name)

  const start: string[] = []
  const started = new Set<string>()
  for (const { name } of daemons) visit(name)

  const wave = new Map<string, number>()
  for (const name of [...start].reverse()) {
    const after = dependents.get(name) ?? []
    wave.set(
      name,
      after.reduce((latest, other) => Math.max(latest, (wave.get(other) ?? 0) + 1), 0),
    )
  }
  return { start, dependents, wave }

  /** Depth first with a stack of its own: a chain may be longer than the engine's stack is deep. */
  function visit(first: string): void {
    const path = [{ name: first, next: 0 }]
    while (path.length > 0) {
      const top = path[path.length - 1] as { name: string; next: number }
      const before = specs.get(top.name)?.after[top.next++]
      if (before !== undefined) {
        if (specs.has(before) && !started.has(before)) path.push({ name: before, next: 0 })
        continue
      }
      if (!started.has(top.name)) start.push(top.name)
      started.add(top.name)
      path.pop()
    }
  }
}
