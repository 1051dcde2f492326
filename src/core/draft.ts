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
  turns: readonly string[]
  turn: number
  ticketsMade: number
  shutdown: Shutdown | null
  active: number
  booted: boolean
  finished: boolean
  /** Made when they are asked for: most steps do without. */
  #tickets: Overlay<Ticket> | null = null
  #ignored: Overlay<number> | null = null
  #blockers: Overlay<number> | null = null

  constructor(state: State, atMs: number) {
    this.state = state
    this.atMs = atMs
    this.daemons = new Overlay(state.daemons)
    this.turns = state.turns
    this.turn = state.turn
    this.ticketsMade = state.ticketsMade
    this.shutdown = state.shutdown
    this.active = state.active
    this.booted = state.booted
    this.finished = state.finished
  }

  get tickets(): Overlay<Ticket> {
    this.#tickets ??= new Overlay(this.state.tickets)
    return this.#tickets
  }

  get ignored(): Overlay<number> {
    this.#ignored ??= new Overlay(this.state.ignored)
    return this.#ignored
  }

  get blockers(): Overlay<number> {
    this.#blockers ??= new Overlay(this.state.blockers)
    return this.#blockers
  }

  /** Steps one daemon; what that means for the others is the supervisor's business. */
  tell(before: Daemon, event: DaemonEvent): Daemon {
    const [after, effects] = stepDaemon(before, event)
    if (after !== before) this.daemons.set(before.spec.name, after)
    this.active += Number(after.phase !== 'stopped') - Number(before.phase !== 'stopped')
    for (const effect of effects) this.effects.push(effect)
    return after
  }

  giveTurnsTo(names: readonly string[]): void {
    this.turns = names
    this.turn = 0
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
  commit(): void {
    this.#tickets?.commit()
    this.#ignored?.commit()
    this.#blockers?.commit()
    this.daemons.commit()
    const { state } = this
    state.turns = this.turns
    state.turn = this.turn
    state.ticketsMade = this.ticketsMade
    state.shutdown = this.shutdown
    state.active = this.active
    state.booted = this.booted
    state.finished = this.finished
  }
}

/** A map with changes that are not in it yet. */
export class Overlay<V> {
  readonly #base: Map<string, V>
  #changes: Map<string, V> | null = null

  constructor(base: Map<string, V>) {
    this.#base = base
  }

  get(key: string): V | undefined {
    return this.#changes?.get(key) ?? this.#base.get(key)
  }

  set(key: string, value: V): void {
    this.#changes ??= new Map()
    this.#changes.set(key, value)
  }

  /** What changed, and what was there before. */
  eachChange(look: (after: V, before: V | undefined, key: string) => void): void {
    this.#changes?.forEach((after, key) => {
      look(after, this.#base.get(key), key)
    })
  }

  commit(): void {
    this.#changes?.forEach((value, key) => {
      this.#base.set(key, value)
    })
  }
}
