/** The client of a running pitcrew, in the binary and in the npm package. A connection carries many
 *  requests at once: one loop reads it while any result is awaited, and hands each line to the
 *  request with its id. */
import type { Entry, EventsAnswer, Progress } from '../control/protocol/answers.ts'
import type { HistoryAnswer, RevisionItem } from '../control/protocol/operations.ts'
import type { Greeting, RequestLine } from '../control/protocol/protocol.ts'
import type { EventsArgs, LogsArgs } from '../control/protocol/requests.ts'
import type { StatusAnswer } from '../control/protocol/status.ts'
import type { VerbName, Verbs } from '../control/protocol/verbs.ts'
import { PitcrewError } from '../errors.ts'
import {
  connectionLost,
  type LogLine,
  readAnswer,
  readGreeting,
  readLogLine,
  requestError,
} from './messages.ts'
import { Stream } from './stream.ts'
import { Lines, type Transport } from './transport.ts'

/** Verbs with one answer. */
export type CallName = Exclude<VerbName, 'events' | 'logs'>
/** The answer of a verb; that of `status` includes its items as `daemons`, and that of `history` as
 *  `revisions`. */
export type CallAnswer<V extends CallName> = V extends 'status'
  ? StatusAnswer
  : V extends 'history'
    ? History
    : Verbs[V]['answer']

/** The revisions of the configuration files of a daemon, newest last. */
export interface History extends HistoryAnswer {
  readonly revisions: readonly RevisionItem[]
}

export interface CallOptions {
  /** Called about once a second while the request waits. */
  onProgress?(progress: Progress): void
  /** Sends the bytes that follow the line of an `apply`. Called once, right after that line. */
  sendContent?(): void
}

/** A connection after its greeting. */
export interface Greeted {
  readonly transport: Transport
  readonly lines: Lines
  readonly greeting: Greeting
}

/** Waits for the greeting. @throws As `Client.open`. */
export async function greeted(transport: Transport): Promise<Greeted> {
  const lines = new Lines()
  try {
    for (;;) {
      const text = await transport.receive()
      if (text === null) throw connectionLost()
      // No line follows the greeting before the first request.
      const [first] = lines.push(text)
      if (first !== undefined) return { transport, lines, greeting: readGreeting(first) }
    }
  } catch (error) {
    transport.close()
    throw error
  }
}

/** A request that has no answer yet. */
interface OpenRequest {
  isAwaited(): boolean
  item(item: unknown): void
  progress(progress: Progress): void
  done(answer: unknown): void
  fail(error: unknown): void
}

/**
 * A connection to a running pitcrew.
 *
 * | method   | result                                                                |
 * | -------- | --------------------------------------------------------------------- |
 * | `call`   | a promise of one answer                                               |
 * | `events` | an async iterator over events of the journal                          |
 * | `logs`   | an async iterator over lines of daemons; it takes over the connection |
 *
 * Requests fail with a `PitcrewError`: its `code` is stable, its `hint` says what to do next. When
 * the connection ends, open requests fail with NO_PITCREW. docs/PROTOCOL.md describes each verb.
 */
export class Client {
  /** The first line of the server: its version, the name of the bundle, and the access of this
   *  client. */
  readonly greeting: Greeting
  readonly #transport: Transport
  readonly #lines: Lines
  readonly #open: Map<number, OpenRequest> = new Map()
  #lastId = 0
  #isReading = false
  /** The failure of every further request; null = the connection is open. */
  #end: Error | null = null
  /** The connection carries this log instead of answers. */
  #log: Stream<LogLine> | null = null

  /** Waits for the greeting.
   *  @throws {PitcrewError} NOT_PERMITTED: no access. NO_PITCREW: no pitcrew answers.
   *    FAILED: it uses another version of the protocol. */
  static async open(transport: Transport): Promise<Client> {
    return new Client(await greeted(transport))
  }

  protected constructor({ transport, lines, greeting }: Greeted) {
    this.#transport = transport
    this.#lines = lines
    this.greeting = greeting
  }

  /**
   * Sends a request and waits for its answer.
   *
   * @param verb `status`, `explain`, `start`, `stop`, `restart`, `shutdown`, `ticket`, `wait` …
   * @param args Its arguments; times are in milliseconds.
   * @returns The answer. `start`, `stop` and `restart` wait for their outcome, unless `wait` is false.
   * @throws {RequestError} FAILED, SUPERSEDED: with `ticket` and `lastLines`. TIMED_OUT: the time
   *   `timeoutMs` is over; the ticket stays open. NO_SUCH_DAEMON, NO_SUCH_TICKET, NOT_PERMITTED,
   *   REQUEST_INVALID.
   * @throws {PitcrewError} NO_PITCREW: the connection has ended.
   * @example
   * const { now, tookMs } = await client.call('restart', { daemon: 'web', timeoutMs: 30_000 })
   * console.log(`web is ready as pid ${now?.pid} after ${tookMs} ms`)
   */
  call<V extends CallName>(
    verb: V,
    args: Verbs[V]['args'],
    { onProgress, sendContent }: CallOptions = {},
  ): Promise<CallAnswer<V>> {
    return new Promise((resolve, reject) => {
      const items: unknown[] = []
      const item = (one: unknown): void => {
        items.push(one)
      }
      const done = (answer: unknown): void => {
        const list =
          verb === 'status' ? { daemons: items } : verb === 'history' ? { revisions: items } : null
        resolve((list === null ? answer : { ...(answer as object), ...list }) as CallAnswer<V>)
      }
      const isAwaited = (): boolean => true
      const progress = (news: Progress): void => onProgress?.(news)
      const allArgs = onProgress === undefined ? args : { ...args, progress: true }
      const open = { isAwaited, item, progress, done, fail: reject }
      this.#request(verb, allArgs, open, sendContent)
    })
  }

