/** What changes between two plans of a bundle, and what follows for each daemon. For each key of
 *  the plan and of a daemon a table says when a new value takes effect; a key that is missing there
 *  does not compile. The reason stands beside each key. */
import { environmentFor } from './environment.ts'
import type { DaemonSpec, Plan } from './plan.ts'

/** What a new value of a key needs to take effect. `nothing`: it has none. `in place`: the value is
 *  read anew each time. `restart`: a run has it for its whole life. `refused`: only another pitcrew
 *  can have it. */
type Consequence = 'nothing' | 'in place' | 'restart' | 'refused'

/** `of`: the consequence depends on the two values. */
type Table<T> = {
  readonly [K in keyof T]-?: Consequence | ((before: T[K], after: T[K]) => Consequence)
}

const ofPlan: Table<Plan> = {
  plan: 'refused', // Only this version of the format is read at all.
  name: 'refused', // The socket, the journal and the folder of revisions are named by it.
  label: 'refused', // It was given to each writer of pitcrew's lines at its start.
  select: 'in place', // Read again with the new plan.
  deadlineMs: 'in place', // Looked up when a shutdown or a stop begins.
  signals: 'in place', // Looked up at each signal.
  daemons: 'in place', // Compared one by one; their order is looked up at starts and stops.
}

const ofDaemon: Table<DaemonSpec> = {
  name: 'nothing', // It is how the daemon is found in both plans.
  kind: 'restart', // For a job, ready means done: a run cannot become the other.
  command: 'restart', // The program of the run.
  cwd: 'restart', // Set before the program is executed.
  env: 'nothing', // What the daemon inherits and sets is compared as a whole: see `environments`.
  after: 'in place', // Looked up at each start, stop and change of a dependency.
  // The channel of the sign is made at the spawn, and the times are counted from there.
  ready: (before, after) => (same(before?.sign, after?.sign) ? 'in place' : 'restart'),
  alive: 'in place', // The probes of a run begin anew.
  watchdogMs: 'restart', // The run has it as WATCHDOG_USEC.
  stop: 'in place', // Looked up when a run is ended, and when its exit code is counted.
  restart: 'in place', // Looked up when a run has ended.
  main: 'refused', // When this daemon ends, pitcrew ends with its exit code.
  critical: 'in place', // Looked up when a daemon is given up.
  guard: 'in place', // Looked up at each change of its readiness.
  optional: 'in place', // Looked up when a dependency has failed.
  onDeath: 'in place', // Looked up at each death.
  control: 'restart', // The descriptor of PITCREW_FD is made at the spawn.
  user: 'restart', // Set before the program is executed; so are the next three.
  group: 'restart',
  umask: 'restart',
  limits: 'restart',
  config: 'in place', // Looked up at each apply; the watcher gets the new paths.
  watch: 'in place', // Looked up at each change of a file.
  reload: 'in place', // Looked up at each reload.
  onBootFailure: 'in place', // Looked up at the next boot.
}

export interface PlanChange {
  /** Why the change cannot be made while pitcrew runs; null = it can. */
  readonly refused: string | null
  /** The keys of the bundle itself that change; `daemons`: their order. */
  readonly keys: readonly string[]
  /** The daemons that change: in the order of the new plan, then those that are removed. */
  readonly daemons: readonly DaemonChange[]
}

export interface DaemonChange {
  readonly name: string
  /** `start`: it is new; `stop`: it is removed. */
  readonly does: 'start' | 'stop' | 'restart' | 'in place'
  /** The keys that differ. */
  readonly keys: readonly (keyof DaemonSpec)[]
}

/** @param outer The names of pitcrew's own environment: a claim of one daemon changes what others
 *  inherit.
 *  @param selected Which daemons of each plan run; null = all. The claims of others count, too. */
