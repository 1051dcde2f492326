/** Decides when the state is reconciled with the live runs: after a failure inside pitcrew, and
 *  after the loss of an effect, which the reconciliation emits again. The interval is bounded
 *  below, since every attempt may fail. */
import type { Effect } from '../../core/effect.ts'

/** The least time between two attempts, in milliseconds. */
const intervalMs = 100
/** Effects that must be emitted again when they are lost. A failed spawn is an event of its own,
 *  and a lost line of the log is harmless. */
const mustNotBeLost: readonly Effect['type'][] = [
  'signal',
  'forward',
  'arm',
  'close-output',
  'watch',
  'unwatch',
  'end-command',
  'announce',
  'finish',
]

export class RecoverySchedule {
  #isOrderLost = false
  /** Stays true when the recovery itself fails. */
  #isRecovering = false
  #notBeforeMs = 0

  /** To be called when an effect could not be performed. */
  effectLost(effect: Effect): void {
    if (mustNotBeLost.includes(effect.type)) this.#isOrderLost = true
  }

  /** @returns The time of the next attempt, in milliseconds, unless `recoverySucceeded` is called.
   */
  recoveryBegins(nowMs: number): number {
    this.#isRecovering = true
    this.#notBeforeMs = nowMs + intervalMs
    return this.#notBeforeMs
  }

  recoverySucceeded(): void {
    this.#isRecovering = false
  }

  get isNeeded(): boolean {
    return this.#isOrderLost || this.#isRecovering
  }

  /** The time of the next reconciliation; Infinity = none is needed. */
  get nextMs(): number {
    return this.isNeeded ? this.#notBeforeMs : Number.POSITIVE_INFINITY
  }

  /** @returns True if a reconciliation is due; the caller must do it. */
  takeDue(nowMs: number): boolean {
    if (nowMs < this.nextMs) return false
    this.#notBeforeMs = nowMs + intervalMs
    this.#isOrderLost = false
    this.#isRecovering = false
    return true
  }
}
