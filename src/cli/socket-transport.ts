/** The connection of a client verb. A read waits, and nothing else happens in this process
 *  meanwhile. */

import type { Transport } from '../client/transport.ts'
import { formatDuration } from '../core/text/duration.ts'
import { PitcrewError } from '../errors.ts'
import type { ClientSystem } from '../host/system.ts'

/** So many steps of other promises are done before a read waits: what has come goes all the way to
 *  whoever asked for it, and on to the screen, however many functions are between. */
const promiseTurns = 32

type Connection = Pick<ClientSystem, 'send' | 'receive' | 'receiveBytes' | 'disconnect'>

export class SocketTransport implements Transport {
  readonly #connection: Connection
  readonly #path: string
  /** A character for each byte, instead of text. */
  asBytes: boolean = false
  /** How long the other side may say nothing, in milliseconds. */
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
    for (let turn = 0; turn < promiseTurns; turn++) await null
    const text = this.asBytes
      ? this.#connection.receiveBytes(this.idleTimeoutMs)
      : this.#connection.receive(this.idleTimeoutMs)
    if (text === '') throw this.#silent()
    return text
  }

  close(): void {
    this.#connection.disconnect()
  }

  #silent(): PitcrewError {
    const after = formatDuration(this.idleTimeoutMs)
    const message = `pitcrew at ${this.#path} has said nothing for ${after}`
    return new PitcrewError('NO_PITCREW', message, 'it is stopped, or has no processor time')
  }
}
