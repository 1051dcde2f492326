/** Named timers over the host's single wake-up time. That has whole milliseconds, so the timers of
 *  one millisecond share a bucket, and only buckets are kept in order. When a thousand daemons are
 *  stopped, their thousand timers lie in a handful of buckets, and disarming one costs next to
 *  nothing. */
import { type Timer, timerKey } from '../../core/event.ts'

/** The timers of the core and those of the init itself. */
export type InitTimer =
  | Timer
  /** The next probe of a daemon is due; the probe in progress has timed out. */
  | { readonly kind: 'probe' | 'probe-timeout'; readonly daemon: string; readonly run: number }
  /** A command that serves a daemon has timed out. `command`: the name of its run. */
  | { readonly kind: 'command-timeout'; readonly command: string }
  /** Entries of the journal are to be written. */
  | { readonly kind: 'journal' }
  /** A report to the service manager above pitcrew is due. */
  | { readonly kind: 'service-manager'; readonly what: 'watchdog' | 'status' }
  /** A step of an operation is due: see init/operations. */
  | { readonly kind: 'operation'; readonly what: 'transaction' | 'begin' | 'files' }
  /** A timer of the control plane. */
  | { readonly kind: 'control'; readonly key: string }

function keyOf(timer: InitTimer): string {
  switch (timer.kind) {
    // Frequent kinds come first: the engine compares the cases one after the other.
    case 'escalate':
    case 'grace':
      return timerKey(timer)
    case 'probe':
    case 'probe-timeout':
      return `probe:${timer.daemon}`
    case 'command-timeout':
      return `command:${timer.command}`
    case 'journal':
      return 'journal'
    case 'service-manager':
      return `service-manager:${timer.what}`
    case 'operation':
      return `operation:${timer.what}`
    case 'control':
      return `control:${timer.key}`
    default:
      return timerKey(timer)
  }
}

interface Entry {
  /** null: it was disarmed. */
  timer: InitTimer | null
  readonly bucket: Bucket
}

/** The timers of one millisecond in the order in which they were armed, disarmed ones included. */
interface Bucket {
  readonly atMs: number
  entries: Entry[]
  armed: number
  /** Entries before this index are disarmed. */
  from: number
}

export class Timers {
  readonly #byKey: Map<string, Entry> = new Map()
  readonly #buckets: Map<number, Bucket> = new Map()
  /** A binary heap of the times that have, or had, a bucket. */
  readonly #times: number[] = []

  /** Replaces a timer of the same name. @param atMs In the time of `Host.now()`. */
  arm(timer: InitTimer, atMs: number): void {
    const key = keyOf(timer)
    const old = this.#byKey.get(key)
    if (old !== undefined) this.#remove(key, old)
    const moment = Math.ceil(atMs)
    const bucket = this.#buckets.get(moment) ?? this.#newBucket(moment)
    const entry = { timer, bucket }
    bucket.entries.push(entry)
    bucket.armed++
    this.#byKey.set(key, entry)
  }

  disarm(timer: InitTimer): void {
    const key = keyOf(timer)
    const entry = this.#byKey.get(key)
    if (entry !== undefined) this.#remove(key, entry)
  }

  /** When the next timer is due, in whole milliseconds; Infinity when there is none. */
  nextMs(): number {
    for (let atMs = this.#times[0]; atMs !== undefined; atMs = this.#times[0]) {
      if (this.#buckets.has(atMs)) return atMs
      takeFirst(this.#times)
    }
    return Number.POSITIVE_INFINITY
  }

  /** Removes and returns one timer that is due, the earliest first. */
  takeDue(nowMs: number): InitTimer | null {
    const atMs = this.nextMs()
    if (atMs > nowMs) return null
    const bucket = this.#buckets.get(atMs) as Bucket
    while (bucket.entries[bucket.from]?.timer === null) bucket.from++
    const entry = bucket.entries[bucket.from] as Entry
    const { timer } = entry
    if (timer !== null) this.#remove(keyOf(timer), entry)
    return timer
  }

  /** Moves all timers by this time, in milliseconds, in which pitcrew was paused. */
  postpone(byMs: number): void {
    for (const { timer, bucket } of [...this.#byKey.values()])
      if (timer !== null) this.arm(timer, bucket.atMs + byMs)
  }

  get size(): number {
    return this.#byKey.size
  }

  #remove(key: string, entry: Entry): void {
    const { bucket } = entry
    this.#byKey.delete(key)
    entry.timer = null
    bucket.armed--
    if (bucket.armed === 0) {
      this.#buckets.delete(bucket.atMs)
      // Break the reference cycle: without this only the cycle collector would free the entries.
      bucket.entries = []
    } else if (bucket.entries.length > 64 && bucket.entries.length > 2 * bucket.armed) {
      bucket.entries = bucket.entries.filter(({ timer }) => timer !== null)
      bucket.from = 0
    }
  }

  #newBucket(atMs: number): Bucket {
    const bucket: Bucket = { atMs, entries: [], armed: 0, from: 0 }
    this.#buckets.set(atMs, bucket)
    if (this.#times.length > 64 && this.#times.length > 2 * this.#buckets.size) this.#rebuild()
    else {
      this.#times.push(atMs)
      rise(this.#times)
    }
    return bucket
  }

  /** Drops the times without a bucket. A sorted array is a heap, too. */
  #rebuild(): void {
    const times = [...this.#buckets.keys()].sort((a, b) => a - b)
    this.#times.splice(0, this.#times.length, ...times)
  }
}

/** Moves the last element to its place in the heap. */
function rise(heap: number[]): void {
  let at = heap.length - 1
  const time = heap[at] as number
  while (at > 0) {
    const parent = (at - 1) >> 1
    const above = heap[parent] as number
    if (above <= time) break
    heap[at] = above
    at = parent
  }
  heap[at] = time
}

/** Removes the first element of a heap that is not empty. */
function takeFirst(heap: number[]): void {
  const time = heap.pop() as number
  if (heap.length === 0) return
  let at = 0
  for (let child = 1; child < heap.length; child = 2 * at + 1) {
    const right = child + 1
    const least = right < heap.length && (heap[right] as number) < (heap[child] as number)
    const next = least ? right : child
    if ((heap[next] as number) >= time) break
    heap[at] = heap[next] as number
    at = next
  }
  heap[at] = time
}
