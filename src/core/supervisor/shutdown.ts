/** The shutdown. It has one deadline, stops daemons in reverse along `after` and otherwise at once,
 *  and gives the exit code. No daemon is spawned once it has begun. */

import { type Daemon, killTree } from '../daemon/phases.ts'
import type { Shutdown, ShutdownReason } from '../effect.ts'
import { graceWithin, splitShutdown } from '../plan/deadline.ts'
import { describeReason } from '../text/describe.ts'
import type { Requester } from '../ticket.ts'
import { exitReport } from './exit-code.ts'
import type { StepContext } from './step-context.ts'
import { beginSweep } from './sweep.ts'
import { accept, endTicket, newTicket } from './tickets.ts'

/** @param token The token of the request; 0 = no answer is awaited. */
export function beginShutdown(
  context: StepContext,
  reason: ShutdownReason,
  token: number = 0,
): void {
  if (context.shutdown !== null) return joinShutdown(context, token)
  if (context.finished) return
  const { plan, order } = context
  const { deadlineMs } = plan
  const { killAtMs, spareMs, flushMs } = splitShutdown(plan, order)
  const ticket = newTicket(context, requestOf(reason), null, 0)
  context.set('shutdown', { sinceMs: context.atMs, reason, killAtMs, spareMs, flushMs, ticket })
  context.set('isEnding', true)
  accept(context, token, ticket, false)
  context.emit({ type: 'announce', state: 'STOPPING=1' })
  context.report({ kind: 'shutdown', reason, daemons: context.active, deadlineMs })
  context.emit({ type: 'arm', timer: { kind: 'deadline' }, afterMs: deadlineMs - flushMs })
  beginSweep(context, context.hasTickets ? ['supersede', 'count', 'stop'] : ['count', 'stop'])
}

/** Begins the shutdown when the end of this daemon is the end of the bundle. */
export function shutDownIfEnded(context: StepContext, daemon: Daemon): void {
  if (context.isEnding) return
  const kind = reasonToShutDown(daemon)
  if (kind !== null) beginShutdown(context, { kind, daemon: daemon.spec.name })
}

type DaemonReason = Extract<ShutdownReason, { daemon: string }>['kind']

/** The reason for which the end of a daemon shuts down the bundle; null = it does not. A `main`
 *  daemon does so whatever its end; a `critical` one when it is over for good without a request;
 *  another one when it is given up and has `then: shutdown`. */
function reasonToShutDown(daemon: Daemon): DaemonReason | null {
  const { main, critical, kind, restart } = daemon.spec
  if (!main && !critical && restart.then === 'leave') return null
  if (main && daemon.phase === 'terminating' && !daemon.requested) return 'main-ended'
  if (daemon.phase !== 'stopped' || daemon.end === 'none') return null
  if (main) return 'main-ended'
  if (daemon.end === 'requested' || (daemon.end === 'done' && kind === 'job')) return null
  if (critical) return 'critical-ended'
  return daemon.end === 'failed' && restart.limit !== null ? 'given-up' : null
}

/** The ticket is that of the first request. */
function joinShutdown(context: StepContext, token: number): void {
  if (context.shutdown === null) return
  const { ticket } = context.shutdown
  const joined = { ...ticket, requests: ticket.requests + 1 }
  context.set('shutdown', { ...context.shutdown, ticket: joined })
  accept(context, token, joined, true)
}

function requestOf(reason: ShutdownReason): {
  readonly verb: 'shutdown'
  readonly daemon: null
  readonly by: Requester
  readonly why: string
} {
  const all = { verb: 'shutdown', daemon: null } as const
  switch (reason.kind) {
    case 'signal':
      return { ...all, by: { kind: 'signal', signal: reason.signal }, why: '' }
    case 'hangup':
      return { ...all, by: { kind: 'hangup' }, why: '' }
    case 'request':
      return { ...all, by: reason.by, why: reason.why }
    default:
      return { ...all, by: { kind: 'policy' }, why: describeReason(reason) }
  }
}

/** Stops a daemon without blockers at once; the others follow as their blockers are over. A daemon
 *  that is on its way to another run is stopped in any case. */
export function stopInTurn(context: StepContext, name: string): void {
  const daemon = context.daemons.get(name) as Daemon
  if (daemon.phase !== 'running' || !hasBlockers(context, name)) stop(context, daemon)
}

/** Counts the dependents that a daemon must wait for; theirs were counted before. */
export function countBlockers(context: StepContext, name: string): void {
  const dependents = context.order.dependents.get(name)
  if (dependents === undefined) return
  let count = 0
  for (const other of dependents) if (isBlocker(context, other)) count++
  context.put(context.blockers, name, count)
}

function hasBlockers({ blockers }: StepContext, name: string): boolean {
  return (blockers.get(name) ?? 0) !== 0
}

/** Whether the dependencies of a daemon wait for it: it is not over, or it waits for a dependent of
 *  its own. With web after api after db and api dead, web stops before db all the same. */
function isBlocker(context: StepContext, name: string): boolean {
  const daemon = context.daemons.get(name)
  return daemon !== undefined && (delaysOthers(daemon) || hasBlockers(context, name))
}

