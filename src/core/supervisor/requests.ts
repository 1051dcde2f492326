/** What a request means for its daemon, and for a request that is under way.
 *
 *  A restart is satisfied by the next run that is spawned after it was made: three of them before a
 *  stop is over are one, and one that comes after the new run was spawned is another, since a file
 *  may have changed in between. A start is satisfied by the run that there is, and otherwise as a
 *  restart is. What wants the same as an open ticket joins it, unless that is the policy's; what
 *  wants something else takes its place. Whoever asks is told his ticket before he is told its
 *  end. */

import type { Daemon } from '../daemon/phases.ts'
import type { Request } from '../event.ts'
import type { Tell } from './scheduling.ts'
import { beginShutdown } from './shutdown.ts'
import type { Draft } from './step-context.ts'
import type { Ticket } from './ticket.ts'
import {
  accept,
  type Ending,
  endTicket,
  failed,
  isThere,
  newTicket,
  runOf,
  supersededBy,
} from './tickets.ts'

export function takeRequest(draft: Draft, request: Request, tell: Tell): void {
  const { verb, daemon: name, by, why, token } = request
  const daemon = name === null ? undefined : draft.daemons.get(name)
  const isOver = draft.finished && draft.shutdown === null
  if (verb === 'shutdown' && !isOver) {
    beginShutdown(draft, { kind: 'request', by, why }, token)
  } else if (isOver && verb !== 'stop') refuse(draft, request, failed('every daemon has ended'))
  else if (daemon === undefined) refuse(draft, request, failed('no such daemon'))
  else if (draft.shutdown !== null) refuse(draft, request, supersededBy(draft.shutdown.ticket))
  else if (verb === 'stop') stop(draft, request, daemon, tell)
  else if (verb === 'start') start(draft, request, daemon, tell)
  else restart(draft, request, daemon, tell)
}

/** Nothing can come of it any more. */
function refuse(draft: Draft, request: Request, ending: Ending): void {
  const ticket = newTicket(draft, request, null, 0)
  accept(draft, request.token, ticket, false)
  endTicket(draft, ticket, ending)
}

function stop(draft: Draft, request: Request, daemon: Daemon, tell: Tell): void {
  if (daemon.phase === 'stopped') changeNothing(draft, request, daemon)
  else ask(draft, request, daemon, 0)
  const graceMs = draft.graceOfOne(daemon)
  tell(draft, daemon.spec.name, { type: 'stop', graceMs, atMs: draft.atMs })
}

function start(draft: Draft, request: Request, daemon: Daemon, tell: Tell): void {
  const { run, phase, spec } = daemon
  const { atMs } = draft
  if (phase === 'running' && isThere(daemon)) return changeNothing(draft, request, daemon)
  ask(draft, request, daemon, phase === 'running' ? run : nextRun(daemon))
  // A run that is ending keeps the time that it has.
  if ('pid' in daemon) return tell(draft, spec.name, { type: 'start', atMs })
  tell(draft, spec.name, { type: 'restart', graceMs: draft.graceOfOne(daemon), atMs })
}

function restart(draft: Draft, request: Request, daemon: Daemon, tell: Tell): void {
  ask(draft, request, daemon, nextRun(daemon))
  const graceMs = draft.graceOfOne(daemon)
  tell(draft, daemon.spec.name, { type: 'restart', graceMs, atMs: draft.atMs })
}

/** The run that is spawned next, or is being spawned. */
function nextRun(daemon: Daemon): number {
  const isComing = daemon.phase === 'starting' && daemon.want !== 'again'
  return isComing ? daemon.run : daemon.run + 1
}

/** It is as it was asked to be. */
function changeNothing(draft: Draft, request: Request, daemon: Daemon): void {
  const now = runOf(daemon)
  const ticket = newTicket(draft, request, now, 0)
  accept(draft, request.token, ticket, false)
  endTicket(draft, ticket, { kind: 'done', now, changed: false })
}

/** Makes a ticket, or joins the open one. */
function ask(draft: Draft, request: Request, daemon: Daemon, satisfiedByRun: number): void {
  const { name } = daemon.spec
  const open = draft.openTicket(name)
  if (open !== null && wantsTheSame(request, open, daemon)) {
    const joined = {
      ...open,
      requests: open.requests + 1,
      satisfiedByRun: Math.max(open.satisfiedByRun, satisfiedByRun),
    }
    draft.tickets.set(name, joined)
    return accept(draft, request.token, joined, true)
  }
  const ticket = newTicket(draft, request, runOf(daemon), satisfiedByRun)
  if (open !== null) endTicket(draft, open, supersededBy(ticket))
  draft.tickets.set(name, ticket)
  accept(draft, request.token, ticket, false)
}

/** The open ticket of a run that is there is not one for another run; and what the policy would do
 *  by itself is his who asks for it. */
function wantsTheSame({ verb }: Request, open: Ticket, daemon: Daemon): boolean {
  if (open.by.kind === 'policy') return false
  if (verb === 'stop' || open.verb === 'stop') return verb === open.verb
  return verb === 'start' || daemon.phase !== 'running'
}
