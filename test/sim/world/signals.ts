/** Pending signals to pitcrew, modelled on native/loop/signals.c: each is delivered once,
 *  however often it arrived, TERM and INT first. */
import { signalNumbers } from '../../../src/core/signals.ts'
import type { HostEvent } from '../../../src/host/host.ts'

type SignalEvent = Extract<HostEvent, { type: 'signal' }>

const { TERM, INT, HUP } = signalNumbers

export class PendingSignals {
  #pending: Set<number> = new Set()
  #isHangup = false
  wasShutdownRequested: boolean = false

  add(signal: number, isHangup: boolean): void {
    this.#pending.add(signal)
    if (isHangup) this.#isHangup = true
  }

  get isPending(): boolean {
    return this.#pending.size > 0
  }

  take(): SignalEvent[] {
    if (this.#pending.size === 0) return []
    const isHangup = this.#isHangup
    const numbers = [...this.#pending].sort((a, b) => rank(a) - rank(b))
    this.#pending.clear()
    this.#isHangup = false
    if (isHangup || this.#isFirst(numbers[0] as number)) this.wasShutdownRequested = true
    return numbers.map((signal) => ({ type: 'signal', signal, hangup: isHangup && signal === HUP }))
  }

  #isFirst(signal: number): boolean {
    return signal === TERM || signal === INT
  }
}

function rank(signal: number): number {
  return signal === TERM ? -2 : signal === INT ? -1 : signal
}
