/** Tickets: how they are made, followed and ended. The effect of a request is in requests.ts.
 *
 *  A daemon has at most one open ticket. Its outcome is derived from the daemon alone, however the
 *  daemon got there; so after a failure inside pitcrew the same function finds what was missed.
 *
 *  A start or a restart is done when the run is ready; for a job, when its work is done. It has
 *  failed when the run ends before, even if the policy tries again: that is a ticket of its own.
 */

import type { Daemon } from '../daemon/phases.ts'
import { describeCauseFully, describeUnmet, ticketCauseOf } from '../text/cause.ts'
import type { Outcome, Request, RunAndPid, Ticket } from '../ticket.ts'
import type { StepContext } from './step-context.ts'

/** The longest cause, in characters. */
const causeMax = 200

type Without<T, K extends string> = T extends unknown ? Omit<T, K> : never
/** The outcome of a ticket; `tookMs` is added when it ends. */
export type Ending = Without<Exclude<Outcome, { kind: 'open' }>, 'tookMs'>

/** @param old The current or the last run.
 *  @returns An open ticket, which is not stored yet. */
export function newTicket(
  context: StepContext,
  { verb, daemon, by, why }: Omit<Request, 'token'>,
  old: RunAndPid | null,
  satisfiedByRun: number,
): Ticket {
  return {
    id: ++context.ticketsMade,
    verb,
    daemon,
    by,
    why,
    requestedAtMs: context.atMs,
    requests: 1,
    satisfiedByRun,
    old,
    stoppedAtMs: null,
    spawnedAtMs: null,
    outcome: { kind: 'open' },
  }
}

export function runOf(daemon: Daemon): RunAndPid | null {
  return 'pid' in daemon ? { run: daemon.run, pid: daemon.pid } : null
}

/** Answers a request with its ticket, if an answer is awaited. */
export function accept(context: StepContext, token: number, ticket: Ticket, joined: boolean): void {
  if (token !== 0) context.emit({ type: 'accepted', token, ticket, joined })
}

/** Reports the end of a ticket, once. */
export function endTicket(
  context: StepContext,
  ticket: Ticket,
  ending: Ending,
  stoppedAtMs: number | null = ticket.stoppedAtMs,
  spawnedAtMs: number | null = ticket.spawnedAtMs,
): Ticket {
  const outcome: Outcome = { ...ending, tookMs: context.atMs - ticket.requestedAtMs }
  const ended = ticketWith(ticket, stoppedAtMs, spawnedAtMs, outcome)
  const { daemon } = ticket
  if (daemon !== null && context.daemons.get(daemon) !== undefined) context.setTicket(daemon, ended)
  context.report({ kind: 'ticket', ticket: ended })
  return ended
}

export function failed(why: string): Ending {
  return { kind: 'failed', why }
}

export function supersededBy({ id, verb }: Ticket): Ending {
  return { kind: 'superseded', by: id, verb }
}

/** Ends the ticket of a daemon that has changed, if that decides it. */
export function followTicket(context: StepContext, daemon: Daemon): void {
  const { name } = daemon.spec
  const open = context.openTicket(name)
  if (open === null) return
  const stoppedAtMs = stopTime(open, daemon, context.atMs)
  const spawnedAtMs = spawnTime(open, daemon)
  const ending = endingOf(open, daemon)
  if (ending !== null) endTicket(context, open, ending, stoppedAtMs, spawnedAtMs)
  else if (stoppedAtMs !== open.stoppedAtMs || spawnedAtMs !== open.spawnedAtMs)
    context.setTicket(name, ticketWith(open, stoppedAtMs, spawnedAtMs, open.outcome))
}

/** When the old run was over. */
function stopTime({ stoppedAtMs, old }: Ticket, daemon: Daemon, atMs: number): number | null {
  if (stoppedAtMs !== null || old === null) return stoppedAtMs
  return !('pid' in daemon) || daemon.run > old.run ? atMs : null
}

/** When the new run was spawned. */
function spawnTime({ spawnedAtMs, satisfiedByRun, old }: Ticket, daemon: Daemon): number | null {
  const isNew = satisfiedByRun > 0 && daemon.run >= satisfiedByRun && daemon.run !== old?.run
  return isNew && 'pid' in daemon ? daemon.startedAtMs : spawnedAtMs
}

/** A copy without a spread, which the engine needs twice the time for. */
function ticketWith(
  { id, verb, daemon, by, why, requestedAtMs, requests, satisfiedByRun, old }: Ticket,
  stoppedAtMs: number | null,
  spawnedAtMs: number | null,
  outcome: Outcome,
): Ticket {
  return {
    id,
    verb,
    daemon,
    by,
    why,
    requestedAtMs,
    requests,
    satisfiedByRun,
    old,
    stoppedAtMs,
    spawnedAtMs,
    outcome,
  }
}

