/** The selected daemons and their order: the order of starts, its reverse for stops, and the waves
 *  of a shutdown. What a daemon waits for is in daemon/dependency-state.ts. */
import type { DaemonSpec } from './plan.ts'

export interface Order {
  /** All names in the order of the file, except where `after` says otherwise. */
  readonly start: readonly string[]
  /** For each daemon that has dependents: their names. */
  readonly dependents: ReadonlyMap<string, readonly string[]>
  /** The wave of each daemon that has dependents: one more than the last wave of these. All others
   *  are in wave 0. */
  readonly wave: ReadonlyMap<string, number>
}

/** Leaves out dependencies that are not in the list (not selected). The plan has no cycles. */
export function orderOf(daemons: readonly DaemonSpec[]): Order {
  const specs = new Map<string, DaemonSpec>()
  const dependents = new Map<string, string[]>()
  for (const spec of daemons) specs.set(spec.name, spec)
  for (const { name, after } of daemons) {
    for (const { daemon } of after) {
      const others = dependents.get(daemon)
      if (others !== undefined) others.push(name)
      else if (specs.has(daemon)) dependents.set(daemon, [name])
    }
  }

  const start: string[] = []
  if (dependents.size === 0) for (const { name } of daemons) start.push(name)
  const started = new Set<string>()
  if (dependents.size > 0) for (const { name } of daemons) visit(name)

  const wave = new Map<string, number>()
  // Dependents get their wave before their dependency.
  for (let at = start.length - 1; at >= 0; at--) {
    const others = dependents.get(start[at] as string)
    if (others === undefined) continue
    let latest = 0
    for (const other of others) latest = Math.max(latest, (wave.get(other) ?? 0) + 1)
    wave.set(start[at] as string, latest)
  }
  return { start, dependents, wave }

  /** Depth first with a stack of its own: a chain may be longer than the engine's stack is deep. */
  function visit(first: string): void {
    const path = [{ name: first, next: 0 }]
    while (path.length > 0) {
      const top = path[path.length - 1] as { name: string; next: number }
      const before = specs.get(top.name)?.after[top.next++]?.daemon
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

/**
 * Reads a comma list of names. Spaces around a name are trimmed; unknown names are ignored; order
 * and duplicates have no effect.
 *
 * @param names The bundle's daemons, in order.
 * @param value The variable's value; null when it is not set. Unset or blank selects all.
 * @returns The selected names, in the bundle's order. Empty when nothing known was named.
 */
export function selectDaemons(names: readonly string[], value: string | null): string[] {
  if (value === null || value.trim() === '') return [...names]
  const wanted = new Set(value.split(',').map((name) => name.trim()))
  return names.filter((name) => wanted.has(name))
}
