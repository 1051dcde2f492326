/** Text in pieces of any size → whole lines. */
import { PitcrewError } from '../errors.ts'

/** No answer comes near to this: a thousand daemons are half a megabyte. */
const lineLengthMax = 32 * 1024 * 1024

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
