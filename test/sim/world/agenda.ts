/** The virtual clock and its scheduled actions. Actions at the same time happen in the order in
 *  which they were scheduled. */
interface Entry {
  readonly atMs: number
  readonly act: () => void
}

export class Agenda {
  nowMs: number = 1000
  /** Latest first. */
  readonly #entries: Entry[] = []

  after(afterMs: number, act: () => void): void {
    const atMs = this.nowMs + afterMs
    let place = this.#entries.length
    while (place > 0 && (this.#entries[place - 1] as Entry).atMs <= atMs) place--
    this.#entries.splice(place, 0, { atMs, act })
  }

  get nextMs(): number {
    return this.#entries.at(-1)?.atMs ?? Number.POSITIVE_INFINITY
  }

  /** Advances the clock, and performs all actions up to then. */
  passTo(atMs: number): void {
    for (let nextMs = this.nextMs; nextMs <= atMs; nextMs = this.nextMs) {
      this.nowMs = Math.max(this.nowMs, nextMs)
      this.#entries.pop()?.act()
    }
    this.nowMs = Math.max(this.nowMs, atMs)
  }
}
