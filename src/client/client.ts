/** The only way in. Many requests at once over one connection: one loop reads it, as long as
 *  somebody waits for something, and hands each line to the request whose id it has.
 *
 *    call    asks, and gives the answer
 *    events  items as they come, and the answer at the end
 *    logs    lines; it takes the connection over
 *
 *  When the connection ends, whoever still waits gets NO_PITCREW. */
import type { Entry, EventsAnswer, Progress } from '../control/protocol/answers.ts'
import type { Greeting, RequestLine } from '../control/protocol/protocol.ts'
import type { EventsArgs, LogsArgs } from '../control/protocol/requests.ts'
import type { DaemonStatus, StatusAnswer } from '../control/protocol/status.ts'
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

/** Verbs whose answer comes as a whole. */
export type CallName = Exclude<VerbName, 'events' | 'logs'>
/** The items of `status` are in its answer. */
export type CallAnswer<V extends CallName> = V extends 'status' ? StatusAnswer : Verbs[V]['answer']

export interface CallOptions {
  /** Called about once a second while the request waits. */
  onProgress?(progress: Progress): void
}

/** A request that has no answer yet. */
interface Open {
  isWanted(): boolean
  item(item: unknown): void
  progress(progress: Progress): void
  done(answer: unknown): void
  fail(error: unknown): void
}

export class Client {
  /** Who answers, and what we may do there. */
  readonly greeting: Greeting
  readonly #transport: Transport
  readonly #lines: Lines
  readonly #open: Map<number, Open> = new Map()
  #lastId = 0
  #isReading = false
  /** Why nothing can be asked any more. */
  #end: Error | null = null
  /** What the connection carries now is no JSON any more, but this log. */
  #log: Stream<LogLine> | null = null

  /** Reads the greeting. Throws what the server says when it does not let us in. */
  static async open(transport: Transport): Promise<Client> {
    const lines = new Lines()
    try {
      for (;;) {
        const text = await transport.receive()
        if (text === null) throw connectionLost()
        // Nothing follows the greeting before something is asked.
        const [first] = lines.push(text)
        if (first !== undefined) return new Client(transport, lines, readGreeting(first))
      }
    } catch (error) {
      transport.close()
      throw error
    }
  }

  private constructor(transport: Transport, lines: Lines, greeting: Greeting) {
    this.#transport = transport
    this.#lines = lines
    this.greeting = greeting
  }

  call<V extends CallName>(
    verb: V,
    args: Verbs[V]['args'],
    { onProgress }: CallOptions = {},
  ): Promise<CallAnswer<V>> {
    return new Promise((give, fail) => {
      const daemons: DaemonStatus[] = []
      const item = (one: unknown): void => {
        daemons.push(one as DaemonStatus)
      }
      const done = (answer: unknown): void => {
        const whole = verb === 'status' ? { ...(answer as object), daemons } : answer
        give(whole as CallAnswer<V>)
      }
      const isWanted = (): boolean => true
      const progress = (news: Progress): void => onProgress?.(news)
      const asked = onProgress === undefined ? args : { ...args, progress: true }
      this.#ask(verb, asked, { isWanted, item, progress, done, fail })
    })
  }

  /** Entries of the journal. To leave the loop cancels the request. */
  events(args: EventsArgs): Stream<Entry, EventsAnswer> {
    let id = 0
    const left = (): void => this.#cancel(id)
    const stream = new Stream<Entry, EventsAnswer>(() => this.#read(), left)
    id = this.#ask('events', args, {
      isWanted: () => stream.isHungry,
      item: (item) => stream.push(item as Entry),
      progress: ignore,
      done: (answer) => stream.end(answer as EventsAnswer),
      fail: (error) => stream.fail(error),
    })
    return stream
  }

  /** Lines of daemons. The connection is good for nothing else from now on, and is closed at the
   *  end, or when the loop is left. */
  logs(args: LogsArgs): Stream<LogLine> {
    if (this.#open.size > 0) throw new Error('logs needs a connection without other requests')
    const stream = new Stream<LogLine>(
      () => this.#read(),
      () => this.close(),
    )
    this.#ask('logs', args, {
      isWanted: () => stream.isHungry,
      item: ignore,
      progress: ignore,
      done: () => {
        this.#log = stream
      },
      fail: (error) => stream.fail(error),
    })
    return stream
  }

  /** Whoever still waits gets NO_PITCREW. What was asked for goes on. */
  close(): void {
    this.#finish(new PitcrewError('NO_PITCREW', 'the connection to pitcrew was closed'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  #ask(verb: VerbName, args: unknown, open: Open): number {
    if (this.#log !== null) throw new Error(`cannot ask for ${verb}: the connection is a log's`)
    if (this.#end !== null) {
      open.fail(this.#end)
      return 0
    }
    this.#lastId++
    this.#open.set(this.#lastId, open)
    this.#send(this.#lastId, verb, args)
    this.#read()
    return this.#lastId
  }

  /** Nobody waits for what becomes of it. */
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

  /** The one who reads. Never fails. */
  async #read(): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    try {
      while (this.#end === null && this.#isWanted()) {
        const text = await this.#transport.receive()
        if (text === null) throw connectionLost()
        for (const line of this.#lines.push(text)) this.#take(line)
      }
    } catch (error) {
      this.#finish(error)
    }
    this.#isReading = false
  }

  #isWanted(): boolean {
    if (this.#log !== null) return this.#log.isHungry
    for (const open of this.#open.values()) if (open.isWanted()) return true
    return false
  }

  #take(line: string): void {
    if (this.#log !== null) return this.#takeLog(this.#log, line)
    const answer = readAnswer(line)
    if (answer.id === null) {
      // To all of us, before the server closes the connection.
      throw 'failed' in answer ? requestError(answer.failed) : connectionLost()
    }
    const open = this.#open.get(answer.id)
    // One that was cancelled.
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
