/** A small host in which one step goes wrong: an event is lost, or effects, or the step is
 *  interrupted. It keeps runs and timers as the real host does. */
import type { Effect } from '../../src/core/effect.ts'
import { type Event, type LiveRun, type Timer, timerKey } from '../../src/core/event.ts'
import type { Plan } from '../../src/core/plan/plan.ts'
import { signalNumbers } from '../../src/core/signals.ts'
import { initialState } from '../../src/core/supervisor/state.ts'
import type { StepContext } from '../../src/core/supervisor/step-context.ts'
import { step } from '../../src/core/supervisor/supervisor.ts'
import { type Beat, type Later, type TimelessEvent, toEvent } from './events.ts'
import { interruptAfter } from './interrupt.ts'

/** What goes wrong in the step. */
export const stepFaults = [
  'nothing',
  'the event is lost',
  'the effects are lost',
  'half of the effects are lost',
  'the step is interrupted',
] as const
export type StepFault = (typeof stepFaults)[number]

export class FaultyHost {
  readonly #fault: StepFault
  readonly #faultAt: number
  readonly #deaf: readonly string[]
  readonly #state: StepContext
  #nowMs = 0
  #steps = 0
  #pids = 6
  #queue: TimelessEvent[] = []
  #isAsked = false
  readonly #timers: Map<string, { timer: Timer; atMs: number }> = new Map()
  /** With those of which the end was not delivered yet. */
  readonly #runs: Map<string, LiveRun> = new Map()
  finished: Extract<Effect, { type: 'finish' }> | null = null

  /** @param faultAt The number of the step that goes wrong.
   *  @param deaf     Daemons that ignore all signals but KILL. */
  constructor(plan: Plan, fault: StepFault, faultAt: number, deaf: readonly string[] = []) {
    this.#state = initialState(plan)
    this.#fault = fault
    this.#faultAt = faultAt
    this.#deaf = deaf
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** Runs that are alive, as the host knows. */
  get alive(): string[] {
    return [...this.#runs.values()].filter(({ gone }) => !gone).map(({ daemon }) => daemon)
  }

  phaseOf(name: string): string | undefined {
    return this.#state.daemons.get(name)?.phase
  }

  /** Plays each beat after the consequences of the one before; timers run after the last one. */
  play(...beats: Exclude<Beat, Later>[]): void {
    for (const beat of beats) {
      if (beat === 'TERM') this.#isAsked = true
      this.#queue.push(toEvent(beat))
      this.#settle()
    }
    for (let turns = 0; turns < 100 && this.#elapse(); turns++) this.#settle()
  }

  /** A daemon ends by itself. */
  die(daemon: string, code: number): void {
    const live = this.#runs.get(daemon)
    if (live === undefined) throw new Error(`${daemon} does not live`)
    const exit = { code, signal: 0 }
    this.#runs.set(daemon, { ...live, exit, gone: true })
    const { run } = live
    this.play({ type: 'exited', daemon, run, ...exit, gone: true, outputOpen: false })
  }

  #elapse(): boolean {
    const next = [...this.#timers.values()].sort((a, b) => a.atMs - b.atMs)[0]
    if (next === undefined || this.finished !== null) return false
    this.#nowMs = Math.max(this.#nowMs, next.atMs)
    this.#timers.delete(timerKey(next.timer))
    this.#queue.push({ type: 'elapsed', timer: next.timer })
    return true
  }

  #settle(): void {
    for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) {
      this.#step({ ...event, atMs: this.#nowMs })
      if (this.#steps > 1000) throw new Error('it never comes to rest')
    }
  }

  #step(event: Event): void {
    const fault = this.#steps++ === this.#faultAt ? this.#fault : 'nothing'
    if (fault === 'the event is lost') return this.#recover()
    if (fault === 'the step is interrupted') return this.#interrupt(event)
    const effects = step(this.#state, event)
    if (event.type === 'exited') this.#runs.delete(event.daemon)
    if (event.type === 'reconcile') this.#forgetTheDead()
    const performed = {
      nothing: effects,
      'half of the effects are lost': effects.slice(0, effects.length / 2),
      'the effects are lost': [],
    }[fault]
    for (const effect of performed) this.#perform(effect)
    if (fault !== 'nothing') this.#recover()
  }

  #interrupt(event: Event): void {
    interruptAfter(2, this.#state, () => step(this.#state, event))
    this.#recover()
  }

  /** As in the init: events and effects under way are dropped. */
  #recover(): void {
    const live = [...this.#runs.values()]
    this.#queue = [{ type: 'reconcile', live, shutdownRequested: this.#isAsked, outputStall: null }]
  }

  #forgetTheDead(): void {
    for (const [name, { gone }] of this.#runs) if (gone) this.#runs.delete(name)
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'arm':
        this.#timers.set(timerKey(effect.timer), {
          timer: effect.timer,
          atMs: this.#nowMs + effect.afterMs,
        })
        break
      case 'disarm':
        this.#timers.delete(timerKey(effect.timer))
        break
      case 'spawn':
        this.#spawn(effect)
        break
      case 'signal':
        this.#signal(effect)
        break
      case 'finish':
        this.finished = effect
    }
  }

  #spawn({ daemon, run }: Extract<Effect, { type: 'spawn' }>): void {
    if (this.alive.includes(daemon)) throw new Error(`two runs of ${daemon} at once`)
    const pid = ++this.#pids
    this.#runs.set(daemon, { daemon, run, pid, exit: null, gone: false, ready: false })
    this.#queue.push({ type: 'spawned', daemon, run, pid })
  }

  #signal({ daemon, run, signal }: Extract<Effect, { type: 'signal' }>): void {
    const live = this.#runs.get(daemon)
    if (live?.run !== run || live.gone) return
    if (signal !== 'KILL' && this.#deaf.includes(daemon)) return
    const exit = { code: 0, signal: signalNumbers[signal] }
    this.#runs.set(daemon, { ...live, exit, gone: true })
    this.#queue.push({ type: 'exited', daemon, run, ...exit, gone: true, outputOpen: false })
  }
}
