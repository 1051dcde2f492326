/** The connection of a client verb. */

import type { Transport } from '../client/transport.ts'
import { PitcrewError } from '../errors.ts'
import type { ClientSystem } from '../host/system.ts'
import { formatElapsed } from './terminal/format.ts'

type Connection = Pick<ClientSystem, 'send' | 'receive' | 'receiveBytes' | 'disconnect'>

export class SocketTransport implements Transport {
  readonly #connection: Connection
  readonly #path: string
  /** Receive one character per byte instead of text. */
  asBytes: boolean = false
  /** How long the server may be silent, in milliseconds. */
  idleTimeoutMs: number

  constructor(connection: Connection, path: string, idleTimeoutMs: number) {
    this.#connection = connection
    this.#path = path
    this.idleTimeoutMs = idleTimeoutMs
  }

  send(text: string): void {
    this.#connection.send(text)
  }

  async receive(): Promise<string | null> {
    const text = await new Promise<string | null>((done) => {
      if (this.asBytes) this.#connection.receiveBytes(this.idleTimeoutMs, done)
      else this.#connection.receive(this.idleTimeoutMs, done)
    })
    if (text === '') throw this.#silenceError()
    return text
  }

  close(): void {
    this.#connection.disconnect()
  }

  #silenceError(): PitcrewError {
    const after = formatElapsed(this.idleTimeoutMs)
    const message = `pitcrew at ${this.#path} has not answered for ${after}`
    return new PitcrewError(
      'NO_PITCREW',
      message,
      'it may be stopped (SIGSTOP) or starved of CPU time',
    )
  }
}
