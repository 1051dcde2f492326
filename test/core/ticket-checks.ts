/** Checks of tickets that hold in every story: each ticket ends once, with a true outcome, and
 *  before pitcrew ends; each request with a token is answered once, before its ticket ends. */
import type { Effect } from '../../src/core/effect.ts'
import type { Event } from '../../src/core/event.ts'
import type { State } from '../../src/core/supervisor/state.ts'
import type { Ticket } from '../../src/core/ticket.ts'

export class TicketChecks {
  readonly #open: Map<number, Ticket> = new Map()
  readonly #ended: Set<number> = new Set()
  readonly #accepted: Set<number> = new Set()

  step(event: Event, effects: readonly Effect[], state: State): void {
    const token = event.type === 'request' ? event.token : 0
    for (const effect of effects) {
      if (effect.type === 'accepted') this.#accept(effect, token)
      if (effect.type === 'report' && effect.note.kind === 'ticket') {
        this.#end(effect.note.ticket, state)
      }
      if (effect.type === 'finish') check(openOf(state).length === 0, 'the end, with open tickets')
    }
    check(token === 0 || this.#accepted.has(token), `request ${token} is not answered`)
    const open = openOf(state)
    const forgotten = [...this.#open.keys()].filter(
      (id) => !this.#ended.has(id) && !open.some((ticket) => ticket.id === id),
    )
    check(forgotten.length === 0, `ticket ${forgotten.join()} is forgotten`)
    this.#open.clear()
    for (const ticket of open) {
      check(!this.#ended.has(ticket.id), `ticket ${ticket.id} is open, and has ended`)
      this.#open.set(ticket.id, ticket)
    }
  }

  #accept({ token, ticket }: Extract<Effect, { type: 'accepted' }>, asked: number): void {
    check(token === asked && token !== 0, `${token} is answered, ${asked} asked`)
    check(!this.#accepted.has(token), `${token} is answered twice`)
    const isLate = this.#ended.has(ticket.id) && ticket.outcome.kind === 'open'
    check(!isLate, `${token} is answered behind the end of ticket ${ticket.id}`)
    this.#accepted.add(token)
  }

  #end(ticket: Ticket, state: State): void {
    check(!this.#ended.has(ticket.id), `ticket ${ticket.id} ends twice`)
    this.#ended.add(ticket.id)
    const lie = lieOf(ticket, state)
    check(lie === null, `ticket ${ticket.id} says ${ticket.outcome.kind}: ${lie}`)
  }
}

function openOf({ tickets, shutdown }: State): Ticket[] {
  const all = [...tickets.values(), ...(shutdown === null ? [] : [shutdown.ticket])]
  return all.filter(({ outcome }) => outcome.kind === 'open')
}

/** Why the outcome of a ticket is not true; null = it is. */
function lieOf({ id, verb, daemon: name, satisfiedByRun, outcome }: Ticket, state: State) {
  const daemon = state.daemons.get(name ?? '')
  switch (outcome.kind) {
    case 'open':
      return 'that is no end'
    case 'ended':
      return verb === 'shutdown' && state.finished ? null : 'nothing has ended'
    case 'superseded': {
      const isByShutdown = outcome.by === state.shutdown?.ticket.id
      const isByLater = outcome.by > id && outcome.by <= state.ticketsMade
      return isByShutdown || isByLater ? null : `by ticket ${outcome.by}`
    }
    case 'done': {
      if (daemon === undefined) return 'there is no such daemon'
      if (verb === 'stop') return daemon.phase === 'stopped' ? null : 'it is not stopped'
      if (outcome.now?.run !== daemon.run) return `run ${outcome.now?.run}`
      if (daemon.phase === 'stopped') return daemon.end === 'done' ? null : `it is ${daemon.end}`
      const isReady = 'readyAtMs' in daemon && daemon.readyAtMs !== null
      return isReady && daemon.spec.kind === 'daemon' ? null : 'it is not ready'
    }
    case 'failed': {
      if (daemon?.phase !== 'running' || daemon.readyAtMs === null) return null
      const isThere = verb !== 'stop' && daemon.run >= satisfiedByRun && satisfiedByRun > 0
      return isThere && daemon.spec.kind === 'daemon' ? 'it is ready' : null
    }
  }
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`the story breaks a promise: ${what}`)
}
