/** What comes in the course of a request, to be iterated. It is read only as fast as somebody asks
 *  for it: `isHungry` tells the connection so. What comes all the same, since the connection has
 *  other things to read, is kept up to a limit. */
import { PitcrewError } from '../errors.ts'

const keptMax = 100_000

type Step<Item, Answer> = IteratorResult<Item, Answer | undefined>

interface Waiting<Item, Answer> {
  give(step: Step<Item, Answer>): void
  fail(error: unknown): void
}

export class Stream<Item, Answer = void>
  implements AsyncIterableIterator<Item, Answer | undefined, void>
{
  readonly #asked: () => void
  readonly #left: () => void
  #kept: Item[] = []
  /** How many of those were taken. */
  #taken = 0
  #waiting: Waiting<Item, Answer>[] = []
  /** What `next` gives when nothing is kept any more. */
  #end: (() => Promise<Step<Item, Answer>>) | null = null

  /** @param asked Somebody waits for an item. @param left Nobody wants any more, before the end. */
  constructor(asked: () => void, left: () => void) {
    this.#asked = asked
    this.#left = left
  }

  get isHungry(): boolean {
    return this.#waiting.length > 0
  }

  push(item: Item): void {
    if (this.#end !== null) return
    const first = this.#waiting.shift()
    if (first !== undefined) first.give({ done: false, value: item })
    else if (this.#kept.length - this.#taken < keptMax) this.#kept.push(item)
    else this.#cutOff()
  }

  end(answer: Answer): void {
    this.#finish(() => Promise.resolve({ done: true, value: answer }))
  }

  fail(error: unknown): void {
    this.#finish(() => Promise.reject(error))
  }

  /** The next item; at the end `done`, with the answer as its value. */
  next(): Promise<Step<Item, Answer>> {
    if (this.#taken < this.#kept.length) {
      return Promise.resolve({ done: false, value: this.#take() })
    }
    if (this.#end !== null) return this.#end()
    return new Promise((give, fail) => {
      this.#waiting.push({ give, fail })
      this.#asked()
    })
  }

  /** Everything that is there, and at least one item; null at the end. For who has no time to go
   *  through a promise for each. */
  async all(): Promise<readonly Item[] | null> {
    const first = await this.next()
    if (first.done === true) return null
    const rest = this.#kept.slice(this.#taken)
    this.#forget()
    return [first.value, ...rest]
  }

  /** Nobody wants any more; also while somebody waits. */
  return(): Promise<Step<Item, Answer>> {
    if (this.#end === null) {
      this.#finish(() => Promise.resolve({ done: true, value: undefined }))
      this.#left()
    }
    this.#forget()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** The oldest one. To shift a long list costs as much as it is long. */
  #take(): Item {
    const item = this.#kept[this.#taken++] as Item
    if (this.#taken * 2 > this.#kept.length) {
      this.#kept.splice(0, this.#taken)
      this.#taken = 0
    }
    return item
  }

  #forget(): void {
    this.#kept = []
    this.#taken = 0
  }

  #cutOff(): void {
    const message = `cannot keep more than ${keptMax} items that nobody reads`
    this.fail(new PitcrewError('LAGGED', message, 'read faster, or on a connection of its own'))
    this.#left()
  }

  #finish(end: () => Promise<Step<Item, Answer>>): void {
    if (this.#end !== null) return
    this.#end = end
    for (const { give, fail } of this.#waiting.splice(0)) end().then(give, fail)
  }
}