/** null = the ticket is still open. */
function endingOf(ticket: Ticket, daemon: Daemon): Ending | null {
  if (ticket.verb === 'stop') {
    return daemon.phase === 'stopped' ? { kind: 'done', now: null, changed: true } : null
  }
  if (daemon.run < ticket.satisfiedByRun) return null
  if (isAsStarted(daemon)) {
    const now = runOf(daemon) ?? { run: daemon.run, pid: daemon.last?.pid ?? 0 }
    return { kind: 'done', now, changed: now.run !== ticket.old?.run }
  }
  const why = failureOf(daemon)
  return why === null ? null : failed(why)
}

/** Whether a daemon has reached what a start asks for. */
export function isAsStarted(daemon: Daemon): boolean {
  if (daemon.spec.kind === 'job') return daemon.phase === 'stopped' && daemon.end === 'done'
  return daemon.phase === 'running' && daemon.readyAtMs !== null
}

/** Why its run has ended, or is being ended, without a request; null = it is not. */
function failureOf(daemon: Daemon): string | null {
  if ('pid' in daemon) {
    if (daemon.phase === 'running' || daemon.requested) return null
    // Its work is done; the rest of its tree is not gone yet.
    if (daemon.spec.kind === 'job' && daemon.next === 'done') return null
    return describeCauseFully(daemon)
  }
  const { run, last } = daemon
  if (daemon.phase === 'starting' || last?.run !== run || last.requested) return null
  if (last.failure === null) return describeCauseFully(last)
  return ticketCauseOf(last.failure).slice(0, causeMax)
}

/** Fails the ticket of a daemon that is skipped. */
export function failSkipped(context: StepContext, { spec }: Daemon, needs: string): void {
  const open = context.openTicket(spec.name)
  if (open === null) return
  endTicket(context, open, failed(describeUnmet(needs)))
}

/** A restart by the policy has a ticket, too, unless a request for the next run is open. */
export function followPolicy(context: StepContext, before: Daemon, daemon: Daemon): void {
  // Each verdict to try again makes a new streak.
  if (daemon.streak === before.streak) return
  const wasUp = before.phase === 'running' || before.phase === 'starting'
  if (!wasUp || !isRetried(daemon) || context.openTicket(daemon.spec.name) !== null) return
  const { last, run } = daemon
  const isKnown = last !== null && last.failure === null
  const old = runOf(daemon) ?? (isKnown ? { run: last.run, pid: last.pid } : null)
  const why = failureOf(daemon) ?? ''
  const { name } = daemon.spec
  const by = { kind: 'policy' } as const
  const ticket = newTicket(context, { verb: 'restart', daemon: name, by, why }, old, run + 1)
  const stoppedAtMs = stopTime(ticket, daemon, context.atMs)
  context.setTicket(name, ticketWith(ticket, stoppedAtMs, null, ticket.outcome))
}

function isRetried(daemon: Daemon): boolean {
  if (daemon.phase === 'waiting') return daemon.byPolicy
  return daemon.phase === 'backoff' || ('next' in daemon && typeof daemon.next === 'object')
}

/** Whether an open ticket can still end, given the state of its daemon. */
export function isUnderWay(ticket: Ticket, daemon: Daemon): boolean {
  const isStop = ticket.verb === 'stop'
  switch (daemon.phase) {
    case 'stopped':
      return false
    case 'waiting':
    case 'backoff':
      return !isStop
    case 'starting':
      return (daemon.want === 'down') === isStop
    case 'running':
      return !isStop && endingOf(ticket, daemon) === null && daemon.run >= ticket.satisfiedByRun
    case 'terminating':
    case 'killing':
      return (daemon.next === 'requested') === isStop
  }
}

/** The shutdown supersedes every open ticket. */
export function supersede(context: StepContext, name: string): void {
  const open = context.openTicket(name)
  if (open !== null && context.shutdown !== null) {
    endTicket(context, open, supersededBy(context.shutdown.ticket))
  }
}

/** After a failure inside pitcrew: ends a ticket that was decided meanwhile, or can no longer
 *  be. */
export function reconcileTicket(context: StepContext, name: string): void {
  if (context.shutdown !== null) return supersede(context, name)
  if (context.openTicket(name) === null) return
  const daemon = context.daemons.get(name) as Daemon
  followTicket(context, daemon)
  const open = context.openTicket(name)
  if (open === null || isUnderWay(open, daemon)) return
  endTicket(context, open, failed('it was lost in an internal error of pitcrew'))
}
