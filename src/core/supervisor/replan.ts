/** Another plan in the same life. A daemon whose runs cannot go on under its new keys must be
 *  stopped before; otherwise nothing changes, and the reason is told. It is in force for all
 *  daemons at once.
 *
 *  Loaded with the operations: most bundles are never changed, so that `StepContext.replacePlan` is
 *  null until then. */

import { unmetDependency } from '../daemon/dependency-state.ts'
import type { Daemon } from '../daemon/phases.ts'
import { noStreak } from '../daemon/restart-policy.ts'
import { type DaemonChange, diffPlan } from '../plan/diff-plan.ts'
import { orderOf } from '../plan/order.ts'
import { type DaemonSpec, maxDaemons, type Plan } from '../plan/plan.ts'
import type { StepContext } from './step-context.ts'

/** @param plan With the selected daemons only.
 *  @param restarts Daemons that get another environment, which the keys alone do not tell.
 *  @returns Why nothing was changed; null = the plan is in force. */
export function replacePlan(
  context: StepContext,
  plan: Plan,
  restarts: readonly string[],
): string | null {
  const changes = diffPlan(context.plan, plan)
  const specs = new Map(plan.daemons.map((spec) => [spec.name, spec]))
  const problem =
    generalProblem(context, changes.refused, plan) ??
    changes.daemons
      .map((change) => problemOf(context, change, specs))
      .find((why) => why !== null) ??
    restarts.map((name) => aliveProblem(context, name)).find((why) => why !== null)
  if (problem != null) return problem
  const before = context.daemons
  const retired = retire(context, specs)
  const daemons = new Map<string, Daemon>()
  for (const spec of plan.daemons) daemons.set(spec.name, daemonOf(spec, before, retired))
  const tickets = new Map([...context.tickets].filter(([name]) => daemons.has(name)))
  context.set('plan', plan)
  context.set('order', orderOf(plan.daemons))
  context.set('daemons', daemons)
  context.set('tickets', tickets)
  context.set('retired', retired)
  context.recount()
  for (const { name, does } of changes.daemons) {
    if (does === 'in place')
      follow(context, before.get(name) as Daemon, daemons.get(name) as Daemon)
  }
  return null
}

function generalProblem(context: StepContext, refused: string | null, plan: Plan): string | null {
  if (refused !== null) return refused
  if (context.isEnding) return 'pitcrew is shutting down'
  if (!context.booted || context.sweep !== null) return 'the daemons are still being started'
  const goesOn = plan.daemons.some(({ name }) => {
    const daemon = context.daemons.get(name)
    return daemon?.phase !== 'stopped' || daemon.end === 'requested'
  })
  return goesOn ? null : 'no daemon would be left to run, so that pitcrew would end'
}

function problemOf(
  context: StepContext,
  { name, does, keys }: DaemonChange,
  specs: ReadonlyMap<string, DaemonSpec>,
): string | null {
  if (does === 'start') return null
  if (does !== 'in place') return aliveProblem(context, name)
  const daemon = context.daemons.get(name) as Daemon
  // The rules of an end in progress count on the way in which it began.
  const isEnding = daemon.phase === 'terminating' || daemon.phase === 'killing'
  if (isEnding && keys.includes('stop')) return `${name} is just ending`
  const isOver = daemon.phase === 'stopped' && daemon.end !== 'none' && daemon.end !== 'requested'
  if (!isOver) return null
  const [old, spec] = [daemon.spec, specs.get(name) as DaemonSpec]
  const endsAll = spec.critical || spec.restart.then === 'shutdown'
  const ended = old.critical || old.restart.then === 'shutdown'
  return endsAll && !ended ? `${name} has ended: with its new keys that would end pitcrew` : null
}

/** The run of the daemon cannot go on, or it is removed. */
function aliveProblem(context: StepContext, name: string): string | null {
  const daemon = context.daemons.get(name)
  if (daemon !== undefined && daemon.phase !== 'stopped') return `${name} is not stopped`
  return context.openTicket(name) === null ? null : `a request for ${name} is under way`
}

function daemonOf(
  spec: DaemonSpec,
  before: ReadonlyMap<string, Daemon>,
  retired: ReadonlyMap<string, number>,
): Daemon {
  const daemon = before.get(spec.name)
  if (daemon !== undefined) return { ...daemon, spec }
  // As after a stop: it waits for a request, and pitcrew does not end meanwhile.
  const run = retired.get(spec.name) ?? 0
  return { spec, run, last: null, streak: noStreak, phase: 'stopped', end: 'requested' }
}

/** The numbers of runs go on when a daemon is removed and added again: the output and the records
 *  of its old runs may still be there. */
function retire(
  context: StepContext,
  specs: ReadonlyMap<string, DaemonSpec>,
): ReadonlyMap<string, number> {
  const retired = new Map(context.retired)
  for (const { spec, run } of context.daemons.values()) {
    if (specs.has(spec.name) || run === 0) continue
    retired.delete(spec.name) // The oldest are forgotten first.
    retired.set(spec.name, run)
  }
  for (const name of retired.keys()) {
    if (retired.size <= maxDaemons) break
    retired.delete(name)
  }
  return retired
}

/** What new keys mean for a run that goes on, and for its dependents. */
function follow(context: StepContext, before: Daemon, daemon: Daemon): void {
  const { name, after, alive } = daemon.spec
  context.changed.push(name)
  // A guard holds its dependents.
  for (const { daemon: dependency } of after) {
    if (context.daemons.has(dependency)) context.changed.push(dependency)
  }
  // It was skipped for a dependency that it may have no more.
  if (daemon.phase === 'stopped' && daemon.end === 'skipped') {
    if (unmetDependency(context.daemons, daemon)?.hasFailed) return
    return context.dispatch(name, { type: 'start', atMs: context.atMs })
  }
  if (daemon.phase !== 'running' || daemon.readyAtMs === null) return
  if (JSON.stringify(before.spec.alive) === JSON.stringify(alive)) return
  if (before.spec.alive !== null) context.emit({ type: 'unwatch', daemon: name, run: daemon.run })
  if (alive !== null) context.emit({ type: 'watch', daemon: name, run: daemon.run, for: 'alive' })
}
