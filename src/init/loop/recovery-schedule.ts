/** When it is to be looked again at what runs: after a failure inside pitcrew, and when an order
 *  was lost, which is given again then; but not too often, since that may fail each time. */
import type { Effect } from '../../core/effect.ts'

/** Between two looks, in milliseconds. */
const intervalMs = 100
/** What must not be lost. A spawn that fails is told as such; a line that is lost is only a line.
 */
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
  /** Stays true when the recovery fails, too. */
  #isRecovering = false
  #notBeforeMs = 0

  /** An effect could not be performed. */
  effectLost(effect: Effect): void {
    if (mustNotBeLost.includes(effect.type)) this.#isOrderLost = true
  }

  /** A recovery begins. @returns When it is tried again, unless `recovered` is called. */
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

  /** When it is time for a look; Infinity: none is needed. */
  get nextMs(): number {
    return this.isNeeded ? this.#notBeforeMs : Number.POSITIVE_INFINITY
  }

  /** True: it is time, and this is the look. */
  takeDue(nowMs: number): boolean {
    if (nowMs < this.nextMs) return false
    this.#notBeforeMs = nowMs + intervalMs
    this.#isOrderLost = false
    this.#isRecovering = false
    return true
  }
}
