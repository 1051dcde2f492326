import { PitcrewError } from '../errors.ts'

/** A connection, as the client needs it: the same client runs in the binary and in Node. */
export interface Transport {
  /** Sends text. A connection that has ended is not reported here, but by `receive`. */
  send(text: string): void | Promise<void>
  /** The next text, in pieces of any size; null at the end. The client calls it again only after it
   *  has resolved. */
  receive(): Promise<string | null>
  close(): void
}

/** In characters; far above any answer: a thousand daemons are half a megabyte. */
const lineLengthMax = 32 * 1024 * 1024

/** Splits text in pieces of any size into lines. */
export class Lines {
  #rest = ''

  /** @returns The lines that are complete now, without their newlines. */
  push(text: string): string[] {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    if (this.#rest.length <= lineLengthMax) return lines
    throw new PitcrewError(
      'NO_PITCREW',
      'cannot read a line of the server: it is longer than 32 MiB',
    )
  }
}
