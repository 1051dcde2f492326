/** A turn of the loop, and the effects of the last step, which may take several: they are performed
 *  in their order, and all of a step before the next one. What is too much for a turn waits for the
 *  next, so that the host has its own in between, signals first. */
import type { Effect } from '../../core/effect.ts'
import type { Event } from '../../core/event.ts'
import { type Signal, signalName } from '../../core/signals.ts'
import type { Host, HostEvent } from '../../host/host.ts'

/** How long a turn is, in milliseconds. */
const turnMs = 5
/** Steps and effects between two looks at the clock. Most turns have less, and do without. */
const unlookedMax = 16
/** What a batch of the control plane counts as. */
export const batchWork: number = unlookedMax

export class Turn {
  readonly #host: Pick<Host, 'now'>
  readonly #performOne: (effect: Effect) => void
  #effects: readonly Effect[] = []
  #performed = 0
  #calledAtMs = 0
  /** Since the last look at the clock. */
  #worked = 0
  /** When it is over; null = the clock was not read yet. */
  #untilMs: number | null = null

  constructor(host: Pick<Host, 'now'>, performOne: (effect: Effect) => void) {
    this.#host = host
    this.#performOne = performOne
  }

  /** The host begins a call. @returns Its time. */
  called(): number {
    this.#calledAtMs = this.#host.now()
    return this.#calledAtMs
  }

  /** What waited in the queue comes now: the time in which it waited, or nothing ran, is not taken
   *  from a grace that begins with it. */
  timed(event: Event): Event {
    const atMs = this.#calledAtMs
    return event.atMs < atMs ? { ...event, atMs } : event
  }

  begin(): void {
    this.#worked = 0
    this.#untilMs = null
  }

  /** Of a step; those of the one before are performed. */
  effects(effects: readonly Effect[]): void {
    this.#effects = effects
    this.#performed = 0
  }

  /** After a failure inside pitcrew. */
  forget(): void {
    this.effects([])
  }

  /** Some effects are left. */
  get isBusy(): boolean {
    return this.#performed < this.#effects.length
  }

  /** False: the turn is over. */
  perform(): boolean {
    const effects = this.#effects
    for (;;) {
      const from = this.#performed
      const end = Math.min(effects.length, from + unlookedMax)
      while (this.#performed < end) this.#performOne(effects[this.#performed++] as Effect)
      if (this.isOver(1 + end - from)) return false
      if (end === effects.length) return true
    }
  }

  /** @param worked Steps and effects since it was asked for the last time. */
  isOver(worked: number): boolean {
    this.#worked += worked
    if (this.#worked < unlookedMax) return false
    this.#worked = 0
    const nowMs = this.#host.now()
    this.#untilMs ??= nowMs + turnMs
    return nowMs >= this.#untilMs
  }
}

/** The run that follows on the one that has ended does not wait for what is said of that: words
 *  take their time, and are not heard before the end of the turn. */
export function nextRunFirst(event: Event, effects: readonly Effect[]): readonly Effect[] {
  if (event.type !== 'exited' && event.type !== 'gone') return effects
  const { daemon } = event
  const next = effects.find((effect) => effect.type === 'spawn' && effect.daemon === daemon)
  return next === undefined ? effects : [next, ...effects.filter((effect) => effect !== next)]
}

export type SignalEvent = Extract<HostEvent, { type: 'signal' }>

/** A number without a name of the table is in no map: it is ignored like any other that is not. */
export function signalOf(event: SignalEvent, atMs: number): Event {
  return { ...event, atMs, signal: signalName(event.signal) as Signal }
}
