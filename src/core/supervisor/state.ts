/** The state of the core. Only a step that succeeds changes it (step-context.ts). */

import type { Daemon } from '../daemon/phases.ts'
import { noStreak } from '../daemon/restart-policy.ts'
import type { Shutdown } from '../effect.ts'
import type { OutputStall } from '../event.ts'
import { type Order, orderOf } from '../plan/order.ts'
import type { DaemonSpec, Plan } from '../plan/plan.ts'
import type { Ticket } from '../ticket.ts'
import type { Sweep } from './sweep.ts'

/** Numbers of daemons. */
export interface Counts {
  /** Not stopped. */
  active: number
  /** In `waiting`. */
  waiting: number
  /** In `starting`. */
  starting: number
  /** Ready, or done. */
  settled: number
  /** Stopped, because a request said so. */
  stoppedByRequest: number
}

export interface State extends Counts {
  readonly plan: Plan
  readonly order: Order
  readonly daemons: Map<string, Daemon>
  /** Daemons that can start, in the order of their spawns. */
  readonly queue: string[]
  /** The last ticket of each daemon. No other one is open. */
  readonly tickets: Map<string, Ticket>
  ticketsMade: number
  /** How often each signal was ignored. */
  readonly ignored: Map<string, number>
  /** For each daemon, how many dependents its stop must wait for; filled when a shutdown begins. */
  readonly blockers: Map<string, number>
  shutdown: Shutdown | null
  /** Work on all daemons that is under way; null = none. */
  sweep: Sweep | null
  /** All daemons were started, as far as their dependencies allowed. */
  booted: boolean
  /** READY=1 was sent to the service manager above pitcrew. */
  announced: boolean
  /** `finish` was ordered. */
  finished: boolean
  outputStall: ReportedStall | null
  /** When the end of a stall was last reported. */
  stallReportedAtMs: number
}

/** `isTold`: a person was told of it. `isOver`: its end was missed, and counts later. */
export type ReportedStall = OutputStall & { readonly isReported: boolean; readonly isOver: boolean }

/** The state before anything happened. The plan holds the selected daemons only. */
export function initialState(plan: Plan): State {
  const stopped = (spec: DaemonSpec): Daemon => ({
    spec,
    run: 0,
    last: null,
    streak: noStreak,
    phase: 'stopped',
    end: 'none',
  })
  const daemons = new Map<string, Daemon>()
  for (const spec of plan.daemons) daemons.set(spec.name, stopped(spec))
  return {
    plan,
    order: orderOf(plan.daemons),
    daemons,
    queue: [],
    tickets: new Map(),
    ticketsMade: 0,
    ignored: new Map(),
    blockers: new Map(),
    shutdown: null,
    sweep: null,
    active: 0,
    waiting: 0,
    starting: 0,
    settled: 0,
    stoppedByRequest: 0,
    booted: false,
    announced: false,
    finished: false,
    outputStall: null,
    stallReportedAtMs: Number.NEGATIVE_INFINITY,
  }
}
