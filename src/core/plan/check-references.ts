/** Checks of a plan across its fields: references to daemons, duplicates, cycles, and fields that
 *  contradict each other. */
import { maxWatchedFiles, namesFile, watchedFiles } from './config.ts'
import type { AfterSpec, DaemonSpec, Plan } from './plan.ts'

/** @returns The first thing that is wrong and where, or null. */
export function checkReferences(plan: Plan): string | null {
  const known = new Set<string>()
  for (const [index, { name }] of plan.daemons.entries()) {
    if (known.has(name)) return `daemons[${index}].name: "${name}" is listed twice`
    known.add(name)
  }
  const mains = plan.daemons.filter(({ main }) => main)
  if (mains.length > 1) return 'daemons: only one may have main: true'
  if (watchedFiles(plan.daemons).size > maxWatchedFiles)
    return `daemons: more than ${maxWatchedFiles} config files are watched`
  return checkNames(plan, known) ?? checkCycle(plan.daemons)
}

function checkNames(plan: Plan, known: ReadonlySet<string>): string | null {
  const jobs = new Set(plan.daemons.filter(({ kind }) => kind === 'job').map(({ name }) => name))
  for (const [index, daemon] of plan.daemons.entries()) {
    const problem = contradiction(daemon) ?? checkAfter(daemon, known, jobs)
    if (problem !== null) return `daemons[${index}].${problem}`
  }
  for (const [signal, { forward, restart, reload }] of Object.entries(plan.signals)) {
    const missing = [...forward, ...restart, ...reload].find((name) => !known.has(name))
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
    if (seen.has(daemon)) return `after: "${daemon}" is listed twice`
    if (until === 'done' && !jobs.has(daemon))
      return `after: "${daemon}" is not a job, so it is never done`
    seen.add(daemon)
  }
  return null
}

/** Fields that together would make a daemon wait, run or be probed for ever. */
function contradiction({ kind, ready, alive, watchdogMs, ...spec }: DaemonSpec): string | null {
  const { policy, backoffMs, backoffMaxMs } = spec.restart
  if (backoffMaxMs < backoffMs) return 'restart.backoffMaxMs: must not be less than backoffMs'
  if (spec.guard && spec.optional) return 'guard: cannot be combined with optional'
  const problem = reloadContradiction(spec)
  if (problem !== null || kind !== 'job') return problem
  if (policy === 'always') return 'restart.policy: a job cannot have "always"'
  const { by, verify } = spec.reload
  if (by.type !== 'restart') return 'reload.by: a job can only be restarted'
  if (verify !== null) return 'reload.verify: a job is verified by its end'
  const isWatched = ready !== null || alive !== null || watchdogMs !== null
  return isWatched ? 'kind: a job cannot have ready, alive or watchdogMs' : null
}

function reloadContradiction({
  config,
  reload: { by, check, checkInPlace },
  stop,
}: Pick<DaemonSpec, 'config' | 'reload' | 'stop'>): string | null {
  const twice = config.findIndex((path, index) => config.indexOf(path) !== index)
  if (twice !== -1) return `config[${twice}]: the file is listed twice`
  if (check !== null && !checkInPlace && !namesFile(check))
    return 'reload.check: without {file} it needs checkInPlace'
  const isStop = by.type === 'signal' && by.signal === stop.signal
  return isStop ? 'reload.by.signal: it is the stop signal' : null
}

function checkCycle(daemons: readonly DaemonSpec[]): string | null {
  const cycle = findCycle(daemons)
  return cycle === null ? null : `daemons: after has a cycle: ${cycle.join(' → ')}`
}

interface Node extends Pick<DaemonSpec, 'name'> {
  readonly after: readonly Pick<AfterSpec, 'daemon'>[]
}

/**
 * Finds one cycle along `after`.
 *
 * @returns The names of the cycle, with the first one again at the end: ['a', 'b', 'a']; null = no
 *          cycle. Unknown names are not followed. Not recursive: a chain may be as long as the
 *          bundle, and the stack of the init is small.
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

/** Depth first from one daemon. `finished`: daemons that do not lead to a cycle. */
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
