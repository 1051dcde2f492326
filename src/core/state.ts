/** What the supervisor knows. It belongs to `step` (supervisor.ts): it changes when a step
 *  succeeds, and at no other time and place. */
import { type Order, orderOf } from './order.ts'
import type { Daemon } from './phases.ts'
import type { DaemonSpec, Plan } from './plan.ts'
import type { Ticket } from './ticket.ts'

export interface State {
  readonly plan: Plan
  readonly order: Order
  readonly daemons: Map<string, Daemon>
  /** Daemons that wait for their turn, first come first; one is started after the other. */
  turns: readonly string[]
  /** The place in `turns` of the one whose turn it is. */
  turn: number
  /** The last ticket of each daemon; requests that one run satisfies share it. */
  readonly tickets: Map<string, Ticket>
  ticketsMade: number
  /** How often each signal was ignored. */
  readonly ignored: Map<string, number>
  /** For each daemon, how many of those that are after it are not over; filled when a shutdown
   *  begins. */
  readonly blockers: Map<string, number>
  shutdown: Shutdown | null
  /** How many daemons are not stopped. */
  active: number
  /** The daemons were told to start. */
  booted: boolean
  /** The end was ordered. */
  finished: boolean
}

export interface Shutdown {
  readonly sinceMs: number
  /** For each wave, when what is left of it is killed, in milliseconds after `sinceMs`. */
  readonly killAtMs: readonly number[]
  readonly flushMs: number
}

/** The state before anything happened. The plan holds the selected daemons only. */
export function initialState(plan: Plan): State {
  const stopped = (spec: DaemonSpec): Daemon => ({ spec, run: 0, last: null, phase: 'stopped' })
  return {
    plan,
    order: orderOf(plan.daemons),
    daemons: new Map(plan.daemons.map((spec) => [spec.name, stopped(spec)])),
    turns: [],
    turn: 0,
    tickets: new Map(),
    ticketsMade: 0,
    ignored: new Map(),
    blockers: new Map(),
    shutdown: null,
    active: 0,
    booted: false,
    finished: false,
  }
}
