/** Random choices from a seed, with 32-bit integers only, so that they are the same in Node and
 *  in the binary's engine. */
import { Random } from '../../core/random.ts'

export class Chance extends Random {
  percent(percent: number): boolean {
    return this.below(100) < percent
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }

  /** Picks an item by weight. */
  weighted<T>(...choices: readonly (readonly [weight: number, item: T])[]): T {
    let left = this.below(choices.reduce((sum, [weight]) => sum + weight, 0))
    for (const [weight, item] of choices) {
      if (left < weight) return item
      left -= weight
    }
    throw new Error('no choices')
  }
}
