/** Starts daemons when their dependencies are met. A daemon waits while a dependency may still be
 *  met, is skipped when one has failed for good, and is started after all when that one comes back.
 *  Behind a guard it runs only while the guard is ready.
 *
 *  After a change only the daemon itself and its dependents are reconsidered, never all daemons. */

import { dependencyState, unmetDependency } from '../daemon/dependency-state.ts'
import type { Daemon } from '../daemon/phases.ts'
import type { StepContext } from './step-context.ts'

/** The most spawns in one step. The next batch follows when all of this one have answered, so that
 *  a signal never waits behind a thousand starts. */
const batchMax = 8

/** Draws the consequences of all changes of this step, and of the changes that these lead to.
 *  Dependents of a failed daemon are skipped last, because it may recover within the step. */
export function followChanges(context: StepContext): void {
  const failed: string[] = []
  do {
    for (; context.followed < context.changed.length; context.followed++) {
      if (context.isEnding) return
      follow(context, context.changed[context.followed] as string, failed)
    }
    const name = failed.pop()
    if (name !== undefined) skipIfFailed(context, name)
  } while (failed.length > 0 || context.followed < context.changed.length)
}

function follow(context: StepContext, name: string, failed: string[]): void {
  const daemon = context.daemons.get(name) as Daemon
  if (daemon.phase === 'waiting') reconsider(context, daemon, failed)
  const dependents = context.order.dependents.get(name)
  if (dependents === undefined) return
  for (const dependent of dependents) {
    const other = context.daemons.get(dependent) as Daemon
    if (daemon.spec.guard) holdBehind(context, daemon, other)
    reconsider(context, other, failed)
  }
}

function skipIfFailed(context: StepContext, name: string): void {
  const daemon = context.daemons.get(name)
  if (daemon?.phase !== 'waiting') return
  const unmet = unmetDependency(context.daemons, daemon)
  if (unmet?.hasFailed) {
    context.dispatch(name, { type: 'skip', needs: unmet.after.daemon, atMs: context.atMs })
  }
}

function reconsider(context: StepContext, daemon: Daemon, failed: string[]): void {
  const { atMs } = context
  const { name } = daemon.spec
  if (daemon.phase === 'waiting') {
    const unmet = unmetDependency(context.daemons, daemon)
    if (unmet === null) context.queue.push(name)
    else if (unmet.hasFailed) failed.push(name)
  } else if (daemon.phase === 'stopped' && daemon.end === 'skipped') {
    if (unmetDependency(context.daemons, daemon)?.hasFailed) return
    context.dispatch(name, { type: 'start', atMs })
  }
}

function holdBehind(context: StepContext, guard: Daemon, daemon: Daemon): void {
  if (daemon.phase !== 'running' && daemon.phase !== 'starting') return
  const edge = daemon.spec.after.find(({ daemon: name }) => name === guard.spec.name)
  if (edge === undefined || dependencyState(guard, edge.until) === 'met') return
  const { name } = daemon.spec
  const graceMs = context.stopGraceMs(daemon)
  context.dispatch(name, { type: 'hold', guard: guard.spec.name, graceMs, atMs: context.atMs })
}

/** Spawns the next batch when all spawns of the last one have answered. */
export function spawnNextBatch(context: StepContext): void {
  if (context.inPhase.starting > 0 || context.isEnding) return
  const { atMs } = context
  for (let name = context.nextInQueue(); name !== null; name = context.nextInQueue()) {
    const daemon = context.daemons.get(name)
    if (daemon?.phase !== 'waiting' || unmetDependency(context.daemons, daemon) !== null) continue
    context.dispatchTo(daemon, { type: 'turn', atMs })
    if (context.isEnding || context.inPhase.starting >= batchMax) return
  }
}

/** The wait after which waiting daemons are reported, and the interval of the reports, in
 *  milliseconds. */
const longWaitMs = 5000
const reportAgainMs = 60_000
/** The most daemons of a report, in the order in which they start. */
const reportedMax = 10

/** One timer for all waiting daemons. After a failure inside pitcrew it may or may not be armed. */
export function watchWaiters(context: StepContext): void {
  const before = context.waitingBefore
  if (context.inPhase.waiting > 0) {
    if (before === 0 || before === null)
      context.emit({ type: 'arm', timer: { kind: 'waiting' }, afterMs: longWaitMs })
  } else if (before !== 0) {
    context.emit({ type: 'disarm', timer: { kind: 'waiting' } })
  }
}

export function reportWaiters(context: StepContext): void {
  let reported = 0
  for (const name of context.order.start) {
    const daemon = context.daemons.get(name) as Daemon
    if (daemon.phase !== 'waiting' || reported === reportedMax) continue
    const unmet = unmetDependency(context.daemons, daemon)
    if (unmet === null || unmet.hasFailed) continue
    context.report({ kind: 'waits', daemon: name, for: unmet.after.daemon })
    reported++
  }
  if (context.inPhase.waiting === 0) return
  context.emit({ type: 'arm', timer: { kind: 'waiting' }, afterMs: reportAgainMs })
}
