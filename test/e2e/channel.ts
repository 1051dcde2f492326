/** A pitcrew whose stdout is a real pipe, a socket or a terminal that the test holds the other end of: it can
 *  stop reading, go on, hang up, and type. See test/fixtures/channel.c. */
import { compiled, type Options, Pitcrew } from './pitcrew.ts'
import { eventually } from './processes.ts'

export type Kind = 'pipe' | 'socket' | 'raw' | 'terminal'

let program: string | null = null

export class Channel extends Pitcrew {
  constructor(kind: Kind | `${Kind},paused`, bundle: string | object | null, options?: Options) {
    program ??= compiled('channel')
    super(bundle, { ...options, via: [program, kind], stdin: 'pipe' })
  }

  tell(command: string): void {
    this.process.stdin?.write(`${command}\n`)
  }

  type(text: string): void {
    this.tell(`type ${Buffer.from(text).toString('hex')}`)
  }

  /** Nobody reads, and nothing more fits. */
  async full(): Promise<void> {
    await this.error('channel: full')
  }

  /** The reader has gone. */
  async close(): Promise<void> {
    this.tell('close')
    await this.error('channel: closed')
  }

  async error(text: string): Promise<void> {
    await eventually(`an error line with "${text}"`, () =>
      this.errors.some((line) => line.includes(text)),
    )
  }
}
