/** Says once a second what is waited for: one timer for all who asked for it, and none when nobody
 *  did. There may be thousands, so only some are told at a time, and everybody else has his turn in
 *  between. */
import type { Call } from './call.ts'
import type { Supervisor } from './control-plane.ts'

export const tickKey = 'progress'
const everyMs = 1000
const atOnceMax = 32

export class Ticker {
  readonly #supervisor: Supervisor
  readonly #calls: Set<Call> = new Set()
  /** Who is still to be told in this round, which began at its time. */
  #left: Iterator<Call> | null = null
  #roundAtMs = 0

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor
  }

  add(call: Call): void {
    this.#calls.add(call)
    if (this.#calls.size === 1) this.#arm(this.#supervisor.host.now() + everyMs)
  }

  remove(call: Call): void {
    if (!this.#calls.delete(call) || this.#calls.size > 0) return
    this.#left = null
    this.#supervisor.disarm(tickKey)
  }

  tick(): void {
    const nowMs = this.#supervisor.host.now()
    if (this.#left === null) this.#roundAtMs = nowMs
    this.#left ??= [...this.#calls].values()
    const isOver = this.#tellSome(this.#left, nowMs)
    if (isOver) this.#left = null
    if (this.#calls.size > 0) this.#arm(isOver ? this.#roundAtMs + everyMs : nowMs + 1)
  }

  /** Who came in between hears of it a little later than after his first second.
   *  @returns All of the round were told. */
  #tellSome(left: Iterator<Call>, nowMs: number): boolean {
    for (let told = 0; told < atOnceMax; ) {
      const { value: call, done } = left.next()
      if (done === true) return true
      if (!call.isOpen || call.waiting === null || nowMs - call.sinceMs < everyMs) continue
      call.progress(call.waiting.progress(call))
      told++
    }
    return false
  }

  #arm(atMs: number): void {
    this.#supervisor.arm(tickKey, atMs)
  }
}