export function diffPlan(
  old: Plan,
  next: Plan,
  outer: readonly string[] = [],
  selected: { readonly old: readonly string[]; readonly next: readonly string[] } | null = null,
): PlanChange {
  const before = specsOf(old, selected?.old ?? null)
  const after = specsOf(next, selected?.next ?? null)
  const differs = environments(old, next, outer)
  const problems: string[] = []
  const daemons: DaemonChange[] = []
  for (const [name, spec] of after) {
    const was = before.get(name)
    const change =
      was === undefined ? added(spec, problems) : compared(was, spec, differs, problems)
    if (change !== null) daemons.push(change)
  }
  for (const [name, { main }] of before) {
    if (after.has(name)) continue
    if (main) problems.push(`${name}: it is main and cannot be removed`)
    daemons.push({ name, does: 'stop', keys: [] })
  }
  if (after.size === 0) problems.push('no daemon would be left')
  const { keys, refused } = changesOf(ofPlan, old, next)
  if (!isInOrder(old, next)) keys.push('daemons')
  for (const key of refused) problems.push(`"${key}" cannot change while pitcrew runs`)
  return { refused: problems.length === 0 ? null : problems.slice(0, 5).join('; '), keys, daemons }
}

/** Whether the daemons that are in both plans have the same order. */
function isInOrder(old: Plan, next: Plan): boolean {
  const before = specsOf(old, null)
  const after = specsOf(next, null)
  const kept = [...before.keys()].filter((name) => after.has(name))
  let at = 0
  for (const name of after.keys()) if (before.has(name) && kept[at++] !== name) return false
  return true
}

function added({ name, main }: DaemonSpec, problems: string[]): DaemonChange {
  if (main) problems.push(`${name}: a daemon that is main cannot be added`)
  return { name, does: 'start', keys: [] }
}

function compared(
  before: DaemonSpec,
  after: DaemonSpec,
  differs: (before: DaemonSpec, after: DaemonSpec) => boolean,
  problems: string[],
): DaemonChange | null {
  const { name } = after
  const { keys, refused, restarts } = changesOf(ofDaemon, before, after)
  for (const key of refused) problems.push(`${name}: "${key}" cannot change while pitcrew runs`)
  const isOther = differs(before, after)
  if (isOther && !keys.includes('env')) keys.push('env')
  if (keys.length === 0) return null
  if (!isOther && !restarts) return { name, does: 'in place', keys }
  if (after.main) problems.push(`${name}: it is main and cannot be restarted for ${list(keys)}`)
  return { name, does: 'restart', keys }
}

function changesOf<T extends object>(table: Table<T>, before: T, after: T) {
  const keys: (keyof T & string)[] = []
  const refused: string[] = []
  let restarts = false
  for (const key of Object.keys(table) as (keyof T & string)[]) {
    if (key === 'daemons' || same(before[key], after[key])) continue
    const entry = table[key]
    const consequence = typeof entry === 'function' ? entry(before[key], after[key]) : entry
    keys.push(key)
    if (consequence === 'refused') refused.push(key)
    if (consequence === 'restart') restarts = true
  }
  return { keys, refused, restarts }
}

/** Whether a daemon gets another environment by the new plan: by its own keys, or by the claims of
 *  others. */
function environments(old: Plan, next: Plan, outer: readonly string[]) {
  const [before, after] = [environmentFor(outer, old.daemons), environmentFor(outer, next.daemons)]
  const sameClaims = same(claimsOf(old), claimsOf(next))
  return (was: DaemonSpec, spec: DaemonSpec): boolean => {
    if (sameClaims && same(was.env, spec.env)) return false
    return !same(new Set(before.of(was)), new Set(after.of(spec)))
  }
}

function claimsOf({ daemons }: Plan): readonly unknown[] {
  return daemons.filter(({ env }) => env.claim.length > 0).map(({ name, env }) => [name, env.claim])
}

function specsOf(plan: Plan, selected: readonly string[] | null): Map<string, DaemonSpec> {
  const names = selected === null ? null : new Set(selected)
  const specs = plan.daemons.filter(({ name }) => names === null || names.has(name))
  return new Map(specs.map((spec) => [spec.name, spec]))
}

function list(keys: readonly string[]): string {
  return keys.map((key) => `"${key}"`).join(', ')
}

/** Whether two values of a plan are the same. The order of the keys of a table has no meaning, nor
 *  that of a set. */
function same(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null)
    return false
  if (one instanceof Set && other instanceof Set)
    return one.size === other.size && [...one].every((value) => other.has(value))
  const [mine, others] = [Object.entries(one), other as Record<string, unknown>]
  if (Array.isArray(one) !== Array.isArray(other)) return false
  if (mine.length !== Object.keys(other).length) return false
  return mine.every(([key, value]) => Object.hasOwn(others, key) && same(value, others[key]))
}
