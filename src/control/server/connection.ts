/** A client's connection, and its calls: requests that have no answer yet. */

import type { Peer } from '../../host/control.ts'
import type { Progress } from '../protocol/answers.ts'
import { type Failure, failure } from '../protocol/failure.ts'
import type { Access, AnswerLine } from '../protocol/protocol.ts'
import type { VerbName, Verbs } from '../protocol/verbs.ts'
import type { Supervisor } from './control-plane.ts'
import type { Ticker } from './ticker.ts'

/** The work of each verb. */
export type Handlers = {
  readonly [V in VerbName]: (call: Call, args: Verbs[V]['args']) => void
}

/** The client, as the kernel identifies it. */
export interface Caller {
  readonly uid: number
  /** null: it is outside of our PID namespace. */
  readonly pid: number | null
  /** The daemon that it is a process of; null = none that is known for certain. */
  readonly daemon: string | null
  readonly run: number
  readonly access: Access
  /** It descends from pitcrew. */
  readonly isDescendant: boolean
}

export function callerOf({ uid, pid, relation, daemon, run }: Peer, access: Access): Caller {
  return { uid, pid: pid || null, daemon, run, access, isDescendant: relation !== 'none' }
}

export class Connection {
  readonly supervisor: Supervisor
  readonly ticker: Ticker
  readonly id: number
  readonly caller: Caller
  readonly calls: Map<number, Call> = new Map()

  constructor(supervisor: Supervisor, ticker: Ticker, id: number, caller: Caller) {
    this.supervisor = supervisor
    this.ticker = ticker
    this.id = id
    this.caller = caller
  }

  /** A client that is gone is reported by the host. */
  send(line: string): void {
    this.supervisor.host.send(this.id, line)
  }

  /** @param id The request that failed; null = the line had no id, or all requests have failed. */
  fail(id: number | null, failed: Failure): void {
    this.send(JSON.stringify({ id, failed } satisfies AnswerLine))
  }

  /** Ends all calls without an answer. What they have changed stays. */
  endCalls(): void {
    for (const call of [...this.calls.values()]) call.end()
  }
}

/** Answers calls that are deferred. */
export interface Responder {
  /** The client cancels the call: it is answered with the state so far. */
  cancel(call: Call): void
  /** The call has ended, in whatever way, and is to be forgotten. */
  release(call: Call): void
  /** The call's `timeoutMs` is over. */
  timeOut?(call: Call): void
  progress?(call: Call): Progress
}

export interface DeferOptions {
  readonly timeoutMs?: number
  readonly progress?: boolean
}

/** A request. It ends once: with an answer, a failure, or its connection. */
export class Call {
  readonly connection: Connection
  readonly id: number
  readonly sinceMs: number
  isOpen = true
  responder: Responder | null = null
  #hasTimeout = false

  constructor(connection: Connection, id: number) {
    this.connection = connection
    this.id = id
    this.sinceMs = connection.supervisor.host.now()
  }

  /** The responder answers it later. */
  defer(responder: Responder, { timeoutMs, progress }: DeferOptions): void {
    this.responder = responder
    if (timeoutMs !== undefined) {
      this.#hasTimeout = true
      this.connection.supervisor.timers.arm(this.#timer, this.sinceMs + timeoutMs)
    }
    if (progress === true) this.connection.ticker.add(this)
  }

  /** @param json An item as JSON. */
  sendItem(json: string): void {
    if (this.isOpen) this.connection.send(`{"id":${this.id},"item":${json}}`)
  }

  /** @param jsons Items as JSON. */
  sendItems(jsons: readonly string[]): void {
    if (this.isOpen && jsons.length > 0) this.connection.send(this.#itemLines(jsons))
  }

  #itemLines(jsons: readonly string[]): string {
    const begin = `{"id":${this.id},"item":`
    return `${begin}${jsons.join(`}\n${begin}`)}}`
  }

  sendProgress(): void {
    const progress = this.isOpen ? this.responder?.progress?.(this) : undefined
    if (progress !== undefined) this.#send({ id: this.id, progress })
  }

  /** @param items The last items, as JSON: sent in front of the answer. */
  done(done: unknown, items: readonly string[] = []): void {
    if (!this.end()) return
    const line = JSON.stringify({ id: this.id, done } satisfies AnswerLine)
    this.connection.send(items.length === 0 ? line : `${this.#itemLines(items)}\n${line}`)
  }

  failed(failed: Failure): void {
    if (this.end()) this.#send({ id: this.id, failed })
  }

  /** Ends it without an answer: its connection has ended, or the caller sends the answer.
   *  @returns False: it had ended before. */
  end(): boolean {
    if (!this.isOpen) return false
    this.isOpen = false
    const { supervisor, ticker, calls } = this.connection
    if (this.#hasTimeout) supervisor.timers.disarm(this.#timer)
    ticker.remove(this)
    calls.delete(this.id)
    this.responder?.release(this)
    return true
  }

  /** Another request of the client cancels it. */
  cancel(): void {
    if (this.responder === null)
      return this.failed(failure('SUPERSEDED', 'the request was cancelled'))
    this.responder.cancel(this)
  }

  get #timer(): { readonly kind: 'control'; readonly key: string } {
    return { kind: 'control', key: `${this.connection.id}:${this.id}` }
  }

  #send(line: AnswerLine): void {
    this.connection.send(JSON.stringify(line))
  }
}
