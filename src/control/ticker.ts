/** Says once a second what is waited for: one timer for all who asked for it, and none when nobody
 *  did. */
import type { Call } from './call.ts'
import type { Supervisor } from './port.ts'

export const tickKey = 'progress'
const everyMs = 1000

export class Ticker {
  readonly #supervisor: Supervisor
  readonly #calls: Set<Call> = new Set()

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor
  }

  add(call: Call): void {
    this.#calls.add(call)
    if (this.#calls.size === 1) this.#arm()
  }

  remove(call: Call): void {
    if (!this.#calls.delete(call)) return
    if (this.#calls.size === 0) this.#supervisor.disarm(tickKey)
  }

  /** Who came in between hears of it a little later than after his first second. */
  tick(): void {
    const nowMs = this.#supervisor.host.now()
    for (const call of this.#calls) {
      if (call.waiting === null || nowMs - call.sinceMs < everyMs) continue
      call.progress(call.waiting.progress(call))
    }
    if (this.#calls.size > 0) this.#arm()
  }

  #arm(): void {
    this.#supervisor.arm(tickKey, this.#supervisor.host.now() + everyMs)
  }
}
