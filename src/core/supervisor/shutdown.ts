/** The shutdown: one deadline for all of it, daemons in reverse along `after` and otherwise at
 *  once, and at its end the exit code. Nothing is spawned once it has begun. */

import type { Daemon } from '../daemon/phases.ts'
import type { ShutdownReason } from '../effect.ts'
import { graceWithin, splitShutdown } from '../plan/deadline.ts'
import { describeReason } from '../text/describe.ts'
import { exitReport } from './exit-code.ts'
import type { Tell } from './scheduling.ts'
import type { Shutdown } from './state.ts'
import type { Draft } from './step-context.ts'
import { beginSweep } from './sweep.ts'
import type { Asker } from './ticket.ts'
import { accept, endTicket, newTicket } from './tickets.ts'

/** @param token By which whoever asked for it is told his ticket; 0 = nobody is. */
export function beginShutdown(draft: Draft, reason: ShutdownReason, token: number = 0): void {
  if (draft.shutdown !== null) return joinShutdown(draft, token)
  if (draft.finished) return
  const { plan, order } = draft.state
  const { deadlineMs } = plan
  const { killAtMs, spareMs, flushMs } = splitShutdown(plan, order)
  const ticket = newTicket(draft, askedBy(reason), null, 0)
  draft.shutdown = { sinceMs: draft.atMs, reason, killAtMs, spareMs, flushMs, ticket }
  accept(draft, token, ticket, false)
  draft.do({ type: 'announce', state: 'STOPPING=1' })
  draft.report({ kind: 'shutdown', reason, daemons: draft.active, deadlineMs })
  draft.do({ type: 'arm', timer: { kind: 'deadline' }, afterMs: deadlineMs - flushMs })
  beginSweep(draft, draft.hasTickets ? ['supersede', 'count', 'stop'] : ['count', 'stop'])
}

type EndOfAll = Extract<ShutdownReason, { daemon: string }>['kind']

/** A `main` daemon that is over for whatever reason; a `critical` one that is over for good without
 *  having been asked to; one that is given up and says `then: shutdown`. */
export function endsEverything(daemon: Daemon): EndOfAll | null {
  const { main, critical, kind, restart } = daemon.spec
  if (!main && !critical && restart.then === 'leave') return null
  if (main && daemon.phase === 'terminating' && !daemon.asked) return 'main-ended'
  if (daemon.phase !== 'stopped' || daemon.end === 'none') return null
  if (main) return 'main-ended'
  if (daemon.end === 'asked' || (daemon.end === 'done' && kind === 'job')) return null
  if (critical) return 'critical-ended'
  return daemon.end === 'failed' && restart.limit !== null ? 'given-up' : null
}

/** Who asked for it first is whose ticket it is. */
function joinShutdown(draft: Draft, token: number): void {
  if (draft.shutdown === null) return
  const { ticket } = draft.shutdown
  const joined = { ...ticket, requests: ticket.requests + 1 }
  draft.shutdown = { ...draft.shutdown, ticket: joined }
  accept(draft, token, joined, true)
}

