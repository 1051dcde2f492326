/** The running supervisor: host events in, one step of the core each, its effects performed, and
 *  what came of them stepped in turn. It goes at its own pace: a bounded batch, then the host has
 *  its turn again, so that a signal never waits behind a thousand starts. */

import type { Event } from '../core/event.ts'
import type { Plan } from '../core/plan.ts'
import { type Signal, signalName } from '../core/signals.ts'
import { initialState, type State } from '../core/state.ts'
import { step } from '../core/supervisor.ts'
import { describeError } from '../errors.ts'
import type { Handlers, Host, HostEvent } from '../host/host.ts'
import { Performer } from './perform.ts'
import { type Plant, plantOf } from './plant.ts'
import { Timers } from './timers.ts'
import { type Trace, traceTo } from './trace.ts'

type SignalEvent = Extract<HostEvent, { type: 'signal' }>

/** Steps in one turn. */
const batchMax = 32

export class Loop implements Handlers {
  readonly #host: Host
  readonly #timers: Timers = new Timers()
  readonly #performer: Performer
  readonly #plant: Plant
  readonly #trace: Trace
  #state: State
  #queue: Event[] = []

  /** @param plan     All of the bundle.
   *  @param selected The names of the daemons to run.
   *  @param tracePath Where each step is written; null = nowhere. */
  constructor(host: Host, plan: Plan, selected: readonly string[], tracePath: string | null) {
    this.#host = host
    this.#plant = plantOf(host)
    this.#performer = new Performer(host, plan, this.#timers)
    const daemons = plan.daemons.filter(({ name }) => selected.includes(name))
    const selectedPlan = { ...plan, daemons }
    this.#trace = traceTo(host, tracePath, selectedPlan)
    this.#state = initialState(selectedPlan)
  }

  /** @param early Signals that came before there was a plan: made before any spawn, so that the
   *           first run of a daemon satisfies them. */
  boot(early: readonly SignalEvent[] = []): void {
    const atMs = this.#host.now()
    this.#queue.push({ type: 'boot', atMs }, ...early.map((event) => signalOf(event, atMs)))
    this.#drain()
  }

  handle(event: HostEvent): void {
    const atMs = this.#host.now()
    switch (event.type) {
      case 'wake':
        return this.#wake(atMs)
      case 'signal':
        return this.#take(signalOf(event, atMs))
      case 'exited':
      case 'gone':
      case 'output-closed':
        return this.#take({ ...event, atMs })
      default:
        throw new Error(`unexpected ${event.type}`)
    }
  }

  /** Whatever was under way when something failed is not trusted; the host knows what is true. */
  recover(problem: string, shutdownAsked: boolean): void {
    this.#queue = []
    this.#performer.say(`internal error, carrying on: ${problem}`)
    const live = this.#host.live()
    this.#take({ type: 'reconcile', atMs: this.#host.now(), live, shutdownAsked })
  }

  #wake(nowMs: number): void {
    for (let timer = this.#timers.due(nowMs); timer !== null; timer = this.#timers.due(nowMs)) {
      this.#queue.push({ type: 'elapsed', timer, atMs: nowMs })
    }
    this.#drain()
  }

  #take(event: Event): void {
    this.#queue.push(event)
    this.#drain()
  }

  #drain(): void {
    for (let steps = 0; steps < batchMax; steps++) {
      const event = this.#queue.shift()
      if (event === undefined) break
      this.#step(event)
    }
    this.#host.wakeAt(this.#queue.length > 0 ? this.#host.now() : this.#timers.nextMs())
  }

  #step(event: Event): void {
    this.#plant(event.type)
    const [next, effects] = step(this.#state, event)
    this.#state = next
    this.#trace(event, effects)
    for (const effect of effects) {
      let outcome: Event | null
      try {
        this.#plant(`perform-${effect.type}`)
        outcome = this.#performer.perform(effect)
      } catch (error) {
        outcome = this.#performer.failed(effect, describeError(error))
      }
      if (outcome !== null) this.#queue.push(outcome)
    }
  }
}

/** A number without a name of the table is in no map: it is ignored like any other that is not. */
function signalOf(event: SignalEvent, atMs: number): Event {
  return { ...event, atMs, signal: signalName(event.signal) as Signal }
}
