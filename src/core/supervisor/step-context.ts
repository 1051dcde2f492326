/** One step under way: the functions of this folder take it and change nothing else. What changes
 *  is written here and reaches the state only when the step is done, so that a step that fails has
 *  changed nothing. Copying a table of a thousand daemons at each event would do the same and cost
 *  more than all the rest.
 *
 *  `dispatch` is the way in which all of them give a daemon an event. The modules that it calls
 *  know this one by type only, so that there is no cycle of imports. */
import { stepDaemon } from '../daemon/daemon.ts'
import type { Daemon, DaemonEvent } from '../daemon/phases.ts'
import type { Effect, Note, Shutdown } from '../effect.ts'
import { graceWithin } from '../plan/deadline.ts'
import type { Ticket } from '../ticket.ts'
import { delaysOthers, shutDownIfEnded, unblock } from './shutdown.ts'
import type { Counts, ReportedStall, State } from './state.ts'
import type { Sweep } from './sweep.ts'
import { failSkipped, followPolicy, followTicket } from './tickets.ts'

export class StepContext {
  state: State
  atMs = 0
  effects: Effect[] = []
  readonly daemons: Overlay<Daemon>
  /** Daemons with a change that may concern others. */
  changed: string[] = []
  /** How many of these were followed by their consequences. */
  followed = 0
  /** Daemons that can start; they come after those of the state's queue. */
  queue: string[] = []
  /** How many were taken from the state's queue and then from this one. */
  taken = 0
  /** The counts were not reliable. */
  isRecounted = false
  ticketsMade = 0
  shutdown: Shutdown | null = null
  sweep: Sweep | null = null
  /** How many daemons the sweep has visited in this step. */
  swept = 0
  active = 0
  waiting = 0
  starting = 0
  settled = 0
  stoppedByRequest = 0
  booted = false
  announced = false
  finished = false
  outputStall: ReportedStall | null = null
  stallReportedAtMs = 0
  /** Made on first use: most steps do not need them. */
  lazyTickets: Overlay<Ticket> | null = null
  lazyIgnored: Overlay<number> | null = null
  lazyBlockers: Overlay<number> | null = null

  constructor(state: State, atMs: number) {
    this.state = state
    this.daemons = new Overlay(state.daemons)
    this.begin(state, atMs)
  }

  /** Begins another step and drops what a failed step has left. One context serves all steps,
   *  because the engine needs more time to make one than for most steps. */
  begin(state: State, atMs: number): void {
    this.state = state
    this.atMs = atMs
    // The caller of the last step keeps its effects.
    this.effects = []
    this.daemons.begin(state.daemons)
    if (this.changed.length > 0) this.changed = []
    this.followed = 0
    if (this.queue.length > 0) this.queue = []
    this.taken = 0
    this.isRecounted = false
    this.ticketsMade = state.ticketsMade
    this.shutdown = state.shutdown
    this.sweep = state.sweep
    this.swept = 0
    this.active = state.active
    this.waiting = state.waiting
    this.starting = state.starting
    this.settled = state.settled
    this.stoppedByRequest = state.stoppedByRequest
    this.booted = state.booted
    this.announced = state.announced
    this.finished = state.finished
    this.outputStall = state.outputStall
    this.stallReportedAtMs = state.stallReportedAtMs
    this.lazyTickets = null
    this.lazyIgnored = null
    this.lazyBlockers = null
  }

  /** Whether the event has changed nothing. Then it has no consequences, either. */
  get isUnchanged(): boolean {
    const { state } = this
    return (
      this.effects.length === 0 &&
      this.daemons.changes === null &&
      this.sweep === null &&
      this.shutdown === state.shutdown &&
      this.booted === state.booted &&
      this.outputStall === state.outputStall &&
      this.lazyTickets === null &&
      this.lazyIgnored === null
    )
  }

  get tickets(): Overlay<Ticket> {
    this.lazyTickets ??= new Overlay(this.state.tickets)
    return this.lazyTickets
  }

  /** False until the first request or restart by the policy. */
  get hasTickets(): boolean {
    return this.lazyTickets !== null || this.state.tickets.size > 0
  }

  /** The open ticket of a daemon, or null. */
  openTicket(name: string): Ticket | null {
    if (!this.hasTickets) return null
    const ticket = (this.lazyTickets ?? this.state.tickets).get(name)
    return ticket?.outcome.kind === 'open' ? ticket : null
  }

  get ignored(): Overlay<number> {
    this.lazyIgnored ??= new Overlay(this.state.ignored)
    return this.lazyIgnored
  }

  get blockers(): Overlay<number> {
    this.lazyBlockers ??= new Overlay(this.state.blockers)
    return this.lazyBlockers
  }

  /** Gives an event to a daemon and draws all consequences, the end of the bundle among them. */
  dispatch(name: string, event: DaemonEvent): void {
    this.update(name, event)
    shutDownIfEnded(this, name)
  }