function askedBy(reason: ShutdownReason): {
  readonly verb: 'shutdown'
  readonly daemon: null
  readonly by: Asker
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

/** Those nobody depends on go first; the rest follows as those in front of it are over. What is on
 *  its way to a next run is stopped in any case: there is none. */
export function stopInTurn(draft: Draft, name: string, tell: Tell): void {
  const isRunning = draft.daemons.get(name)?.phase === 'running'
  if (!isRunning || draft.blockers.get(name) === 0) stop(draft, name, tell)
}

/** How many of those that are after a daemon are in its way; they were counted before it. */
export function countBlockers(draft: Draft, name: string): void {
  const dependents = draft.state.order.dependents.get(name) ?? []
  let count = 0
  for (const other of dependents) if (isInTheWay(draft, other)) count++
  draft.blockers.set(name, count)
}

/** It is there; or it is over, and one that is after it is still in the way: of web after api after
 *  db, with api dead, web goes before db all the same. */
function isInTheWay(draft: Draft, name: string): boolean {
  const daemon = draft.daemons.get(name)
  return daemon !== undefined && (holdsUp(daemon) || draft.blockers.get(name) !== 0)
}

/** Whether those that it is after wait for it. What KILL did not end may not cost them their own
 *  stop. */
export function holdsUp(daemon: Daemon): boolean {
  return daemon.phase !== 'stopped' && !(daemon.phase === 'killing' && daemon.stuck)
}

function stop(draft: Draft, name: string, tell: Tell): void {
  if (draft.shutdown === null) return
  const asked = draft.daemons.get(name)?.spec.stop.graceMs ?? Number.POSITIVE_INFINITY
  const shareMs = shutdownLimitMs(draft, draft.shutdown, name)
  tell(draft, name, { type: 'stop', graceMs: Math.min(asked, shareMs), atMs: draft.atMs })
}

/** How long the stop of a daemon may still take: the waves behind it keep their share. */
function shutdownLimitMs(draft: Draft, shutdown: Shutdown, name: string): number {
  const { sinceMs, killAtMs, spareMs } = shutdown
  const wave = draft.state.order.wave.get(name) ?? 0
  return (killAtMs[wave] ?? 0) + spareMs - (draft.atMs - sinceMs)
}

/** The same of any stop: a single one has a whole deadline from its beginning. */
export function stopLimitMs(draft: Draft, name: string): number {
  const daemon = draft.daemons.get(name)
  const sinceMs = daemon !== undefined && 'sinceMs' in daemon ? daemon.sinceMs : draft.atMs
  const ownMs = sinceMs + graceWithin(draft.state.plan.deadlineMs, null) - draft.atMs
  if (draft.shutdown === null) return ownMs
  return Math.min(ownMs, shutdownLimitMs(draft, draft.shutdown, name))
}

/** A daemon holds nobody up any more: whom does that unblock? */
export function unblock(draft: Draft, daemon: Daemon, tell: Tell): void {
  if (draft.blockers.get(daemon.spec.name) !== 0) return
  const out = [daemon]
  for (let one = out.pop(); one !== undefined; one = out.pop()) {
    for (const { daemon: name } of one.spec.after) {
      const blockers = draft.blockers.get(name)
      const next = draft.daemons.get(name)
      if (blockers === undefined || next === undefined) continue // Not selected.
      draft.blockers.set(name, blockers - 1)
      if (blockers > 1) continue
      if (holdsUp(next)) stop(draft, name, tell)
      else out.push(next)
    }
  }
}

/** All daemons are over, by order or by themselves: nothing is left to do. Who was stopped by an
 *  operator may be started again by him. */
export function finishIfOver(draft: Draft): void {
  if (draft.active > 0 || draft.finished) return
  const isOver = draft.booted && draft.parked === 0
  if (isOver || draft.shutdown !== null) finish(draft)
}

/** Time is up: what is left is killed where it stands. */
export function deadlineCame(draft: Draft): void {
  if (draft.shutdown === null || draft.finished) return
  beginSweep(draft, ['kill', 'missed'])
}

export function killAtDeadline(draft: Draft, name: string): void {
  const { run, phase } = draft.daemons.get(name) as Daemon
  // KILL goes to a run once, and it had its own when it was in its last phase.
  if (phase === 'stopped' || phase === 'killing') return
  draft.do({ type: 'signal', daemon: name, run, signal: 'KILL', to: 'tree' })
}

export function missDeadline(draft: Draft): void {
  const names = draft.state.plan.daemons.map(({ name }) => name)
  const daemons = names.filter((name) => draft.daemons.get(name)?.phase !== 'stopped')
  draft.report({ kind: 'deadline-missed', daemons })
  finish(draft)
}

export function finish(draft: Draft): void {
  draft.finished = true
  const { plan } = draft.state
  const daemons = plan.daemons.map(({ name }) => draft.daemons.get(name) as Daemon)
  const spentMs = draft.shutdown === null ? 0 : draft.atMs - draft.shutdown.sinceMs
  const minimumMs = draft.shutdown?.flushMs ?? 0
  const flushMs = Math.max(minimumMs, plan.deadlineMs - spentMs)
  const report = exitReport(daemons, draft.shutdown)
  if (draft.shutdown !== null) {
    draft.do({ type: 'disarm', timer: { kind: 'deadline' } })
    tellEnded(draft, report.code)
  }
  draft.do({ type: 'finish', report, flushMs })
}

/** Once, even if the end has to be ordered again. */
function tellEnded(draft: Draft, exitCode: number): void {
  if (draft.shutdown?.ticket.outcome.kind !== 'open') return
  const ticket = endTicket(draft, draft.shutdown.ticket, { kind: 'ended', exitCode })
  draft.shutdown = { ...draft.shutdown, ticket }
}

/** After a failure inside pitcrew: orders that may have been lost are given again. */
export function recoverShutdown(draft: Draft): void {
  if (draft.shutdown === null) return
  draft.do({ type: 'announce', state: 'STOPPING=1' })
  const { sinceMs, flushMs } = draft.shutdown
  const leftMs = sinceMs + draft.state.plan.deadlineMs - flushMs - draft.atMs
  if (leftMs <= 0) return deadlineCame(draft)
  draft.do({ type: 'arm', timer: { kind: 'deadline' }, afterMs: leftMs })
  beginSweep(draft, ['stop'])
}
