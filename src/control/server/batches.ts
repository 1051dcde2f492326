/** Answers that grow with the number of daemons: items in batches. The loop can end its turn
 *  between two of them, so that signals, children and other clients have theirs. The client sets
 *  the pace: while much is queued for it, nothing is added; a client that does not read at all is
 *  given up. */

import { failure } from '../protocol/failure.ts'
import type { Call } from './connection.ts'
import type { Supervisor } from './control-plane.ts'

const timer = { kind: 'control', key: 'items' } as const
export const batchKey: string = timer.key
/** Items in a batch, of all answers together. */
export const itemsMax = 64
/** So much may be queued for a client before it is waited for, in bytes. */
const queuedMax = 256 * 1024
/** Between two looks whether it reads, and how long that is tried, in milliseconds. */
const againMs = 10
const patienceMs = 10_000

/** The JSON of an item; null: it goes on in the next batch. */
export type Items = Iterator<string | null>

interface Job {
  readonly call: Call
  readonly items: Items
  /** What follows the last item. */
  readonly end: () => void
  /** When something was queued for the client. */
  sinceMs: number
}

export class Batches {
  readonly #supervisor: Supervisor
  readonly #broken: (call: Call, error: unknown) => void
  /** The next one comes first. */
  #jobs: Job[] = []

  /** @param broken Is told of a bug in the work of a request. */
  constructor(supervisor: Supervisor, broken: (call: Call, error: unknown) => void) {
    this.#supervisor = supervisor
    this.#broken = broken
  }

  /** The first batch is sent at once: most answers have no other. */
  send(call: Call, items: Items, end: () => void): void {
    this.#jobs.push({ call, items, end, sinceMs: call.sinceMs })
    if (this.#jobs.length === 1) this.turn()
  }

  turn(): void {
    const { host } = this.#supervisor
    const nowMs = host.now()
    let left = itemsMax
    let isAnyReady = false
    for (let count = this.#jobs.length; count > 0 && left > 0; count--) {
      const job = this.#jobs.shift() as Job
      if (!job.call.isOpen) continue
      if (host.queued(job.call.connection.id) > queuedMax) {
        if (nowMs - job.sinceMs > patienceMs) job.call.failed(unread)
        else this.#jobs.push(job)
        continue
      }
      job.sinceMs = nowMs
      isAnyReady = true
      try {
        left -= this.#sendSome(job, left)
      } catch (error) {
        this.#broken(job.call, error)
      }
    }
    if (this.#jobs.length === 0) return
    // Timers know whole milliseconds: the next batch is due now.
    this.#supervisor.timers.arm(timer, isAnyReady ? nowMs - 1 : nowMs + againMs)
  }

  /** @returns How many were sent. */
  #sendSome(job: Job, atMost: number): number {
    const { call, items, end } = job
    const texts: string[] = []
    let step = items.next()
    for (; step.done !== true && step.value !== null; step = items.next()) {
      texts.push(step.value)
      if (texts.length === atMost) break
    }
    call.sendItems(texts)
    if (step.done === true) end()
    else this.#jobs.push(job)
    return step.done === true ? texts.length + 1 : atMost
  }
}

const unread = failure(
  'LAGGED',
  `cannot go on: the client has not read for ${patienceMs / 1000} s`,
  'read faster',
)
