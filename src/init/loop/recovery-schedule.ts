/** Decides when the state is reconciled with the live runs: after a failure inside pitcrew, and
 *  after the loss of an effect, which the reconciliation emits again. The interval is bounded
 *  below, since every attempt may fail. */

/** The least time between two attempts, in milliseconds. */
const intervalMs = 100

export class RecoverySchedule {
  /** The time of the next reconciliation; Infinity = none is needed. */
  nextMs: number = Number.POSITIVE_INFINITY
  #isOrderLost = false
  #notBeforeMs = 0

  /** To be called when an effect is lost that must be emitted again. */
  orderLost(): void {
    this.#isOrderLost = true
    this.nextMs = this.#notBeforeMs
  }

  /** The recovery is repeated, unless `recoverySucceeded` is called: it may fail itself. */
  recoveryBegins(nowMs: number): void {
    this.#notBeforeMs = nowMs + intervalMs
    this.nextMs = this.#notBeforeMs
  }

  recoverySucceeded(): void {
    if (!this.#isOrderLost) this.nextMs = Number.POSITIVE_INFINITY
  }

  /** @returns True if a reconciliation is due; the caller must do it. */
  takeDue(nowMs: number): boolean {
    if (nowMs < this.nextMs) return false
    this.#notBeforeMs = nowMs + intervalMs
    this.#isOrderLost = false
    this.nextMs = Number.POSITIVE_INFINITY
    return true
  }
}
