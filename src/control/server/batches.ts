/** Sends answers that grow with the number of daemons as items, in batches. The loop may end its
 *  turn between two batches, so that signals, children and other clients have theirs. The client
 *  sets the pace: while much is queued for it, nothing is added. What is much depends on the number
 *  of answers, because the host cuts off clients when too much is queued for all of them. A call
 *  fails when its client reads nothing for ten seconds. */

import { failure } from '../protocol/failure.ts'
import type { Call } from './connection.ts'
import type { Supervisor } from './control-plane.ts'

const timer = { kind: 'control', key: 'items' } as const
export const batchKey: string = timer.key
/** The size of a batch: items of all answers together. */
export const itemsMax = 64
/** While more bytes than this are queued for a client, no item is added; its socket holds more. */
const queuedMax = 64 * 1024
/** The bytes for all answers together, shared evenly. A batch may add as much again. */
const queuedTotal = 2 * 1024 * 1024
/** How often, and for how long, such a client is checked again, in milliseconds. */
const againMs = 10
const timeoutMs = 10_000

/** Items as JSON; null: the next item is not available before the next batch. */
export type Items = Iterator<string | null>

/** An answer under way. */
interface Answer {
  readonly call: Call
  readonly items: Items
  /** Called after the last item. */
  readonly end: () => void
  /** When items were queued for the client, the last time. */
  sinceMs: number
}

export class Batches {
  readonly #supervisor: Supervisor
  readonly #fail: (call: Call, error: unknown) => void
  /** Answers under way, the next one first. */
  #answers: Answer[] = []

  /** @param fail Takes an error that was thrown while items were made. */
  constructor(supervisor: Supervisor, fail: (call: Call, error: unknown) => void) {
    this.#supervisor = supervisor
    this.#fail = fail
  }

  /** Sends the first batch at once: most answers have no other. */
  send(call: Call, items: Items, end: () => void): void {
    this.#answers.push({ call, items, end, sinceMs: call.sinceMs })
    if (this.#answers.length === 1) this.turn()
  }

  turn(): void {
    const { host } = this.#supervisor
    const nowMs = host.now()
    const share = Math.min(queuedMax, queuedTotal / this.#answers.length)
    let left = itemsMax
    let isAnyReady = false
    for (let count = this.#answers.length; count > 0 && left > 0; count--) {
      const answer = this.#answers.shift() as Answer
      if (!answer.call.isOpen) continue
      if (host.queued(answer.call.connection.id) > share) {
        if (nowMs - answer.sinceMs > timeoutMs) answer.call.failed(unread)
        else this.#answers.push(answer)
        continue
      }
      answer.sinceMs = nowMs
      isAnyReady = true
      try {
        left -= this.#sendSome(answer, left, share)
      } catch (error) {
        this.#fail(answer.call, error)
      }
    }
    if (this.#answers.length === 0) return
    // Timers have whole milliseconds: this one is due now.
    this.#supervisor.timers.arm(timer, isAnyReady ? nowMs - 1 : nowMs + againMs)
  }

  /** @returns How many items of the batch it has used up. */
  #sendSome(answer: Answer, atMost: number, charsMax: number): number {
    const { call, items, end } = answer
    const texts: string[] = []
    let chars = 0
    let step = items.next()
    for (; step.done !== true && step.value !== null; step = items.next()) {
      texts.push(step.value)
      chars += step.value.length
      if (texts.length === atMost || chars > charsMax) break
    }
    call.sendItems(texts)
    if (step.done === true) end()
    else this.#answers.push(answer)
    return step.done === true || chars > charsMax ? texts.length + 1 : atMost
  }
}

const unread = failure(
  'LAGGED',
  `cannot continue: the client has read nothing for ${timeoutMs / 1000} s`,
  'read faster',
)
