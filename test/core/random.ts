/** Random numbers from a seed, so that a failing test fails again. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** From [0, 1): mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from [0, below). */
  below(below: number): number {
    return Math.floor(this.next() * below)
  }
}