/** Whether a daemon itself delays its dependencies. One that KILL did not end does not, so that
 *  they have time for their own stop. */
export function delaysOthers(daemon: Daemon): boolean {
  return daemon.phase !== 'stopped' && !(daemon.phase === 'killing' && daemon.stuck)
}

function stop(context: StepContext, daemon: Daemon): void {
  const { shutdown, atMs } = context
  if (shutdown === null) return
  const { name, stop } = daemon.spec
  const shareMs = shutdownLimitMs(context, shutdown, name)
  const graceMs = stop.graceMs === null ? shareMs : Math.min(stop.graceMs, shareMs)
  context.dispatchTo(daemon, { type: 'stop', graceMs, atMs })
}

/** The time that is left for the stop of a daemon; later waves keep their share. */
function shutdownLimitMs(context: StepContext, shutdown: Shutdown, name: string): number {
  const { sinceMs, killAtMs, spareMs } = shutdown
  const wave = context.order.wave.get(name) ?? 0
  return (killAtMs[wave] ?? 0) + spareMs - (context.atMs - sinceMs)
}

/** The time that is left for any stop: a single one has a whole deadline from its beginning. */
export function stopLimitMs(context: StepContext, name: string): number {
  const daemon = context.daemons.get(name)
  const sinceMs = daemon !== undefined && 'sinceMs' in daemon ? daemon.sinceMs : context.atMs
  const ownMs = sinceMs + graceWithin(context.plan.deadlineMs, null) - context.atMs
  if (context.shutdown === null) return ownMs
  return Math.min(ownMs, shutdownLimitMs(context, context.shutdown, name))
}

/** A daemon no longer delays its dependencies: stops those without another blocker. */
export function unblock(context: StepContext, daemon: Daemon): void {
  if (hasBlockers(context, daemon.spec.name)) return
  const out = [daemon]
  for (let one = out.pop(); one !== undefined; one = out.pop()) {
    for (const { daemon: name } of one.spec.after) {
      const blockers = context.blockers.get(name)
      const next = context.daemons.get(name)
      if (blockers === undefined || next === undefined) continue // Not selected.
      context.put(context.blockers, name, blockers - 1)
      if (blockers > 1) continue
      if (delaysOthers(next)) stop(context, next)
      else out.push(next)
    }
  }
}

/** Finishes when all daemons are over. A daemon that was stopped on request may be started again,
 *  so pitcrew goes on. */
export function finishIfOver(context: StepContext): void {
  if (context.active > 0 || context.finished) return
  const isOver = context.booted && !isOneStoppedByRequest(context)
  if (isOver || context.shutdown !== null) finish(context)
}

function isOneStoppedByRequest({ daemons }: StepContext): boolean {
  for (const daemon of daemons.values())
    if (daemon.phase === 'stopped' && daemon.end === 'requested') return true
  return false
}

/** The deadline: kills all daemons that are left. */
export function enforceDeadline(context: StepContext): void {
  if (context.shutdown === null || context.finished) return
  beginSweep(context, ['kill', 'missed'])
}

export function killAtDeadline(context: StepContext, name: string): void {
  const { run, phase } = context.daemons.get(name) as Daemon
  // A run gets KILL once, and in `killing` it had it.
  if (phase === 'stopped' || phase === 'killing') return
  killTree(context.effects, name, run)
}

export function missDeadline(context: StepContext): void {
  const names = context.plan.daemons.map(({ name }) => name)
  const daemons = names.filter((name) => context.daemons.get(name)?.phase !== 'stopped')
  context.report({ kind: 'deadline-missed', daemons })
  finish(context)
}

export function finish(context: StepContext): void {
  context.set('finished', true)
  context.set('isEnding', true)
  const { plan } = context
  const daemons = plan.daemons.map(({ name }) => context.daemons.get(name) as Daemon)
  const spentMs = context.shutdown === null ? 0 : context.atMs - context.shutdown.sinceMs
  const minimumMs = context.shutdown?.flushMs ?? 0
  const flushMs = Math.max(minimumMs, plan.deadlineMs - spentMs)
  const report = exitReport(daemons, context.shutdown)
  if (context.shutdown !== null) {
    context.emit({ type: 'disarm', timer: { kind: 'deadline' } })
    endShutdownTicket(context, report.code)
  }
  context.emit({ type: 'finish', report, flushMs })
}

/** Once, even if `finish` has to be ordered again. */
function endShutdownTicket(context: StepContext, exitCode: number): void {
  if (context.shutdown?.ticket.outcome.kind !== 'open') return
  const ticket = endTicket(context, context.shutdown.ticket, { kind: 'ended', exitCode })
  context.set('shutdown', { ...context.shutdown, ticket })
}

/** After a failure inside pitcrew: repeats orders that may be lost. */
export function recoverShutdown(context: StepContext): void {
  if (context.shutdown === null) return
  context.emit({ type: 'announce', state: 'STOPPING=1' })
  const { sinceMs, flushMs } = context.shutdown
  const leftMs = sinceMs + context.plan.deadlineMs - flushMs - context.atMs
  if (leftMs <= 0) return enforceDeadline(context)
  context.emit({ type: 'arm', timer: { kind: 'deadline' }, afterMs: leftMs })
  beginSweep(context, ['stop'])
}