  /** The same without the end of the bundle: for a recovery, in which that is decided later. */
  update(name: string, event: DaemonEvent): void {
    const before = this.daemons.get(name)
    // Once the end is ordered, daemons do not change any more.
    if (before === undefined || this.state.finished) return
    const after = this.advance(before, event)
    if (after === before) return
    if (this.shutdown !== null && delaysOthers(before) && !delaysOthers(after)) unblock(this, after)
    if (event.type === 'skip') failSkipped(this, name, event.needs)
    if (this.hasTickets) followTicket(this, after)
    followPolicy(this, before, after)
  }

  /** Steps one daemon and counts it, without any consequence for others. */
  advance(before: Daemon, event: DaemonEvent): Daemon {
    const after = stepDaemon(before, event, this.effects, this.isEnding)
    if (after === before) return after
    this.daemons.set(before.spec.name, after)
    const isAsBefore = after.phase === before.phase && after.phase !== 'stopped'
    if (isAsBefore && isSettled(after) === isSettled(before)) return after
    count(this, before, -1)
    count(this, after, 1)
    this.changed.push(before.spec.name)
    return after
  }

  /** Counts all daemons again, after a failure inside pitcrew. */
  recount(): void {
    this.isRecounted = true
    this.active = this.waiting = this.starting = this.settled = this.stoppedByRequest = 0
    for (const daemon of this.state.daemons.values()) count(this, daemon, 1)
  }

  /** The next daemon that can start; null = there is none. */
  nextInQueue(): string | null {
    const { queue } = this.state
    const name =
      this.taken < queue.length ? queue[this.taken] : this.queue[this.taken - queue.length]
    if (name === undefined) return null
    this.taken++
    return name
  }

  /** The grace for the stop of a single daemon, which has the whole deadline. */
  stopGraceMs({ spec }: Daemon): number {
    return graceWithin(this.state.plan.deadlineMs, spec.stop.graceMs)
  }

  emit(effect: Effect): void {
    this.effects.push(effect)
  }

  report(note: Note): void {
    this.effects.push({ type: 'report', note })
  }

  /** No daemon is started any more. */
  get isEnding(): boolean {
    return this.shutdown !== null || this.finished
  }

  /** Commits first what may allocate. All daemons are in their map already, and updating existing
   *  keys cannot fail, so they change together. The number of a ticket is never used again. */
  commit(): void {
    this.state.ticketsMade = this.ticketsMade
    this.lazyTickets?.commit()
    this.lazyIgnored?.commit()
    this.lazyBlockers?.commit()
    const { state } = this
    if (this.queue.length > 0) state.queue.push(...this.queue)
    this.daemons.commit()
    if (this.taken > 0) state.queue.splice(0, this.taken)
    state.shutdown = this.shutdown
    state.sweep = this.sweep
    state.active = this.active
    state.waiting = this.waiting
    state.starting = this.starting
    state.settled = this.settled
    state.stoppedByRequest = this.stoppedByRequest
    state.booted = this.booted
    state.announced = this.announced
    state.finished = this.finished
    state.outputStall = this.outputStall
    state.stallReportedAtMs = this.stallReportedAtMs
  }
}

/** Adds a daemon to the counts, or removes it. */
export function count(counts: Counts, daemon: Daemon, by: 1 | -1): void {
  if (daemon.phase !== 'stopped') counts.active += by
  if (daemon.phase === 'waiting') counts.waiting += by
  if (daemon.phase === 'starting') counts.starting += by
  if (isSettled(daemon)) counts.settled += by
  if (daemon.phase === 'stopped' && daemon.end === 'requested') counts.stoppedByRequest += by
}

/** Whether the start of a daemon is decided: it is ready, done, or optional and failed. */
function isSettled(daemon: Daemon): boolean {
  if (daemon.phase === 'running') return daemon.readyAtMs !== null
  if (daemon.phase !== 'stopped') return false
  return daemon.end === 'done' || (daemon.end === 'failed' && daemon.spec.optional)
}

/** A map with changes that are not committed yet. */
export class Overlay<V> {
  base: Map<string, V>
  changes: Map<string, V> | null = null

  constructor(base: Map<string, V>) {
    this.base = base
  }

  begin(base: Map<string, V>): void {
    this.base = base
    this.changes = null
  }

  get(key: string): V | undefined {
    return this.changes?.get(key) ?? this.base.get(key)
  }

  set(key: string, value: V): void {
    this.changes ??= new Map()
    this.changes.set(key, value)
  }

  /** Visits each change with the value before. */
  eachChange(look: (after: V, before: V | undefined, key: string) => void): void {
    this.changes?.forEach((after, key) => {
      look(after, this.base.get(key), key)
    })
  }

  commit(): void {
    this.changes?.forEach((value, key) => {
      this.base.set(key, value)
    })
  }
}
