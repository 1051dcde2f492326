/** The host with logs-entry.ts instead of the init, and clients of it that are given daemons' lines. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import type { LogSpec, Usage } from '../../../src/host/control.ts'
import { isSanitized } from '../../e2e/support/cost.ts'
import { type Options, Pitcrew, root, sh } from '../../e2e/support/pitcrew.ts'
import { eventually } from '../../e2e/support/processes.ts'
import type { Ask } from './logs-entry.ts'

const entry = 'test/host/images/logs-entry.ts'
const program = join(root, `build/pitcrew-logs${isSanitized ? '-sanitize' : ''}`)

/** Does what it is told through a fifo of its name: see Logs.order. */
const obeys = `mkfifo "$PITCREW_STATE_DIR/$0"; exec 3<>"$PITCREW_STATE_DIR/$0"; echo up
while read -r line <&3; do eval "$line"; done`

/** All images are this entry: */
export function buildLogs(): void {
  const images = ['init', 'control', 'cli', 'plan'].flatMap((image) => [`--${image}`, entry])
  const build = ['scripts/build.mjs', ...images, '--out', program]
  const words = [process.execPath, ...build, ...(isSanitized ? ['--sanitize'] : [])]
  execFileSync('flock', [join(root, 'scripts/build.mjs'), ...words], { cwd: root, stdio: 'pipe' })
}

export interface Line {
  readonly ms: number
  readonly daemon: string
  readonly text: string
}

export class Logs extends Pitcrew {
  constructor(options: Options = {}) {
    super(null, { ...options, program, args: ['run'] })
  }

  static async start(): Promise<Logs> {
    const logs = new Logs()
    await logs.line('listening')
    return logs
  }

  /** Its stdout is /dev/null, which is never slow. */
  static async unread(): Promise<Logs> {
    const logs = new Logs({ stdout: 'ignore' })
    let answers = false
    while (!answers)
      answers = await logs.usage().then(
        () => true,
        () => false,
      )
    return logs
  }

  /** A daemon that waits for what `order` says. */
  async obedient(...daemons: string[]): Promise<void> {
    for (const daemon of daemons) await this.run(daemon, obeys)
    for (const daemon of daemons) await this.line(`[${daemon}] up`)
  }

  /** A run of a script; the script knows the daemon as $0. */
  async run(daemon: string, script: string, run = 1): Promise<void> {
    await this.spawn(daemon, [...sh(script), daemon], run)
  }

  async spawn(daemon: string, command: string[], run = 1): Promise<void> {
    await this.ask({ spawn: { daemon, run, command } })
  }

  /** Lets an obedient daemon do something, and waits until a line with this in it is printed. */
  async order(daemon: string, script: string, until: string): Promise<void> {
    const from = this.lines.length
    this.whisper(daemon, script)
    await this.line(until, from)
  }

  whisper(daemon: string, script: string): void {
    writeFileSync(join(this.folder, daemon), `${script}\n`)
  }

  async usage(): Promise<Usage[]> {
    return (await this.ask({ usage: true })) as Usage[]
  }

  async ask(ask: Ask): Promise<unknown> {
    await using reader = await Reader.of(this, ask)
    await reader.count(1)
    return JSON.parse(reader.raw[0] as string).said
  }

  /** Of the past, to its end. */
  async past(spec: Partial<LogSpec> = {}): Promise<Line[]> {
    await using reader = await this.stream({ ...spec, follow: false })
    await reader.closed
    const lines = reader.lines()
    if (lines.pop()?.daemon !== '.') throw new Error('it has no end')
    return lines
  }

  /** A follower; it has begun when this is done. */
  async follow(spec: Partial<LogSpec> = {}): Promise<Reader> {
    const reader = await this.stream({ tail: -1, follow: true, ...spec })
    // Later clients are answered later.
    await this.ask({ usage: true })
    return reader
  }

  async stream(spec: Partial<LogSpec>): Promise<Reader> {
    return Reader.of(this, {
      logs: { daemons: [], tail: -1, sinceMs: 0, follow: false, ...spec },
    })
  }

  /** What the run of a daemon left to be told. */
  async lastLines(daemon: string, run: number): Promise<string> {
    const start = `{"type":"exited","daemon":"${daemon}","run":${run},`
    return JSON.parse(await this.line(start)).lastLines
  }
}

/** A client that asked for something, and what it got. */
export class Reader {
  readonly raw: string[] = []
  readonly closed: Promise<void>
  isClosed = false
  readonly #socket: Socket

  private constructor(socket: Socket, isReading: boolean) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('error', () => undefined)
    this.closed = new Promise((resolve) => socket.on('close', () => resolve()))
    this.closed.then(() => {
      this.isClosed = true
    })
    if (isReading) this.read()
  }

  static async of({ folder }: Logs, ask: Ask, isReading = true): Promise<Reader> {
    const socket = connect(join(folder, 'socket'))
    await new Promise((resolve, reject) => socket.on('connect', resolve).on('error', reject))
    socket.write(`${JSON.stringify(ask)}\n`)
    return new Reader(socket, isReading)
  }

  /** From now on; before, it only waits in the socket. */
  read(): void {
    let rest = ''
    this.#socket.on('data', (chunk: string) => {
      const pieces = (rest + chunk).split('\n')
      rest = pieces.pop() ?? ''
      for (const piece of pieces) this.raw.push(piece)
    })
  }

  lines(): Line[] {
    return this.raw.map((line) => {
      const [ms = '', daemon = ''] = line.split(' ', 2)
      return { ms: Number(ms), daemon, text: line.slice(ms.length + daemon.length + 2) }
    })
  }

  /** "web one" */
  texts(): string[] {
    return textsOf(this.lines())
  }

  async count(wanted: number): Promise<void> {
    await eventually(`${wanted} lines`, () => this.raw.length >= wanted)
  }

  async until(text: string): Promise<void> {
    await eventually(`a line with ${text}`, () => this.raw.some((line) => line.includes(text)))
  }

  /** Waits for a line after which none has come, or for the end of the connection. */
  async lastLine(part: string): Promise<void> {
    const isThere = (): boolean => this.raw.at(-1)?.includes(part) === true
    await eventually(`a last line with ${part}`, () => isThere() || this.isClosed)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy()
    await this.closed
  }
}

export function textsOf(lines: readonly Line[]): string[] {
  return lines.map(({ daemon, text }) => `${daemon} ${text}`)
}
