/** Sends progress for waiting calls once a second: one timer for all, and none when no call wants
 *  it. Thousands may wait, so a turn of the loop sends a limited number. */
import type { Supervisor } from './control-plane.ts'

const timer = { kind: 'control', key: 'progress' } as const
export const tickKey: string = timer.key
const everyMs = 1000
const atOnceMax = 32

/** A call, as far as this file needs it. */
interface Waiting {
  readonly sinceMs: number
  readonly isOpen: boolean
  sendProgress(): void
}

export class Ticker {
  readonly #supervisor: Supervisor
  readonly #calls: Set<Waiting> = new Set()
  /** Calls that are left in this round, which began at `#roundAtMs`; null = no round is under way. */
  #left: Iterator<Waiting> | null = null
  #roundAtMs = 0

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor
  }

  add(call: Waiting): void {
    this.#calls.add(call)
    if (this.#calls.size === 1) this.#arm(this.#supervisor.host.now() + everyMs)
  }

  remove(call: Waiting): void {
    if (!this.#calls.delete(call) || this.#calls.size > 0) return
    this.#left = null
    this.#supervisor.timers.disarm(timer)
  }

  tick(): void {
    const nowMs = this.#supervisor.host.now()
    if (this.#left === null) this.#roundAtMs = nowMs
    this.#left ??= [...this.#calls].values()
    const isOver = this.#sendSome(this.#left, nowMs)
    if (isOver) this.#left = null
    if (this.#calls.size > 0) this.#arm(isOver ? this.#roundAtMs + everyMs : nowMs + 1)
  }

  /** A call that joined during the round has its first progress a little later than after a second.
   *  @returns The round is over. */
  #sendSome(left: Iterator<Waiting>, nowMs: number): boolean {
    for (let sent = 0; sent < atOnceMax; ) {
      const { value: call, done } = left.next()
      if (done === true) return true
      if (!call.isOpen || nowMs - call.sinceMs < everyMs) continue
      call.sendProgress()
      sent++
    }
    return false
  }

  #arm(atMs: number): void {
    this.#supervisor.timers.arm(timer, atMs)
  }
}
