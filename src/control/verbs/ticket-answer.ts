/** What is told of a ticket. */

import type { State } from '../../core/supervisor/state.ts'
import type { Outcome, Ticket } from '../../core/supervisor/ticket.ts'
import { describeAsker } from '../../core/text/describe.ts'
import type { TicketAnswer } from '../protocol/answers.ts'
import { type Failure, failure } from '../protocol/failure.ts'
import type { KeptDeath, Supervisor } from '../server/control-plane.ts'
import { wholeMs } from './describe-daemon.ts'

type Facts = Pick<Supervisor, 'state' | 'host' | 'deaths' | 'endedTickets'>

export function findTicket({ state, endedTickets }: Facts, id: number): Ticket | null {
  return openTickets(state).find((one) => one.id === id) ?? lastOf(endedTickets, id)
}

function openTickets({ tickets, shutdown }: State): Ticket[] {
  return shutdown === null ? [...tickets.values()] : [shutdown.ticket, ...tickets.values()]
}

function lastOf(ended: readonly Ticket[], id: number): Ticket | null {
  return ended.findLast((one) => one.id === id) ?? null
}

export function ticketAnswer(facts: Facts, ticket: Ticket, joined: boolean): TicketAnswer {
  const { id, verb, daemon, why, requests, askedAtMs, old, outcome } = ticket
  const endMs = outcome.kind === 'open' ? facts.host.now() : askedAtMs + outcome.tookMs
  return {
    ticket: id,
    verb,
    daemon,
    by: describeAsker(ticket.by),
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
    tookMs: wholeMs(endMs - askedAtMs),
    ...timesOf(ticket, endMs),
    lastLines: lastLines(facts, ticket),
  }
}

/** Its parts, as far as it has come. */
function timesOf(
  { verb, askedAtMs, stoppedAtMs, spawnedAtMs, outcome }: Ticket,
  endMs: number,
): Pick<TicketAnswer, 'stopMs' | 'waitMs' | 'readyMs'> {
  const isUp = outcome.kind === 'done' && verb !== 'stop'
  return {
    stopMs: stoppedAtMs === null ? null : wholeMs(stoppedAtMs - askedAtMs),
    waitMs: spawnedAtMs === null ? null : wholeMs(spawnedAtMs - (stoppedAtMs ?? askedAtMs)),
    readyMs: spawnedAtMs === null || !isUp ? null : wholeMs(endMs - spawnedAtMs),
  }
}

/** Of one that could not be started the core knows the name of an error, its death the words. */
function causeOf(facts: Facts, ticket: Ticket, why: string): string {
  const death = why.startsWith('cannot start it: ') ? deathOf(facts, ticket) : null
  return death?.startFailure ?? why
}

function lastLines(facts: Facts, ticket: Ticket): readonly string[] {
  return ticket.outcome.kind === 'failed' ? (deathOf(facts, ticket)?.record.lastLines ?? []) : []
}

/** Of the run that was asked for: the last death alone is kept. */
function deathOf({ deaths }: Facts, { daemon, satisfiedByRun }: Ticket): KeptDeath | null {
  const death = daemon === null ? undefined : deaths.get(daemon)
  return death !== undefined && death.record.run >= satisfiedByRun ? death : null
}

/** "restart web" */
export function whatWords({ verb, daemon }: Ticket): string {
  return daemon === null ? verb : `${verb} ${daemon}`
}

/** What is said to whoever waited for it. */
export function ticketFailure(
  facts: Facts,
  ticket: Ticket,
  outcome: Extract<Outcome, { kind: 'failed' | 'superseded' }>,
): Failure {
  const { id, daemon } = ticket
  const what = whatWords(ticket)
  if (outcome.kind === 'superseded') {
    const { by } = outcome
    const isEnd = outcome.verb === 'shutdown'
    const why = isEnd ? 'pitcrew is shutting down' : `${outcome.verb} took its place`
    // After a shutdown there is nobody to ask.
    const hint = isEnd ? null : `"pitcrew ticket ${by}" says what became of that`
    return { ...failure('SUPERSEDED', `cannot ${what}: ${why} (ticket ${by})`, hint), ticket: id }
  }
  const more = daemon === null ? null : `"pitcrew explain ${daemon}" says more`
  const hint = deathOf(facts, ticket)?.record.remedy ?? more
  const lines = lastLines(facts, ticket)
  const why = causeOf(facts, ticket, outcome.why)
  const failed = failure('FAILED', `cannot ${what}: ${why}`, hint)
  return { ...failed, ticket: id, ...(lines.length > 0 && { lastLines: lines }) }
}
