/** What was asked for and what became of it. A request is satisfied by the next run that is
 *  spawned after it was made: three requests before a stop is over are one restart, and one that
 *  comes after the new run was spawned is another, since a file may have changed in between. */

import type { Draft } from './draft.ts'
import type { Daemon } from './phases.ts'
import type { Outcome, Ticket } from './ticket.ts'

/** Makes or joins a ticket. False when the request goes no further. */
export function requestRestart(draft: Draft, name: string, by: string): boolean {
  const daemon = draft.daemons.get(name)
  if (daemon === undefined) {
    draft.ticketsMade++
    end(draft, newTicket(draft, name, by, 0, null), { kind: 'failed', why: 'no such daemon' })
    return false
  }
  const open = draft.tickets.get(name)
  if (open?.outcome.kind === 'open') {
    draft.tickets.set(name, { ...open, requests: open.requests + 1 })
    return true
  }
  draft.ticketsMade++
  const isComing = daemon.phase === 'starting' && daemon.want !== 'again'
  const satisfiedByRun = isComing ? daemon.run : daemon.run + 1
  const oldPid = 'pid' in daemon ? daemon.pid : null
  const ticket = newTicket(draft, name, by, satisfiedByRun, oldPid)
  if (draft.isEnding) {
    end(draft, ticket, { kind: 'superseded', by: 'shutdown' })
    return false
  }
  draft.tickets.set(name, ticket)
  return true
}

/** A daemon is not starting any more: if its run began, even if it is over already, does it
 *  satisfy somebody? */
export function runBegan(draft: Draft, daemon: Daemon): void {
  const { spec, run, last } = daemon
  const pid = 'pid' in daemon ? daemon.pid : last?.run === run ? last.pid : 0
  const ticket = draft.tickets.get(spec.name)
  if (pid === 0 || ticket?.outcome.kind !== 'open' || run < ticket.satisfiedByRun) return
  end(draft, ticket, { kind: 'done', pid, run, tookMs: draft.atMs - ticket.askedAtMs })
}

/** The run that somebody waited for could not be started; whatever the policy makes of it. */
export function runFailed(draft: Draft, { spec, run, last }: Daemon): void {
  const ticket = draft.tickets.get(spec.name)
  if (ticket?.outcome.kind !== 'open' || run < ticket.satisfiedByRun || !last?.failure) return
  const { step, errno } = last.failure
  end(draft, ticket, { kind: 'failed', why: `cannot start it: ${step}: ${errno}` })
}

/** A daemon is not started: somebody whom it is after has failed for good. */
export function runSkipped(draft: Draft, { spec }: Daemon, needs: string): void {
  const ticket = draft.tickets.get(spec.name)
  if (ticket?.outcome.kind !== 'open') return
  end(draft, ticket, { kind: 'failed', why: `it needs ${needs}, which has failed` })
}

/** Shutdown answers all. */
export function supersedeAll(draft: Draft): void {
  for (const { name } of draft.state.plan.daemons) {
    const ticket = draft.tickets.get(name)
    if (ticket?.outcome.kind === 'open') end(draft, ticket, { kind: 'superseded', by: 'shutdown' })
  }
}

function newTicket(
  draft: Draft,
  daemon: string,
  by: string,
  satisfiedByRun: number,
  oldPid: number | null,
): Ticket {
  const askedAtMs = draft.atMs
  const outcome: Outcome = { kind: 'open' }
  const id = draft.ticketsMade
  return {
    id,
    verb: 'restart',
    daemon,
    by,
    askedAtMs,
    requests: 1,
    satisfiedByRun,
    oldPid,
    outcome,
  }
}

function end(draft: Draft, ticket: Ticket, outcome: Outcome): void {
  const ended = { ...ticket, outcome }
  if (ticket.satisfiedByRun > 0) draft.tickets.set(ticket.daemon, ended)
  draft.report({ kind: 'ticket', ticket: ended })
}
