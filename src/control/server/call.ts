/** A request that is not answered yet. Whoever answers first, answers; it ends once. */
import type { Progress } from '../protocol/answers.ts'
import { failure } from '../protocol/failure.ts'
import type { AnswerLine, Failure } from '../protocol/protocol.ts'
import type { Client } from './connection.ts'

/** Who keeps a request for later. */
export interface Waiting {
  /** The client wants no more of it: it is answered with what there is. */
  cancel(call: Call): void
  /** Its time is up. */
  timeOut(call: Call): void
  /** It is over, in whatever way, and is to be forgotten. */
  release(call: Call): void
  progress(call: Call): Progress
}

export interface WaitOptions {
  readonly timeoutMs?: number
  readonly progress?: boolean
}

export class Call {
  readonly client: Client
  readonly id: number
  readonly sinceMs: number
  /** Nobody has answered it. */
  isOpen = true
  waiting: Waiting | null = null
  wantsProgress = false
  #hasTimeout = false

  constructor(client: Client, id: number) {
    this.client = client
    this.id = id
    this.sinceMs = client.supervisor.host.now()
  }

  /** It is answered later. */
  wait(waiting: Waiting, { timeoutMs, progress }: WaitOptions): void {
    this.waiting = waiting
    if (timeoutMs !== undefined) {
      this.#hasTimeout = true
      this.client.supervisor.arm(this.#key, this.sinceMs + timeoutMs)
    }
    if (progress === true) this.client.ticker.add(this)
  }

  item(item: unknown): void {
    if (this.isOpen) this.#send({ id: this.id, item })
  }

  /** The same, of JSON that is there already. */
  itemText(json: string): void {
    if (this.isOpen) this.client.send(`{"id":${this.id},"item":${json}}`)
  }

  /** Several of them. */
  itemTexts(jsons: readonly string[]): void {
    if (this.isOpen && jsons.length > 0) this.client.send(this.#itemLines(jsons))
  }

  #itemLines(jsons: readonly string[]): string {
    const begin = `{"id":${this.id},"item":`
    return `${begin}${jsons.join(`}\n${begin}`)}}`
  }

  progress(progress: Progress): void {
    if (this.isOpen) this.#send({ id: this.id, progress })
  }

  /** @param items JSON of the last ones. */
  done(done: unknown, items: readonly string[] = []): void {
    if (!this.end()) return
    const line = JSON.stringify({ id: this.id, done } satisfies AnswerLine)
    this.client.send(items.length === 0 ? line : `${this.#itemLines(items)}\n${line}`)
  }

  failed(failed: Failure): void {
    if (this.end()) this.#send({ id: this.id, failed })
  }

  /** Ends it without a word: its client is gone, or is told otherwise. False: it had ended. */
  end(): boolean {
    if (!this.isOpen) return false
    this.isOpen = false
    if (this.#hasTimeout) this.client.supervisor.disarm(this.#key)
    this.client.ticker.remove(this)
    this.client.calls.delete(this.id)
    this.waiting?.release(this)
    return true
  }

  /** Somebody wants no more of it. */
  cancel(): void {
    if (this.waiting === null) return this.failed(failure('SUPERSEDED', 'it was cancelled'))
    this.waiting.cancel(this)
  }

  get #key(): string {
    return `${this.client.id}:${this.id}`
  }

  #send(line: AnswerLine): void {
    this.client.send(JSON.stringify(line))
  }
}
