/** A connection in memory, with the test as its server. Its lines are cut into pieces of a chosen size. */
import { Client } from '../../src/client/client.ts'
import type { Transport } from '../../src/client/transport.ts'

export const greeting =
  '{"pitcrew":1,"version":"0.1.0","name":"shop","pid":1,"access":"operate","daemon":null}\n'

export class Pipe implements Transport {
  /** The requests so far, a line each. */
  readonly sent: string[] = []
  readonly #pieceLength: number
  isClosed = false
  /** How often the client has read. */
  reads = 0
  #text = ''
  #isOver = false
  #waiting: ((text: string | null) => void) | null = null

  constructor(pieceLength: number = Number.POSITIVE_INFINITY) {
    this.#pieceLength = pieceLength
  }

  /** The server sends text. */
  give(text: string): void {
    this.#text += text
    this.#serve()
  }

  /** The server closes the connection. */
  end(): void {
    this.#isOver = true
    this.#serve()
  }

  send(text: string): void {
    this.sent.push(text.trimEnd())
  }

  receive(): Promise<string | null> {
    if (this.#waiting !== null) throw new Error('two reads at once')
    this.reads++
    return new Promise((give) => {
      this.#waiting = give
      this.#serve()
    })
  }

  close(): void {
    this.isClosed = true
  }

  #serve(): void {
    if (this.#waiting === null || (this.#text === '' && !this.#isOver)) return
    const give = this.#waiting
    this.#waiting = null
    const piece = this.#text.slice(0, this.#pieceLength)
    this.#text = this.#text.slice(piece.length)
    give(piece === '' ? null : piece)
  }
}

/** A client after the greeting. */
export async function opened(pieceLength?: number): Promise<{ pipe: Pipe; client: Client }> {
  const pipe = new Pipe(pieceLength)
  pipe.give(greeting)
  return { pipe, client: await Client.open(pipe) }
}

/** "done 5", or the code and the message of the error. */
export async function outcome(promise: Promise<unknown>): Promise<string> {
  try {
    return `done ${JSON.stringify(await promise)}`
  } catch (error) {
    const { code, message } = error as Error & { code?: string }
    return `${code}: ${message}`
  }
}

/** Resolves after all pending callbacks. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
