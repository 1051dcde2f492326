/** One step under way. What changes is written here and reaches the state only when the step is
 *  done, so that a step that fails has changed nothing. Copying a table of a thousand daemons at
 *  each event would do the same and cost more than all the rest. */
import { stepDaemon } from './daemon.ts'
import type { Effect, Note } from './effect.ts'
import type { Daemon, DaemonEvent } from './phases.ts'
import type { Shutdown, State } from './state.ts'
import type { Ticket } from './ticket.ts'

export class Draft {
  readonly state: State
  readonly atMs: number
  readonly effects: Effect[] = []
  readonly daemons: Overlay<Daemon>
  readonly tickets: Overlay<Ticket>
  readonly ignored: Overlay<number>
  readonly blockers: Overlay<number>
  turns: readonly string[]
  ticketsMade: number
  shutdown: Shutdown | null
  active: number
  booted: boolean
  finished: boolean

  constructor(state: State, atMs: number) {
    this.state = state
    this.atMs = atMs
    this.daemons = new Overlay(state.daemons)
    this.tickets = new Overlay(state.tickets)
    this.ignored = new Overlay(state.ignored)
    this.blockers = new Overlay(state.blockers)
    this.turns = state.turns
    this.ticketsMade = state.ticketsMade
    this.shutdown = state.shutdown
    this.active = state.active
    this.booted = state.booted
    this.finished = state.finished
  }

  /** Steps one daemon; what that means for the others is the supervisor's business. */
  tell(before: Daemon, event: DaemonEvent): Daemon {
    const [after, effects] = stepDaemon(before, event)
    if (after !== before) this.daemons.set(before.spec.name, after)
    this.active += Number(after.phase !== 'stopped') - Number(before.phase !== 'stopped')
    for (const effect of effects) this.effects.push(effect)
    return after
  }

  do(effect: Effect): void {
    this.effects.push(effect)
  }

  report(note: Note): void {
    this.effects.push({ type: 'report', note })
  }

  /** Nothing is started any more. */
  get isEnding(): boolean {
    return this.shutdown !== null || this.finished
  }

  /** What needs memory comes first: the daemons are all in their map already, so that they change
   *  together. */
  commit(): State {
    const { turns, ticketsMade, shutdown, active, booted, finished } = this
    const next = { ...this.state, turns, ticketsMade, shutdown, active, booted, finished }
    for (const overlay of [this.tickets, this.ignored, this.blockers, this.daemons])
      overlay.commit()
    return next
  }
}

/** A map with changes that are not in it yet. */
export class Overlay<V> {
  readonly changes: Map<string, V> = new Map()
  readonly #base: Map<string, V>

  constructor(base: Map<string, V>) {
    this.#base = base
  }

  get(key: string): V | undefined {
    return this.changes.get(key) ?? this.#base.get(key)
  }

  set(key: string, value: V): void {
    this.changes.set(key, value)
  }

  commit(): void {
    for (const [key, value] of this.changes) this.#base.set(key, value)
  }
}
