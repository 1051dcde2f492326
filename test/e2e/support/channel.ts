/** A pitcrew with a pipe, a socket or a terminal as stdout. The test holds the other end: it can
 *  stop reading, resume, hang up, and type. See test/fixtures/programs/channel.c. */
import { compileFixture, type Options, Pitcrew } from './pitcrew.ts'
import { eventually } from './processes.ts'
import type { Program } from './program.ts'

export type Kind = 'pipe' | 'socket' | 'raw' | 'terminal'

let program: string | null = null

/** The command that runs another one with such a stdout. */
export function channelArgv(kind: Kind | `${Kind},paused`): string[] {
  program ??= compileFixture('channel')
  return [program, kind]
}

/** Sends a command to the channel of this program. */
export function sendToChannel({ process }: Program, command: string): void {
  process.stdin?.write(`${command}\n`)
}

/** Types into its terminal. */
export function type(program: Program, text: string): void {
  sendToChannel(program, `type ${Buffer.from(text).toString('hex')}`)
}

export class Channel extends Pitcrew {
  constructor(kind: Kind | `${Kind},paused`, bundle: string | object | null, options?: Options) {
    super(bundle, { ...options, via: channelArgv(kind), stdin: 'pipe' })
  }

  send(command: string): void {
    sendToChannel(this, command)
  }

  type(text: string): void {
    type(this, text)
  }

  /** Waits until the paused channel takes nothing more. */
  async untilFull(): Promise<void> {
    await this.untilErrorLine('channel: full')
  }

  /** Closes the reading end. */
  async close(): Promise<void> {
    this.send('close')
    await this.untilErrorLine('channel: closed')
  }

  async untilErrorLine(text: string): Promise<void> {
    await eventually(`an error line with "${text}"`, () =>
      this.errors.some((line) => line.includes(text)),
    )
  }
}
