/** Tickets: made, followed and ended. What a request means for its daemon is in requests.ts.
 *
 *  A daemon has one open ticket at most. What has become of it is read off the daemon alone,
 *  however it got there: so after a failure inside pitcrew the same look finds what was missed.
 *
 *  A start or a restart is done when the run is ready, or is there, where no `ready:` is given.
 *  That of a job is done when the job is: whoever starts one wants its work. It has failed when the
 *  run ends before, even if the policy tries again: that is a request like any other, made by it.
 */

import type { Daemon } from '../daemon/phases.ts'
import { describeCauseFully, describeUnmet, ticketCauseOf } from '../text/cause.ts'
import type { Outcome, Request, RunAndPid, Ticket } from '../ticket.ts'
import type { StepContext } from './step-context.ts'

/** Of a cause, in characters. */
const causeMax = 200

type Without<T, K extends string> = T extends unknown ? Omit<T, K> : never
/** How a ticket ends; how long that took is seen at the end. */
export type Ending = Without<Exclude<Outcome, { kind: 'open' }>, 'tookMs'>

/** @param old The run that there is, or was.
 *  @returns An open ticket, which is nobody's yet. */
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

/** Tells whoever asked, if he wants to know. */
export function accept(context: StepContext, token: number, ticket: Ticket, joined: boolean): void {
  if (token !== 0) context.emit({ type: 'accepted', token, ticket, joined })
}

/** Its end is told, once. */
export function endTicket(context: StepContext, ticket: Ticket, ending: Ending): Ticket {
  const outcome: Outcome = { ...ending, tookMs: context.atMs - ticket.requestedAtMs }
  const ended = { ...ticket, outcome }
  const { daemon } = ticket
  if (daemon !== null && context.daemons.get(daemon) !== undefined)
    context.tickets.set(daemon, ended)
  context.report({ kind: 'ticket', ticket: ended })
  return ended
}

export function failed(why: string): Ending {
  return { kind: 'failed', why }
}

export function supersededBy({ id, verb }: Ticket): Ending {
  return { kind: 'superseded', by: id, verb }
}

/** A daemon has changed: is that what somebody waits for? */
export function followTicket(context: StepContext, daemon: Daemon): void {
  const { name } = daemon.spec
  const open = context.openTicket(name)
  if (open === null) return
  const ticket = withTimes(open, daemon, context.atMs)
  const ending = endingOf(ticket, daemon)
  if (ending !== null) endTicket(context, ticket, ending)
  else if (ticket !== open) context.tickets.set(name, ticket)
}

function withTimes(ticket: Ticket, daemon: Daemon, atMs: number): Ticket {
  const { old, satisfiedByRun } = ticket
  const isOldOver = old !== null && (!('pid' in daemon) || daemon.run > old.run)
  const stoppedAtMs = ticket.stoppedAtMs ?? (isOldOver ? atMs : null)
  const isNew = satisfiedByRun > 0 && daemon.run >= satisfiedByRun && daemon.run !== old?.run
  const spawnedAtMs = isNew && 'pid' in daemon ? daemon.startedAtMs : ticket.spawnedAtMs
  if (stoppedAtMs === ticket.stoppedAtMs && spawnedAtMs === ticket.spawnedAtMs) return ticket
  return { ...ticket, stoppedAtMs, spawnedAtMs }
}

/** null: it is under way. */
function endingOf(ticket: Ticket, daemon: Daemon): Ending | null {
  if (ticket.verb === 'stop') {
    return daemon.phase === 'stopped' ? { kind: 'done', now: null, changed: true } : null
  }
  if (daemon.run < ticket.satisfiedByRun) return null
  if (isThere(daemon)) {
    const now = runOf(daemon) ?? { run: daemon.run, pid: daemon.last?.pid ?? 0 }
    return { kind: 'done', now, changed: now.run !== ticket.old?.run }
  }
  const why = failureOf(daemon)
  return why === null ? null : failed(why)
}

/** Where whoever starts it wants it to be. */
export function isThere(daemon: Daemon): boolean {
  if (daemon.spec.kind === 'job') return daemon.phase === 'stopped' && daemon.end === 'done'
  return daemon.phase === 'running' && daemon.readyAtMs !== null
}

/** Why its run has ended, or is ended, and nobody asked for that; null = that is not so. */
function failureOf(daemon: Daemon): string | null {
  if ('pid' in daemon) {
    if (daemon.phase === 'running' || daemon.requested) return null
    // Its work is done, and the rest of its tree is not gone.
    if (daemon.spec.kind === 'job' && daemon.next === 'done') return null
    return describeCauseFully(daemon)
  }
  const { run, last } = daemon
  if (daemon.phase === 'starting' || last?.run !== run || last.requested) return null
  if (last.failure === null) return describeCauseFully(last)
  return ticketCauseOf(last.failure).slice(0, causeMax)
}

/** A daemon is not started: somebody whom it is after has failed for good. */
export function failSkipped(context: StepContext, name: string, needs: string): void {
  const open = context.openTicket(name)
  if (open === null) return
  endTicket(context, open, failed(describeUnmet(needs)))
}

/** The policy answers the end of a run with another one: that has a ticket, too, unless somebody
 *  waits for the next run already. */
export function followPolicy(context: StepContext, before: Daemon, daemon: Daemon): void {
  const wasUp = before.phase === 'running' || before.phase === 'starting'
  if (!wasUp || !isRetried(daemon) || context.openTicket(daemon.spec.name) !== null) return
  const { last, run } = daemon
  const isKnown = last !== null && last.failure === null
  const old = runOf(daemon) ?? (isKnown ? { run: last.run, pid: last.pid } : null)
  const why = failureOf(daemon) ?? ''
  const { name } = daemon.spec
  const by = { kind: 'policy' } as const
  const ticket = newTicket(context, { verb: 'restart', daemon: name, by, why }, old, run + 1)
  context.tickets.set(name, withTimes(ticket, daemon, context.atMs))
}

function isRetried(daemon: Daemon): boolean {
  if (daemon.phase === 'waiting') return daemon.byPolicy
  return daemon.phase === 'backoff' || ('next' in daemon && typeof daemon.next === 'object')
}

/** Whether a ticket that is open will have an end, as its daemon stands. */
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

/** Shutdown answers all. */
export function supersede(context: StepContext, name: string): void {
  const open = context.openTicket(name)
  if (open !== null && context.shutdown !== null) {
    endTicket(context, open, supersededBy(context.shutdown.ticket))
  }
}

/** After a failure inside pitcrew: whoever waits is told what has become of it meanwhile. */
export function reconcileTicket(context: StepContext, name: string): void {
  if (context.shutdown !== null) return supersede(context, name)
  if (context.openTicket(name) === null) return
  const daemon = context.daemons.get(name) as Daemon
  followTicket(context, daemon)
  const open = context.openTicket(name)
  if (open === null || isUnderWay(open, daemon)) return
  endTicket(context, open, failed('it was lost in a failure of pitcrew'))
}
