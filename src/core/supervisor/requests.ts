/** Requests: their effect on the daemon, and on a ticket that is open.
 *
 *  A restart is satisfied by the next run that is spawned after the request. Three of them during a
 *  stop are one; a restart after the spawn of the new run is another, because a file may have
 *  changed in between. A start is satisfied by a run that exists, and otherwise like a restart. A
 *  request joins the open ticket when it wants the same and the ticket is not the policy's;
 *  otherwise it supersedes that ticket. `accepted` always comes before the end of a ticket. */

import type { Daemon } from '../daemon/phases.ts'
import type { Request, Ticket } from '../ticket.ts'
import { beginShutdown } from './shutdown.ts'
import type { StepContext } from './step-context.ts'
import {
  accept,
  type Ending,
  endTicket,
  failed,
  isAsStarted,
  newTicket,
  runOf,
  supersededBy,
} from './tickets.ts'

export function handleRequest(context: StepContext, request: Request): void {
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

/** Answers a request that can have no effect. */
function refuse(context: StepContext, request: Request, ending: Ending): void {
  const ticket = newTicket(context, request, null, 0)
  accept(context, request.token, ticket, false)
  endTicket(context, ticket, ending)
}

function stop(context: StepContext, request: Request, daemon: Daemon): void {
  if (daemon.phase === 'stopped') changeNothing(context, request, daemon)
  else openTicketFor(context, request, daemon, 0)
  const graceMs = context.stopGraceMs(daemon)
  context.dispatch(daemon.spec.name, { type: 'stop', graceMs, atMs: context.atMs })
}

function start(context: StepContext, request: Request, daemon: Daemon): void {
  const { run, phase, spec } = daemon
  const { atMs } = context
  if (phase === 'running' && isAsStarted(daemon)) return changeNothing(context, request, daemon)
  openTicketFor(context, request, daemon, phase === 'running' ? run : nextRun(daemon))
  // A run that is ending keeps its grace.
  if ('pid' in daemon) return context.dispatch(spec.name, { type: 'start', atMs })
  context.dispatch(spec.name, { type: 'restart', graceMs: context.stopGraceMs(daemon), atMs })
}

function restart(context: StepContext, request: Request, daemon: Daemon): void {
  openTicketFor(context, request, daemon, nextRun(daemon))
  const graceMs = context.stopGraceMs(daemon)
  context.dispatch(daemon.spec.name, { type: 'restart', graceMs, atMs: context.atMs })
}

/** The run that is being spawned, or will be next. */
function nextRun(daemon: Daemon): number {
  const isComing = daemon.phase === 'starting' && daemon.want !== 'again'
  return isComing ? daemon.run : daemon.run + 1
}

/** The daemon is already as requested. */
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
    context.setTicket(name, joined)
    return accept(context, request.token, joined, true)
  }
  const ticket = newTicket(context, request, runOf(daemon), satisfiedByRun)
  if (open !== null) endTicket(context, open, supersededBy(ticket))
  context.setTicket(name, ticket)
  accept(context, request.token, ticket, false)
}

/** A restart of a daemon that runs wants another run than its open ticket; and a request takes over
 *  what the policy would have done by itself. */
function wantsTheSame({ verb }: Request, open: Ticket, daemon: Daemon): boolean {
  if (open.by.kind === 'policy') return false
  if (verb === 'stop' || open.verb === 'stop') return verb === open.verb
  return verb === 'start' || daemon.phase !== 'running'
}
