/** Tickets as clients see them: as an answer, and as a failure. */

import type { State } from '../../core/supervisor/state.ts'
import { isStartFailure } from '../../core/text/cause.ts'
import { describeRequester } from '../../core/text/describe.ts'
import type { Outcome, Ticket } from '../../core/ticket.ts'
import type { TicketAnswer } from '../protocol/answers.ts'
import { type Failure, failure } from '../protocol/failure.ts'
import type { ChangeAnswer } from '../protocol/operations.ts'
import type { KeptDeath, Supervisor } from '../server/control-plane.ts'
import { wholeMs } from './describe-daemon.ts'

type Facts = Pick<Supervisor, 'state' | 'host' | 'deaths' | 'endedTickets' | 'operations'>

export function findTicket({ state, operations, endedTickets }: Facts, id: number): Ticket | null {
  return (
    operations?.open.find((one) => one.id === id) ??
    openTickets(state).find((one) => one.id === id) ??
    endedTickets.findLast((one) => one.id === id) ??
    null
  )
}

function openTickets({ tickets, shutdown }: State): Ticket[] {
  return shutdown === null ? [...tickets.values()] : [shutdown.ticket, ...tickets.values()]
}

export function ticketAnswer(facts: Facts, ticket: Ticket, joined: boolean): TicketAnswer {
  const { id, verb, daemon, why, requests, requestedAtMs, old, outcome } = ticket
  const endMs = outcome.kind === 'open' ? facts.host.now() : requestedAtMs + outcome.tookMs
  return {
    ticket: id,
    verb,
    daemon,
    by: describeRequester(ticket.by),
    why,
    requests,
    joined,
    outcome: outcome.kind === 'ended' ? 'done' : outcome.kind,
    changed: outcome.kind !== 'done' || outcome.changed,
    cause: outcome.kind === 'failed' ? causeOf(facts, ticket, outcome.why) : null,
    supersededBy: outcome.kind === 'superseded' ? outcome.by : null,
    old,
    now: outcome.kind === 'done' ? outcome.now : null,
    exitCode: outcome.kind === 'ended' ? outcome.exitCode : null,
    tookMs: wholeMs(endMs - requestedAtMs),
    ...timesOf(ticket, endMs),
    lastLines: lastLines(facts, ticket),
    change: changeOf(facts, ticket),
  }
}

function changeOf({ host }: Facts, { change }: Ticket): ChangeAnswer | null {
  if (change === undefined) return null
  const { confirmByMs, steps, ...rest } = change
  return {
    ...rest,
    confirmLeftMs: confirmByMs === null ? null : wholeMs(confirmByMs - host.now()),
    steps: steps.map(({ step, tookMs }) => ({ step, tookMs: wholeMs(tookMs) })),
  }
}

/** The parts of its time, as far as they are known. */
function timesOf(
  { verb, requestedAtMs, stoppedAtMs, spawnedAtMs, outcome }: Ticket,
  endMs: number,
): Pick<TicketAnswer, 'stopMs' | 'waitMs' | 'readyMs'> {
  const isUp = outcome.kind === 'done' && verb !== 'stop'
  return {
    stopMs: stoppedAtMs === null ? null : wholeMs(stoppedAtMs - requestedAtMs),
    waitMs: spawnedAtMs === null ? null : wholeMs(spawnedAtMs - (stoppedAtMs ?? requestedAtMs)),
    readyMs: spawnedAtMs === null || !isUp ? null : wholeMs(endMs - spawnedAtMs),
  }
}

/** When the daemon could not be started, its death has the reason in words, and the ticket only an
 *  errno. */
function causeOf(facts: Facts, ticket: Ticket, why: string): string {
  const death = isStartFailure(why) ? deathOf(facts, ticket) : null
  return death?.startFailure ?? why
}

function lastLines(facts: Facts, ticket: Ticket): readonly string[] {
  return ticket.outcome.kind === 'failed' ? (deathOf(facts, ticket)?.record.lastLines ?? []) : []
}

/** The death of the requested run, unless a later one has replaced it; of a change, that during
 *  it. */
function deathOf({ deaths }: Facts, ticket: Ticket): KeptDeath | null {
  const { daemon, satisfiedByRun, change, requestedAtMs } = ticket
  const death = daemon === null ? undefined : deaths.get(daemon)
  if (death === undefined) return null
  const isOfIt =
    change === undefined ? death.record.run >= satisfiedByRun : death.atMs >= requestedAtMs
  return isOfIt ? death : null
}

/** "restart web" */
export function titleOf({ verb, daemon }: Ticket): string {
  return daemon === null ? verb : `${verb} ${daemon}`
}

/** The failure of a request that waited for the ticket. */
export function ticketFailure(
  facts: Facts,
  ticket: Ticket,
  outcome: Extract<Outcome, { kind: 'failed' | 'superseded' }>,
): Failure {
  const { id, daemon } = ticket
  const what = titleOf(ticket)
  if (outcome.kind === 'superseded') {
    const { by } = outcome
    const isShutdown = outcome.verb === 'shutdown'
    const why = isShutdown ? 'pitcrew is shutting down' : `replaced by ${outcome.verb}`
    // After a shutdown nothing answers.
    const hint = isShutdown ? null : `"pitcrew ticket ${by}" shows its outcome`
    return { ...failure('SUPERSEDED', `cannot ${what}: ${why} (ticket ${by})`, hint), ticket: id }
  }
  const more = daemon === null ? null : `see "pitcrew explain ${daemon}"`
  const hint = deathOf(facts, ticket)?.record.remedy ?? more
  const lines = lastLines(facts, ticket)
  const why = causeOf(facts, ticket, outcome.why)
  const failed = failure('FAILED', `cannot ${what}: ${why}`, hint)
  const change = changeOf(facts, ticket)
  return {
    ...failed,
    ticket: id,
    ...(lines.length > 0 && { lastLines: lines }),
    ...(change !== null && { change }),
  }
}
