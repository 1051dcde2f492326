/** What the supervisor knows. It belongs to `step` (supervisor.ts): it changes when a step
 *  succeeds, and at no other time and place. */

import type { Daemon } from '../daemon/phases.ts'
import { noStreak } from '../daemon/restart-policy.ts'
import type { Shutdown } from '../effect.ts'
import type { OutputStall } from '../event.ts'
import { type Order, orderOf } from '../plan/order.ts'
import type { DaemonSpec, Plan } from '../plan/plan.ts'
import type { Ticket } from '../ticket.ts'
import type { Sweep } from './sweep.ts'

/** Of daemons. */
export interface Counts {
  /** Not stopped. */
  active: number
  /** Want to start, and are not there yet. */
  waiting: number
  /** Their spawn is under way. */
  starting: number
  /** Ready, or done. */
  settled: number
  /** Stopped since somebody asked for it. */
  stoppedByRequest: number
}

export interface State extends Counts {
  readonly plan: Plan
  readonly order: Order
  readonly daemons: Map<string, Daemon>
  /** Daemons that can start, first come first. */
  readonly queue: string[]
  /** The last ticket of each daemon; requests that one run satisfies share it. At most the last is
   *  open. */
  readonly tickets: Map<string, Ticket>
  ticketsMade: number
  /** How often each signal was ignored. */
  readonly ignored: Map<string, number>
  /** For each daemon, how many of those that are after it are not over; filled when a shutdown
   *  begins. */
  readonly blockers: Map<string, number>
  shutdown: Shutdown | null
  /** What is being done to all daemons, over several steps; null = nothing. */
  sweep: Sweep | null
  /** The daemons were told to start. */
  booted: boolean
  /** Whoever supervises us was told that all are ready. */
  announced: boolean
  /** The end was ordered. */
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
