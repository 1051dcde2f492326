/** The items of a request, as an async iterator. The connection reads only while an item is awaited
 *  (`isAwaited`). Items that arrive with other answers of the connection are kept, up to a limit. */
import { PitcrewError } from '../errors.ts'

/** In items. */
const keptMax = 100_000

type Step<Item, Answer> = IteratorResult<Item, Answer | undefined>

interface Waiter<Item, Answer> {
  resolve(step: Step<Item, Answer>): void
  reject(error: unknown): void
}

/** `for await` gives each item. To leave the loop ends the request. */
export class Stream<Item, Answer = void>
  implements AsyncIterableIterator<Item, Answer | undefined, void>
{
  readonly #onAwait: () => void
  readonly #onReturn: () => void
  #kept: Item[] = []
  /** How many of the kept items were taken. */
  #taken = 0
  #waiting: Waiter<Item, Answer>[] = []
  /** The result of `next` when no item is kept; null = the stream has not ended. */
  #end: (() => Promise<Step<Item, Answer>>) | null = null

  /** @param onAwait  Called when an item is awaited.
   *  @param onReturn Called when the stream is left before its end. */
  constructor(onAwait: () => void, onReturn: () => void) {
    this.#onAwait = onAwait
    this.#onReturn = onReturn
  }

  get isAwaited(): boolean {
    return this.#waiting.length > 0
  }

  push(item: Item): void {
    if (this.#end !== null) return
    const first = this.#waiting.shift()
    if (first !== undefined) first.resolve({ done: false, value: item })
    else if (this.#kept.length - this.#taken < keptMax) this.#kept.push(item)
    else this.#cutOff()
  }

  end(answer: Answer): void {
    this.#finish(() => Promise.resolve({ done: true, value: answer }))
  }

  fail(error: unknown): void {
    this.#finish(() => Promise.reject(error))
  }

  /** The next item; at the end `done`, with the answer as its value.
   *  @throws {PitcrewError} The request has failed, or LAGGED. */
  next(): Promise<Step<Item, Answer>> {
    if (this.#taken < this.#kept.length) {
      return Promise.resolve({ done: false, value: this.#take() })
    }
    if (this.#end !== null) return this.#end()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#onAwait()
    })
  }

  /** All items that are there, at least one; null at the end. Faster than a promise for each. */
  async all(): Promise<readonly Item[] | null> {
    const first = await this.next()
    if (first.done === true) return null
    const rest = this.#kept.slice(this.#taken)
    this.#forget()
    return [first.value, ...rest]
  }

  /** Ends the stream, also while an item is awaited. */
  return(): Promise<Step<Item, Answer>> {
    if (this.#end === null) {
      this.#finish(() => Promise.resolve({ done: true, value: undefined }))
      this.#onReturn()
    }
    this.#forget()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Takes the oldest item. (`shift` takes time in proportion to the length of the list.) */
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
    const message = `cannot keep more than ${keptMax} unread items`
    this.fail(new PitcrewError('LAGGED', message, 'read faster, or use a separate connection'))
    this.#onReturn()
  }

  #finish(end: () => Promise<Step<Item, Answer>>): void {
    if (this.#end !== null) return
    this.#end = end
    for (const { resolve, reject } of this.#waiting.splice(0)) end().then(resolve, reject)
  }
}
