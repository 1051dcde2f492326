/** The state, and the step under way: the functions of this folder take it and change nothing else.
 *
 *  The state is changed in place. `log` has what each change replaced, so that a step that fails is
 *  undone and has changed nothing. The daemons, tickets and other records in it are replaced and
 *  never changed, so that the log needs no copies.
 *
 *  `dispatch` is the way in which all of them give a daemon an event. The modules that it calls
 *  know this one by type only, so that there is no cycle of imports. */
import { stepDaemon } from '../daemon/daemon.ts'
import type { Daemon, DaemonEvent } from '../daemon/phases.ts'
import { noStreak } from '../daemon/restart-policy.ts'
import type { Effect, Note, Shutdown } from '../effect.ts'
import { graceWithin } from '../plan/deadline.ts'
import { type Order, orderOf } from '../plan/order.ts'
import type { DaemonSpec, Plan } from '../plan/plan.ts'
import type { Ticket } from '../ticket.ts'
import { checkChange } from './invariants.ts'
import { delaysOthers, shutDownIfEnded, unblock } from './shutdown.ts'
import type { ReportedStall, State } from './state.ts'
import type { Sweep } from './sweep.ts'
import { failSkipped, followPolicy, followTicket } from './tickets.ts'

/** What `set` may change. */
interface Fields {
  plan: Plan
  order: Order
  daemons: Map<string, Daemon>
  tickets: Map<string, Ticket>
  retired: ReadonlyMap<string, number>
  shutdown: Shutdown | null
  sweep: Sweep | null
  booted: boolean
  announced: boolean
  finished: boolean
  isEnding: boolean
  hasTickets: boolean
  outputStall: ReportedStall | null
  stallReportedAtMs: number
}

export class StepContext implements State, Readonly<Fields> {
  readonly plan: Plan
  readonly order: Order
  readonly daemons: Map<string, Daemon> = new Map()
  readonly tickets: Map<string, Ticket> = new Map()
  /** The number of the last run of daemons that were removed. */
  readonly retired: ReadonlyMap<string, number> = noneRetired
  /** Puts another plan in force; null until operations are loaded: see replan.ts. */
  replacePlan: ReplacePlan | null = null
  /** How often each signal was ignored. */
  readonly ignored: Map<string, number> = new Map()
  /** For each daemon, how many dependents its stop must wait for; filled when a shutdown begins. */
  readonly blockers: Map<string, number> = new Map()
  readonly shutdown: Shutdown | null = null
  readonly sweep: Sweep | null = null
  /** All daemons were started, as far as their dependencies allowed. */
  readonly booted: boolean = false
  /** READY=1 was sent to the service manager above pitcrew. */
  readonly announced: boolean = false
  readonly finished: boolean = false
  /** A shutdown has begun, or `finish` was ordered: no daemon is started any more. */
  readonly isEnding: boolean = false
  /** False until the first request or restart by the policy. */
  readonly hasTickets: boolean = false
  readonly outputStall: ReportedStall | null = null
  /** When the end of a stall was last reported. */
  readonly stallReportedAtMs: number = Number.NEGATIVE_INFINITY
  /** Not undone: the number of a ticket is never used again. */
  ticketsMade = 0
  /** Daemons that can start, in the order of their spawns, from `queueFrom` on. */
  readonly queue: string[] = []
  queueFrom = 0

  // The counts are derived from the daemons again when a step is undone.
  readonly inPhase: Record<Daemon['phase'], number> = noneInPhase()
  settled = 0

  // The step under way.
  atMs = 0
  effects: Effect[] = []
  /** What the changes of the step replaced: a map or this object, a key, and the value before. */
  readonly log: unknown[] = []
  /** Daemons with a change that may concern others. */
  readonly changed: string[] = []
  /** How many of these were followed by their consequences. */
  followed = 0
  /** How many daemons the sweep has visited in this step. */
  swept = 0
  /** How many daemons were waiting before the step; null = unknown, after a recovery. */
  waitingBefore: number | null = 0
  #isUnderWay = false
  #queuedBefore = 0
  #queueFromBefore = 0

  constructor(plan: Plan) {
    this.plan = plan
    this.order = orderOf(plan.daemons)
    for (const spec of plan.daemons) this.daemons.set(spec.name, neverStarted(spec))
    this.inPhase.stopped = plan.daemons.length
  }

  /** Begins a step. What an interrupted step has left is undone before. */
  begin(atMs: number): void {
    this.undo()
    this.#isUnderWay = true
    this.atMs = atMs
    // The caller of the last step keeps its effects, if there were any.
    if (this.effects.length > 0) this.effects = []
    this.changed.length = 0
    this.followed = 0
    this.swept = 0
    this.waitingBefore = this.inPhase.waiting
    this.#queuedBefore = this.queue.length
    this.#queueFromBefore = this.queueFrom
  }

  /** Whether the event has changed nothing. Then it has no consequences, either. */
  get isUnchanged(): boolean {
    return this.log.length === 0 && this.effects.length === 0 && this.sweep === null
  }

  /** Ends a step that has succeeded. */
  commit(): void {
    this.#isUnderWay = false
    this.log.length = 0
    const { queue, queueFrom } = this
    if (queueFrom === 0) return
    const left = queue.length - queueFrom
    if (left > 0 && queueFrom < compactFrom) return
    if (left > 0) queue.copyWithin(0, queueFrom)
    queue.length = left
    this.queueFrom = 0
  }

