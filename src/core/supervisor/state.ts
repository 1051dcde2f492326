/** The state of the core, as the other parts of the init read it. It is one object for the whole
 *  life, and only a step changes it (step-context.ts). */

import type { Daemon } from '../daemon/phases.ts'
import type { Shutdown } from '../effect.ts'
import type { OutputStall } from '../event.ts'
import type { Order } from '../plan/order.ts'
import type { Plan } from '../plan/plan.ts'
import type { Ticket } from '../ticket.ts'
import { StepContext } from './step-context.ts'
import type { Sweep } from './sweep.ts'

export interface State {
  readonly plan: Plan
  readonly order: Order
  readonly daemons: ReadonlyMap<string, Daemon>
  /** The last ticket of each daemon. No other one is open. */
  readonly tickets: ReadonlyMap<string, Ticket>
  readonly ticketsMade: number
  readonly shutdown: Shutdown | null
  /** Work on all daemons that is under way; null = none. */
  readonly sweep: Sweep | null
  /** `finish` was ordered. */
  readonly finished: boolean
  readonly outputStall: ReportedStall | null
  /** How many daemons are in each phase. */
  readonly inPhase: Readonly<Record<Daemon['phase'], number>>
  /** How many daemons are not stopped. */
  readonly active: number
  /** How many daemons are ready, done, or optional and failed: their start is decided. */
  readonly settled: number
}

/** `isReported`: the log and the journal have it. `isOver`: its end was missed, and counts
 *  later. */
export type ReportedStall = OutputStall & { readonly isReported: boolean; readonly isOver: boolean }

/** The state before anything happened. The plan holds the selected daemons only. */
export function initialState(plan: Plan): StepContext {
  return new StepContext(plan)
}
