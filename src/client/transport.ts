import { PitcrewError } from '../errors.ts'

/** What the client needs of a connection: three functions, so that the same client runs in the
 *  binary, where a read waits, and in Node. */
export interface Transport {
  /** Sends text. What cannot be sent any more is not told here: `receive` sees the end. */
  send(text: string): void | Promise<void>
  /** Some text, in pieces of any size; null at the end. Asked for again only when it has answered.
   */
  receive(): Promise<string | null>
  close(): void
}

/** No answer comes near to this: a thousand daemons are half a megabyte. */
const lineLengthMax = 32 * 1024 * 1024

/** Text in pieces of any size → whole lines. */
export class Lines {
  #rest = ''

  /** The lines that are whole now, without their newlines. */
  push(text: string): string[] {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    if (this.#rest.length <= lineLengthMax) return lines
    throw new PitcrewError('NO_PITCREW', 'cannot read a line of more than 32 MiB of the server')
  }
}
