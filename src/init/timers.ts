/** Timers by name, over the host's single alarm. A heap of entries; what is disarmed stays in it
 *  as a dead entry until its time, or until there are more dead than living ones. */
import { type Timer, timerKey } from '../core/event.ts'

interface Entry {
  readonly timer: Timer
  readonly atMs: number
  /** Counts up, so that timers for the same moment come in the order in which they were armed. */
  readonly order: number
  armed: boolean
}

export class Timers {
  readonly #byKey: Map<string, Entry> = new Map()
  #heap: Entry[] = []
  #armedCount = 0

  /** Replaces a timer of the same name. */
  arm(timer: Timer, atMs: number): void {
    this.disarm(timer)
    const entry = { timer, atMs, order: this.#armedCount++, armed: true }
    this.#byKey.set(timerKey(timer), entry)
    this.#heap.push(entry)
    this.#rise(this.#heap.length - 1)
  }

  disarm(timer: Timer): void {
    const key = timerKey(timer)
    const entry = this.#byKey.get(key)
    if (entry === undefined) return
    entry.armed = false
    this.#byKey.delete(key)
    if (this.#heap.length > 64 && this.#heap.length > 2 * this.#byKey.size) this.#rebuild()
  }

  /** When the next timer is due; Infinity when there is none. */
  nextMs(): number {
    while (this.#heap[0]?.armed === false) this.#take()
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY
  }

  /** Takes one timer that is due, earliest first. */
  due(nowMs: number): Timer | null {
    if (this.nextMs() > nowMs) return null
    const { timer } = this.#take()
    this.#byKey.delete(timerKey(timer))
    return timer
  }

  get size(): number {
    return this.#byKey.size
  }

  #rebuild(): void {
    this.#heap = [...this.#byKey.values()].sort((a, b) => (isBefore(a, b) ? -1 : 1))
  }

  /** Removes the first entry; there is one. */
  #take(): Entry {
    const first = this.#heap[0] as Entry
    const last = this.#heap.pop() as Entry
    if (this.#heap.length > 0) {
      this.#heap[0] = last
      this.#sink()
    }
    return first
  }

  #rise(from: number): void {
    const heap = this.#heap
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(heap[at] as Entry, heap[parent] as Entry)) return
      swap(heap, at, parent)
      at = parent
    }
  }

  #sink(): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      const right = left + 1
      let first = at
      if (left < heap.length && isBefore(heap[left] as Entry, heap[first] as Entry)) first = left
      if (right < heap.length && isBefore(heap[right] as Entry, heap[first] as Entry)) first = right
      if (first === at) return
      swap(heap, at, first)
      at = first
    }
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

function swap(heap: Entry[], a: number, b: number): void {
  const kept = heap[a] as Entry
  heap[a] = heap[b] as Entry
  heap[b] = kept
}
