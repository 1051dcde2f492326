/** What no single field of a plan can know: names that must exist, or must not exist twice, and
 *  fields that contradict each other in a way that the core could not bear. */
import type { AfterSpec, DaemonSpec, Plan } from './plan.ts'

/** @returns The first thing that is wrong and where, or null. */
export function checkReferences(plan: Plan): string | null {
  const known = new Set<string>()
  for (const [index, { name }] of plan.daemons.entries()) {
    if (known.has(name)) return `daemons[${index}].name: "${name}" is there twice`
    known.add(name)
  }
  const mains = plan.daemons.filter(({ main }) => main)
  if (mains.length > 1) return 'daemons: more than one has main: true'
  return checkNames(plan, known) ?? checkCycle(plan.daemons)
}

function checkNames(plan: Plan, known: ReadonlySet<string>): string | null {
  const jobs = new Set(plan.daemons.filter(({ kind }) => kind === 'job').map(({ name }) => name))
  for (const [index, daemon] of plan.daemons.entries()) {
    const problem = contradiction(daemon) ?? checkAfter(daemon, known, jobs)
    if (problem !== null) return `daemons[${index}].${problem}`
  }
  for (const [signal, { forward, restart }] of Object.entries(plan.signals)) {
    const missing = [...forward, ...restart].find((name) => !known.has(name))
    if (missing !== undefined) return `signals.${signal}: no daemon "${missing}"`
  }
  return null
}

function checkAfter(
  { after }: DaemonSpec,
  known: ReadonlySet<string>,
  jobs: ReadonlySet<string>,
): string | null {
  const seen = new Set<string>()
  for (const { daemon, until } of after) {
    if (!known.has(daemon)) return `after: no daemon "${daemon}"`
    if (seen.has(daemon)) return `after: "${daemon}" is there twice`
    if (until === 'done' && !jobs.has(daemon)) return `after: "${daemon}" is no job, never done`
    seen.add(daemon)
  }
  return null
}

/** What would make a daemon wait, run or be looked at for ever. */
function contradiction({ kind, ready, alive, watchdogMs, ...spec }: DaemonSpec): string | null {
  const { policy, backoffMs, backoffMaxMs } = spec.restart
  if (backoffMaxMs < backoffMs) return 'restart.backoffMaxMs: less than backoffMs'
  if (spec.guard && spec.optional) return 'guard: not together with optional'
  if (kind !== 'job') return null
  if (policy === 'always') return 'restart.policy: "always" is not for a job'
  const looksAtIt = ready !== null || alive !== null || watchdogMs !== null
  return looksAtIt ? 'kind: a job has no ready, alive or watchdogMs' : null
}

function checkCycle(daemons: readonly DaemonSpec[]): string | null {
  const cycle = findCycle(daemons)
  return cycle === null ? null : `daemons: after goes around: ${cycle.join(' → ')}`
}

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
