/** Verbs that change something, and `ticket`. A request goes to the core, and is answered when its
 *  ticket has ended. */

import { oneLine } from '../../core/text/one-line.ts'
import type { Ticket, Verb } from '../../core/ticket.ts'
import type { Progress } from '../protocol/answers.ts'
import { failure } from '../protocol/failure.ts'
import type { TicketArgs } from '../protocol/requests.ts'
import type { Call, DeferOptions, Handlers, Responder } from '../server/connection.ts'
import type { ControlEvent, Supervisor } from '../server/control-plane.ts'
import { progressOf, roundedDuration } from './describe-daemon.ts'
import { findTicket, ticketAnswer, ticketFailure, titleOf } from './ticket-answer.ts'

type Accepted = Extract<ControlEvent, { type: 'accepted' }>

/** How a call waits. */
interface Wait {
  /** null: the core has not accepted the request yet. */
  ticket: number | null
  joined: boolean
  /** null: all daemons. */
  readonly daemon: string | null
  /** It waits for the outcome; false: only for the ticket. */
  forEnd: boolean
  /** The verb is `ticket`: a failed ticket is an answer, not a failure. */
  readonly isQuery: boolean
}

interface ChangeOptions extends DeferOptions {
  readonly wait?: boolean
  readonly why?: string
}

export class Changes implements Responder {
  readonly #supervisor: Supervisor
  readonly #waits: Map<Call, Wait> = new Map()
  readonly #byToken: Map<number, Call> = new Map()
  readonly #byTicket: Map<number, Set<Call>> = new Map()
  readonly handlers: Pick<Handlers, Verb | 'ticket'>

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor
    this.handlers = {
      start: (call, args) => this.#change(call, 'start', args.daemon, args),
      stop: (call, args) => this.#change(call, 'stop', args.daemon, args),
      restart: (call, args) => this.#change(call, 'restart', args.daemon, args),
      shutdown: (call, args) => this.#change(call, 'shutdown', null, args),
      ticket: (call, args) => this.#ticket(call, args),
    }
  }

  accepted({ token, ticket, joined }: Accepted): void {
    const call = this.#byToken.get(token)
    this.#byToken.delete(token)
    const wait = call === undefined ? undefined : this.#waits.get(call)
    if (call === undefined || wait === undefined) return
    wait.ticket = ticket.id
    wait.joined = joined
    // It joined a shutdown that was over: its ticket had ended before.
    const hasEnded = joined && ticket.outcome.kind !== 'open'
    if (wait.forEnd && hasEnded) this.#answer(call, ticket)
    else if (wait.forEnd) this.#waitFor(call, ticket.id)
    else call.done(ticketAnswer(this.#supervisor, ticket, joined))
  }

  ended(ticket: Ticket): void {
    for (const call of [...(this.#byTicket.get(ticket.id) ?? [])]) this.#answer(call, ticket)
  }

  cancel(call: Call): void {
    const wait = this.#waits.get(call) as Wait
    const ticket = wait.ticket === null ? null : findTicket(this.#supervisor, wait.ticket)
    if (ticket !== null) call.done(ticketAnswer(this.#supervisor, ticket, wait.joined))
    // Answer as soon as there is a ticket.
    else wait.forEnd = false
  }

  timeOut(call: Call): void {
    const { ticket } = this.#waits.get(call) as Wait
    const waited = roundedDuration(this.#supervisor.host.now() - call.sinceMs)
    const found = ticket === null ? null : findTicket(this.#supervisor, ticket)
    const what = found === null ? 'the request' : titleOf(found)
    const message = `cannot wait any longer: ${what} is not done after ${waited}`
    if (ticket === null) return call.failed(failure('TIMED_OUT', message))
    const hint = `ticket ${ticket} stays open: "pitcrew ticket ${ticket} --wait" waits for it`
    call.failed({ ...failure('TIMED_OUT', message, hint), ticket })
  }

  release(call: Call): void {
    const ticket = this.#waits.get(call)?.ticket ?? null
    this.#waits.delete(call)
    if (ticket === null) return
    const calls = this.#byTicket.get(ticket)
    calls?.delete(call)
    if (calls?.size === 0) this.#byTicket.delete(ticket)
  }

  progress(call: Call): Progress {
    const { daemon, ticket } = this.#waits.get(call) as Wait
    const progress = progressOf(this.#supervisor, daemon, call.sinceMs)
    const open = this.#supervisor.operations?.open ?? []
    const change = open.find(({ id }) => id === ticket)?.change
    if (change === undefined) return progress
    const other = open.find((one) => one.change !== undefined && one.change.step !== 'waiting')
    const isQueued = change.step === 'waiting' && other !== undefined
    const words = isQueued ? `waits for ticket ${other.id}` : `${change.step}: ${progress.words}`
    return { ...progress, words }
  }

  /** Answers a call when this open ticket has ended. */
  follow(call: Call, ticket: Ticket, options: ChangeOptions): void {
    const { id, daemon } = ticket
    if (options.wait === false) return call.done(ticketAnswer(this.#supervisor, ticket, false))
    this.#waits.set(call, { ticket: id, joined: false, daemon, forEnd: true, isQuery: false })
    this.#waitFor(call, id)
    call.defer(this, options)
  }

  #change(call: Call, verb: Verb, daemon: string | null, options: ChangeOptions): void {
    const { wait: forEnd = true, why = '' } = options
    this.#waits.set(call, { ticket: null, joined: false, daemon, forEnd, isQuery: false })
    call.defer(this, options)
    const { uid, pid, daemon: requester } = call.connection.caller
    const by = { kind: 'client', uid, pid, daemon: requester } as const
    const request = { verb, daemon, by, why: oneLine(why).trim() }
    this.#byToken.set(this.#supervisor.request(request), call)
  }

  #ticket(call: Call, args: TicketArgs): void {
    const ticket = findTicket(this.#supervisor, args.ticket)
    if (ticket === null) {
      const message = `cannot find ticket ${args.ticket}`
      const hint = 'only the last 200 tickets with an outcome are kept'
      return call.failed(failure('NO_SUCH_TICKET', message, hint))
    }
    if (args.wait !== true || ticket.outcome.kind !== 'open') {
      return call.done(ticketAnswer(this.#supervisor, ticket, false))
    }
    const { id, daemon } = ticket
    this.#waits.set(call, { ticket: id, joined: false, daemon, forEnd: true, isQuery: true })
    this.#waitFor(call, ticket.id)
    call.defer(this, args)
  }

  #waitFor(call: Call, ticket: number): void {
    const calls = this.#byTicket.get(ticket)
    if (calls === undefined) this.#byTicket.set(ticket, new Set([call]))
    else calls.add(call)
  }

  #answer(call: Call, ticket: Ticket): void {
    const { joined, isQuery } = this.#waits.get(call) as Wait
    const { outcome } = ticket
    const hasFailed = outcome.kind === 'failed' || outcome.kind === 'superseded'
    if (hasFailed && !isQuery) call.failed(ticketFailure(this.#supervisor, ticket, outcome))
    else call.done(ticketAnswer(this.#supervisor, ticket, joined))
  }
}