  /**
   * Iterates over events of the journal. To leave the loop cancels the request.
   *
   * @param args `since`: a cursor; `tail`: the last N; `follow`: continue with new events; `daemons`.
   * @returns The events; the final value has the `cursor` to continue from.
   * @throws {PitcrewError} From the iterator: NO_SUCH_DAEMON, NO_PITCREW, LAGGED (too many unread).
   * @example
   * for await (const { at, words } of client.events({ tail: 10, follow: true })) {
   *   console.log(at, words)
   * }
   */
  events(args: EventsArgs): Stream<Entry, EventsAnswer> {
    let id = 0
    const onReturn = (): void => this.#cancel(id)
    const stream = new Stream<Entry, EventsAnswer>(() => this.#read(), onReturn)
    id = this.#request('events', args, {
      isAwaited: () => stream.isAwaited,
      item: (item) => stream.push(item as Entry),
      progress: ignore,
      done: (answer) => stream.end(answer as EventsAnswer),
      fail: (error) => stream.fail(error),
    })
    return stream
  }

  /**
   * Iterates over lines that daemons printed. It takes the connection over, which is closed at the
   * end, or when the loop is left: no other request may be open, and none can follow.
   *
   * @param args `daemons`; `tail`: N lines of each; `sinceMs`: since 1970; `follow`: go on with new
   *   lines.
   * @throws {PitcrewError} From the iterator: NO_SUCH_DAEMON, NO_PITCREW.
   * @example
   * const client = await connect()
   * for await (const { daemon, text } of client.logs({ daemons: ['web'], tail: 20 })) {
   *   console.log(daemon, text)
   * }
   */
  logs(args: LogsArgs): Stream<LogLine> {
    if (this.#open.size > 0) throw new Error('logs needs a connection without other requests')
    const stream = new Stream<LogLine>(
      () => this.#read(),
      () => this.close(),
    )
    this.#request('logs', args, {
      isAwaited: () => stream.isAwaited,
      item: ignore,
      progress: ignore,
      done: () => {
        this.#log = stream
      },
      fail: (error) => stream.fail(error),
    })
    return stream
  }

  /** Closes the connection. Open requests fail with NO_PITCREW; requested changes go on. */
  close(): void {
    this.#finish(new PitcrewError('NO_PITCREW', 'the connection to pitcrew was closed'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  #request(verb: VerbName, args: unknown, open: OpenRequest, sendContent?: () => void): number {
    if (this.#log !== null) throw new Error(`cannot request ${verb}: the connection carries a log`)
    if (this.#end !== null) {
      open.fail(this.#end)
      return 0
    }
    this.#lastId++
    this.#open.set(this.#lastId, open)
    this.#send(this.#lastId, verb, args)
    sendContent?.()
    this.#read()
    return this.#lastId
  }

  /** Its answer is not awaited. */
  #cancel(request: number): void {
    if (!this.#open.delete(request) || this.#end !== null) return
    this.#lastId++
    this.#send(this.#lastId, 'cancel', { request })
  }

  #send(id: number, verb: VerbName, args: unknown): void {
    const line: RequestLine = { id, verb, args }
    const sent = this.#transport.send(`${JSON.stringify(line)}\n`)
    sent?.catch((error: unknown) => this.#finish(error))
  }

  /** The loop that reads the connection. Never rejects. */
  async #read(): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    try {
      while (this.#end === null && this.#isAwaited()) {
        const text = await this.#transport.receive()
        if (text === null) throw connectionLost()
        for (const line of this.#lines.push(text)) this.#take(line)
      }
    } catch (error) {
      this.#finish(error)
    }
    this.#isReading = false
  }

  #isAwaited(): boolean {
    if (this.#log !== null) return this.#log.isAwaited
    for (const open of this.#open.values()) if (open.isAwaited()) return true
    return false
  }

  #take(line: string): void {
    if (this.#log !== null) return this.#takeLog(this.#log, line)
    const answer = readAnswer(line)
    if (answer.id === null) {
      // It concerns all requests: the server closes the connection.
      throw 'failed' in answer ? requestError(answer.failed) : connectionLost()
    }
    const open = this.#open.get(answer.id)
    // The request was cancelled.
    if (open === undefined) return
    if ('item' in answer) return open.item(answer.item)
    if ('progress' in answer) return open.progress(answer.progress as Progress)
    this.#open.delete(answer.id)
    if ('failed' in answer) open.fail(requestError(answer.failed))
    else open.done(answer.done)
  }

  #takeLog(log: Stream<LogLine>, line: string): void {
    const logLine = readLogLine(line)
    if (logLine !== null) return log.push(logLine)
    log.end()
    this.close()
  }

  #finish(error: unknown): void {
    if (this.#end !== null) return
    this.#end = error instanceof Error ? error : connectionLost()
    this.#transport.close()
    this.#log?.fail(this.#end)
    for (const open of this.#open.values()) open.fail(this.#end)
    this.#open.clear()
  }
}

function ignore(): void {}
