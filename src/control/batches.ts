/** Answers that grow with the number of daemons: items, a batch a turn, so that signals, children
 *  and other clients have theirs in between. The client sets the pace: while much is queued for it,
 *  nothing is added; a client that does not read at all is given up. */
import type { Call } from './call.ts'
import { failure } from './failure.ts'
import type { Supervisor } from './port.ts'

export const batchKey = 'items'
/** Items in a turn, of all answers together. */
const itemsMax = 64
/** So much may be queued for a client before it is waited for, in bytes. */
const queuedMax = 256 * 1024
/** Between two looks whether it reads, and how long that is tried, in milliseconds. */
const againMs = 10
const patienceMs = 10_000

/** The JSON of an item; null: it goes on in the next turn. */
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
  /** Who is next comes first. */
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
      if (host.queued(job.call.client.id) > queuedMax) {
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
    // What is due now would be in this turn.
    this.#supervisor.arm(batchKey, nowMs + (isAnyReady ? 1 : againMs))
  }

  /** @returns How many were sent. */
  #sendSome(job: Job, atMost: number): number {
    for (let sent = 0; sent < atMost; sent++) {
      const { value, done } = job.items.next()
      if (done === true) {
        job.end()
        return sent + 1
      }
      if (value === null) break
      job.call.itemText(value)
    }
    this.#jobs.push(job)
    return atMost
  }
}

const unread = failure(
  'LAGGED',
  `cannot go on: the client has not read for ${patienceMs / 1000} s`,
  'read faster',
)
