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
import type { Request } from '../event.ts'
import { describeCause } from '../text/describe.ts'
import type { Draft } from './step-context.ts'
import type { Outcome, RunAndPid, Ticket } from './ticket.ts'

/** Of a cause, in characters. */
const causeMax = 200

type Without<T, K extends string> = T extends unknown ? Omit<T, K> : never
/** How a ticket ends; how long that took is seen at the end. */
export type Ending = Without<Exclude<Outcome, { kind: 'open' }>, 'tookMs'>

/** @param old The run that there is, or was.
 *  @returns An open ticket, which is nobody's yet. */
export function newTicket(
  draft: Draft,
  { verb, daemon, by, why }: Omit<Request, 'token'>,
  old: RunAndPid | null,
  satisfiedByRun: number,
): Ticket {
  return {
    id: ++draft.ticketsMade,
    verb,
    daemon,
    by,
    why,
    askedAtMs: draft.atMs,
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
export function accept(draft: Draft, token: number, ticket: Ticket, joined: boolean): void {
  if (token !== 0) draft.do({ type: 'accepted', token, ticket, joined })
}

/** Its end is told, once. */
export function endTicket(draft: Draft, ticket: Ticket, ending: Ending): Ticket {
  const outcome: Outcome = { ...ending, tookMs: draft.atMs - ticket.askedAtMs }
  const ended = { ...ticket, outcome }
  const { daemon } = ticket
  if (daemon !== null && draft.daemons.get(daemon) !== undefined) draft.tickets.set(daemon, ended)
  draft.report({ kind: 'ticket', ticket: ended })
  return ended
}

export function failed(why: string): Ending {
  return { kind: 'failed', why }
}

export function supersededBy({ id, verb }: Ticket): Ending {
  return { kind: 'superseded', by: id, verb }
}

/** A daemon has changed: is that what somebody waits for? */
export function followTicket(draft: Draft, daemon: Daemon): void {
  const { name } = daemon.spec
  const open = draft.openTicket(name)
  if (open === null) return
  const ticket = withTimes(open, daemon, draft.atMs)
  const ending = endingOf(ticket, daemon)
  if (ending !== null) endTicket(draft, ticket, ending)
  else if (ticket !== open) draft.tickets.set(name, ticket)
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
    if (daemon.phase === 'running' || daemon.asked) return null
    // Its work is done, and the rest of its tree is not gone.
    if (daemon.spec.kind === 'job' && daemon.next === 'done') return null
    return describeCause(daemon)
  }
  const { run, last } = daemon
  if (daemon.phase === 'starting' || last?.run !== run || last.asked) return null
  if (last.failure === null) return describeCause(last)
  // Of an error of our own there is a stack behind the first line.
  const [why = ''] = (last.failure.why ?? last.failure.errno).split('\n')
  return `cannot start it: ${last.failure.step}: ${why}`.slice(0, causeMax)
}

/** A daemon is not started: somebody whom it is after has failed for good. */
export function failSkipped(draft: Draft, name: string, needs: string): void {
  const open = draft.openTicket(name)
  if (open === null) return
  endTicket(draft, open, failed(`it needs ${needs}, which has failed`))
}

/** The policy answers the end of a run with another one: that has a ticket, too, unless somebody
 *  waits for the next run already. */
export function followPolicy(draft: Draft, before: Daemon, daemon: Daemon): void {
  const wasUp = before.phase === 'running' || before.phase === 'starting'
  if (!wasUp || !isRetried(daemon) || draft.openTicket(daemon.spec.name) !== null) return
  const { last, run } = daemon
  const isKnown = last !== null && last.failure === null
  const old = runOf(daemon) ?? (isKnown ? { run: last.run, pid: last.pid } : null)
  const why = failureOf(daemon) ?? ''
  const { name } = daemon.spec
  const by = { kind: 'policy' } as const
  const ticket = newTicket(draft, { verb: 'restart', daemon: name, by, why }, old, run + 1)
  draft.tickets.set(name, withTimes(ticket, daemon, draft.atMs))
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
      return (daemon.next === 'asked') === isStop
  }
}

/** Shutdown answers all. */
export function supersede(draft: Draft, name: string): void {
  const open = draft.openTicket(name)
  if (open !== null && draft.shutdown !== null) {
    endTicket(draft, open, supersededBy(draft.shutdown.ticket))
  }
}

/** After a failure inside pitcrew: whoever waits is told what has become of it meanwhile. */
export function mendTicket(draft: Draft, name: string): void {
  if (draft.shutdown !== null) return supersede(draft, name)
  if (draft.openTicket(name) === null) return
  const daemon = draft.daemons.get(name) as Daemon
  followTicket(draft, daemon)
  const open = draft.openTicket(name)
  if (open === null || isUnderWay(open, daemon)) return
  endTicket(draft, open, failed('it was lost in a failure of pitcrew'))
}
