/** A client of the control socket that sends lines as the test gives them, and checks each
 *  answer against the tables of the protocol. */
import { connect as connectSocket, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Entry, progress } from '../../../src/control/protocol/answers.ts'
import type { Failure } from '../../../src/control/protocol/failure.ts'
import type { Greeting } from '../../../src/control/protocol/protocol.ts'
import { answers, items, type VerbName } from '../../../src/control/protocol/verbs.ts'
import type { Pitcrew } from './pitcrew.ts'

/** How long a test waits for a line, in ms. */
const timeoutMs = 30_000

export interface Answer {
  readonly id: number | null
  readonly item?: Entry
  readonly progress?: Readonly<Record<string, unknown>>
  readonly done?: Readonly<Record<string, unknown>>
  readonly failed?: Failure
}

export class ControlClient {
  /** All lines after the greeting. */
  readonly lines: Answer[] = []
  /** Lines that are not JSON: those of a log stream. */
  readonly texts: string[] = []
  greeting: Greeting | null = null
  isClosed = false
  readonly closed: Promise<void>
  readonly #socket: Socket
  readonly #verbs: Map<number, VerbName> = new Map()
  readonly #waiting: Set<() => void> = new Set()
  /** Ids of requests; a test that writes requests itself uses lower ones. */
  #ids = 100
  #rest = ''

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => this.#take(text))
    // The lines received before show how the connection ended.
    socket.on('error', () => {})
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.isClosed = true
        resolve()
        this.#wake()
      })
    })
  }

  write(text: string): void {
    this.#socket.write(text)
  }

  /** Stops reading. */
  stall(): void {
    this.#socket.pause()
  }

  hangUp(): void {
    this.#socket.destroy()
  }

  /** @returns The id of the request. */
  send(verb: VerbName, args: object = {}): number {
    const id = ++this.#ids
    this.#verbs.set(id, verb)
    this.write(`${JSON.stringify({ id, verb, args })}\n`)
    return id
  }

  async done(verb: VerbName, args: object = {}): Promise<Readonly<Record<string, unknown>>> {
    const id = this.send(verb, args)
    const answer = await this.answer(id)
    expect(answer.failed).toBeUndefined()
    const done = answer.done as Readonly<Record<string, unknown>>
    return verb === 'status' ? { ...done, daemons: this.items(id) } : done
  }

  async failed(verb: VerbName, args: object = {}): Promise<Failure> {
    const answer = await this.answer(this.send(verb, args))
    expect(answer.done).toBeUndefined()
    return answer.failed as Failure
  }

  /** The answer to a request; with null, to a line that was not a request. */
  answer(id: number | null): Promise<Answer> {
    return this.until(`an answer to ${id}`, () =>
      this.lines.find((line) => line.id === id && (line.done ?? line.failed) !== undefined),
    )
  }

  items(id: number): Entry[] {
    return this.lines.flatMap((line) => (line.id === id && line.item ? [line.item] : []))
  }

  until<T>(what: string, find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(again)
      }
      const again = (): void => {
        const found = find()
        if (found !== undefined) resolve(found)
        else if (this.isClosed) reject(new Error(`closed without ${what}; ${this.#transcript()}`))
        else return
        end()
      }
      const timer = setTimeout(() => {
        end()
        reject(new Error(`no ${what} after ${timeoutMs} ms; ${this.#transcript()}`))
      }, timeoutMs)
      this.#waiting.add(again)
      again()
    })
  }

  [Symbol.dispose](): void {
    this.hangUp()
  }

  #take(text: string): void {
    const pieces = (this.#rest + text).split('\n')
    this.#rest = pieces.pop() ?? ''
    for (const piece of pieces) this.#takeLine(piece)
    this.#wake()
  }

  #takeLine(text: string): void {
    if (!text.startsWith('{')) {
      this.texts.push(text)
      return
    }
    const line = JSON.parse(text) as Answer | Greeting
    if ('pitcrew' in line) {
      this.greeting = line
      return
    }
    this.lines.push(line)
    const verb = line.id === null ? undefined : this.#verbs.get(line.id)
    if (verb === undefined) return
    if (line.item !== undefined) expect(items[verb]?.check(line.item, '') ?? null, text).toBeNull()
    if (line.done !== undefined) expect(answers[verb].check(line.done, ''), text).toBeNull()
    if (line.progress !== undefined) expect(progress.check(line.progress, ''), text).toBeNull()
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  #transcript(): string {
    return `received:\n${[...this.lines.map((line) => JSON.stringify(line)), ...this.texts].slice(-20).join('\n')}`
  }
}

export function socketPath(pitcrew: Pitcrew, name = 'pitcrew'): string {
  return join(pitcrew.folder, `${name}.sock`)
}

/** Connects once pitcrew has logged its start, and reads the greeting. */
export async function connectControl(pitcrew: Pitcrew, name = 'pitcrew'): Promise<ControlClient> {
  await pitcrew.line(/: pitcrew \S+, .*daemons?, deadline/)
  const client = await tryConnect(socketPath(pitcrew, name))
  if (client === null) throw new Error(`no server listens on ${socketPath(pitcrew, name)}`)
  await client.until('a greeting', () => client.greeting ?? client.lines[0])
  return client
}

export function tryConnect(path: string): Promise<ControlClient | null> {
  return new Promise((resolve) => {
    const socket = connectSocket(path)
    socket.once('error', () => resolve(null))
    socket.once('connect', () => resolve(new ControlClient(socket)))
  })
}
