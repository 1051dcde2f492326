/** What a request means for its daemon, and for a request that is under way.
 *
 *  A restart is satisfied by the next run that is spawned after it was made: three of them before a
 *  stop is over are one, and one that comes after the new run was spawned is another, since a file
 *  may have changed in between. A start is satisfied by the run that there is, and otherwise as a
 *  restart is. What wants the same as an open ticket joins it, unless that is the policy's; what
 *  wants something else takes its place. Whoever asks is told his ticket before he is told its
 *  end. */

import type { Daemon } from '../daemon/phases.ts'
import type { Request, Ticket } from '../ticket.ts'
import { beginShutdown } from './shutdown.ts'
import type { StepContext } from './step-context.ts'
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

export function takeRequest(context: StepContext, request: Request): void {
  const { verb, daemon: name, by, why, token } = request
  const daemon = name === null ? undefined : context.daemons.get(name)
  const isOver = context.finished && context.shutdown === null
  if (verb === 'shutdown' && !isOver) {
    beginShutdown(context, { kind: 'request', by, why }, token)
  } else if (isOver && verb !== 'stop') refuse(context, request, failed('every daemon has ended'))
  else if (daemon === undefined) refuse(context, request, failed('no such daemon'))
  else if (context.shutdown !== null)
    refuse(context, request, supersededBy(context.shutdown.ticket))
  else if (verb === 'stop') stop(context, request, daemon)
  else if (verb === 'start') start(context, request, daemon)
  else restart(context, request, daemon)
}

/** Nothing can come of it any more. */
function refuse(context: StepContext, request: Request, ending: Ending): void {
  const ticket = newTicket(context, request, null, 0)
  accept(context, request.token, ticket, false)
  endTicket(context, ticket, ending)
}

function stop(context: StepContext, request: Request, daemon: Daemon): void {
  if (daemon.phase === 'stopped') changeNothing(context, request, daemon)
  else openTicketFor(context, request, daemon, 0)
  const graceMs = context.graceOfOne(daemon)
  context.dispatch(daemon.spec.name, { type: 'stop', graceMs, atMs: context.atMs })
}

function start(context: StepContext, request: Request, daemon: Daemon): void {
  const { run, phase, spec } = daemon
  const { atMs } = context
  if (phase === 'running' && isThere(daemon)) return changeNothing(context, request, daemon)
  openTicketFor(context, request, daemon, phase === 'running' ? run : nextRun(daemon))
  // A run that is ending keeps the time that it has.
  if ('pid' in daemon) return context.dispatch(spec.name, { type: 'start', atMs })
  context.dispatch(spec.name, { type: 'restart', graceMs: context.graceOfOne(daemon), atMs })
}

function restart(context: StepContext, request: Request, daemon: Daemon): void {
  openTicketFor(context, request, daemon, nextRun(daemon))
  const graceMs = context.graceOfOne(daemon)
  context.dispatch(daemon.spec.name, { type: 'restart', graceMs, atMs: context.atMs })
}

/** The run that is spawned next, or is being spawned. */
function nextRun(daemon: Daemon): number {
  const isComing = daemon.phase === 'starting' && daemon.want !== 'again'
  return isComing ? daemon.run : daemon.run + 1
}

/** It is as it was asked to be. */
function changeNothing(context: StepContext, request: Request, daemon: Daemon): void {
  const now = runOf(daemon)
  const ticket = newTicket(context, request, now, 0)
  accept(context, request.token, ticket, false)
  endTicket(context, ticket, { kind: 'done', now, changed: false })
}

/** Makes a ticket, or joins the open one. */
function openTicketFor(
  context: StepContext,
  request: Request,
  daemon: Daemon,
  satisfiedByRun: number,
): void {
  const { name } = daemon.spec
  const open = context.openTicket(name)
  if (open !== null && wantsTheSame(request, open, daemon)) {
    const joined = {
      ...open,
      requests: open.requests + 1,
      satisfiedByRun: Math.max(open.satisfiedByRun, satisfiedByRun),
    }
    context.tickets.set(name, joined)
    return accept(context, request.token, joined, true)
  }
  const ticket = newTicket(context, request, runOf(daemon), satisfiedByRun)
  if (open !== null) endTicket(context, open, supersededBy(ticket))
  context.tickets.set(name, ticket)
  accept(context, request.token, ticket, false)
}

/** The open ticket of a run that is there is not one for another run; and what the policy would do
 *  by itself is his who asks for it. */
function wantsTheSame({ verb }: Request, open: Ticket, daemon: Daemon): boolean {
  if (open.by.kind === 'policy') return false
  if (verb === 'stop' || open.verb === 'stop') return verb === open.verb
  return verb === 'start' || daemon.phase !== 'running'
}