  /** Undoes the changes of a step that has not come to its end. It can be repeated if it is
   *  interrupted, and allocates nothing for what it puts back. */
  undo(): void {
    if (!this.#isUnderWay) return
    const { log } = this
    for (let at = log.length - 3; at >= 0; at -= 3) {
      const target = log[at] as Record<string, unknown> | Map<string, unknown>
      const key = log[at + 1] as string
      const before = log[at + 2]
      if (!(target instanceof Map)) target[key] = before
      else if (before === undefined) target.delete(key)
      else target.set(key, before)
    }
    log.length = 0
    this.queue.length = this.#queuedBefore
    this.queueFrom = this.#queueFromBefore
    this.recount()
    this.#isUnderWay = false
  }

  /** Changes a field. */
  set<K extends keyof Fields>(key: K, value: Fields[K]): void {
    this.log.push(this, key, this[key])
    ;(this as Fields)[key] = value
  }

  setTicket(daemon: string, ticket: Ticket): void {
    if (!this.hasTickets) this.set('hasTickets', true)
    this.put(this.tickets, daemon, ticket)
  }

  /** Changes a map. */
  put<V>(map: Map<string, V>, key: string, value: V): void {
    this.log.push(map, key, map.get(key))
    map.set(key, value)
  }

  /** The open ticket of a daemon, or null. */
  openTicket(name: string): Ticket | null {
    const ticket = this.tickets.get(name)
    return ticket?.outcome.kind === 'open' ? ticket : null
  }

  /** Gives an event to a daemon and draws all consequences, the end of the bundle among them. */
  dispatch(name: string, event: DaemonEvent): void {
    const daemon = this.daemons.get(name)
    if (daemon !== undefined) this.dispatchTo(daemon, event)
  }

  /** The same for a daemon that is at hand. */
  dispatchTo(before: Daemon, event: DaemonEvent): void {
    const after = this.update(before, event)
    if (after !== before) shutDownIfEnded(this, after)
  }

  /** The same without the end of the bundle: for a recovery, in which that is decided later. */
  update(before: Daemon, event: DaemonEvent): Daemon {
    // Once the end is ordered, daemons do not change any more.
    if (this.finished) return before
    const after = this.advance(before, event)
    if (after === before) return before
    if (this.shutdown !== null && delaysOthers(before) && !delaysOthers(after)) unblock(this, after)
    if (event.type === 'skip') failSkipped(this, after, event.needs)
    if (this.hasTickets) followTicket(this, after)
    followPolicy(this, before, after)
    return after
  }

  /** Steps one daemon and counts it, without any consequence for others. */
  advance(before: Daemon, event: DaemonEvent): Daemon {
    const after = stepDaemon(before, event, this.effects, this.isEnding)
    if (after === before) return before
    checkChange(before, after)
    const { name } = before.spec
    this.log.push(this.daemons, name, before)
    this.daemons.set(name, after)
    const wasSettled = isSettled(before)
    const hasSettled = isSettled(after)
    if (hasSettled !== wasSettled) this.settled += hasSettled ? 1 : -1
    if (after.phase !== before.phase) {
      this.inPhase[before.phase]--
      this.inPhase[after.phase]++
    } else if (after.phase !== 'stopped' && hasSettled === wasSettled) return after
    this.changed.push(name)
    return after
  }

  /** Counts all daemons again, after a failure inside pitcrew. */
  recount(): void {
    Object.assign(this.inPhase, noneInPhase())
    this.settled = 0
    for (const daemon of this.daemons.values()) {
      this.inPhase[daemon.phase]++
      if (isSettled(daemon)) this.settled++
    }
  }

  get active(): number {
    return this.plan.daemons.length - this.inPhase.stopped
  }

  /** The next daemon that can start; null = there is none. */
  nextInQueue(): string | null {
    return this.queueFrom < this.queue.length ? (this.queue[this.queueFrom++] as string) : null
  }

  /** The grace for the stop of a single daemon, which has the whole deadline. */
  stopGraceMs({ spec }: Daemon): number {
    return graceWithin(this.plan.deadlineMs, spec.stop.graceMs)
  }

  emit(effect: Effect): void {
    this.effects.push(effect)
  }

  report(note: Note): void {
    this.effects.push({ type: 'report', note })
  }
}

type ReplacePlan = (context: StepContext, plan: Plan, restarts: readonly string[]) => string | null

const noneRetired: ReadonlyMap<string, number> = new Map()

/** The queue is moved to its begin when so many entries were taken; otherwise one that is never
 *  empty would grow without end. */
const compactFrom = 1024

function neverStarted(spec: DaemonSpec): Daemon {
  return { spec, run: 0, last: null, streak: noStreak, phase: 'stopped', end: 'none' }
}

function noneInPhase(): Record<Daemon['phase'], number> {
  return {
    stopped: 0,
    waiting: 0,
    backoff: 0,
    starting: 0,
    running: 0,
    terminating: 0,
    killing: 0,
  }
}

/** Whether the start of a daemon is decided: it is ready, done, or optional and failed. */
function isSettled(daemon: Daemon): boolean {
  if (daemon.phase === 'running') return daemon.readyAtMs !== null
  if (daemon.phase !== 'stopped') return false
  return daemon.end === 'done' || (daemon.end === 'failed' && daemon.spec.optional)
}
