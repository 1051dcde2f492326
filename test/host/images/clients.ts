/** The host with clients-entry.ts instead of the init, and clients that speak to it. */
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import type { HostEvent } from '../../../src/host/host.ts'
import { isSanitized } from '../../e2e/support/cost.ts'
import { compileFixture, type Options, Pitcrew, root } from '../../e2e/support/pitcrew.ts'
import { eventually } from '../../e2e/support/processes.ts'
import type { First, Order } from './clients-entry.ts'

const entry = 'test/host/images/clients-entry.ts'
const program = join(root, `build/pitcrew-clients${isSanitized ? '-sanitize' : ''}`)
/** The fixture that calls from a daemon. */
export const calls = (): string => join(root, 'build/fixtures/control-client')

type ReportedEvent =
  | Exclude<HostEvent, { type: 'line' }>
  | { type: 'line'; client: number; text?: string | null; length?: number; sum?: string }
  | { type: 'sent'; client: number; queued: number }
  | { type: 'up'; answers: unknown[] }
type Kind = ReportedEvent['type']

/** All images are this entry: Test files that run at the same time wait for each
 *  other here. */
export function buildHub(): void {
  const images = ['init', 'control', 'cli', 'plan'].flatMap((image) => [`--${image}`, entry])
  const files = ['--files', 'test/host/images/disk-entry.ts']
  const build = ['scripts/build.mjs', ...images, ...files, '--out', program]
  const words = [process.execPath, ...build, ...(isSanitized ? ['--sanitize'] : [])]
  execFileSync('flock', [join(root, 'scripts/build.mjs'), ...words], { cwd: root, stdio: 'pipe' })
  compileFixture('control-client')
}

export class Hub extends Pitcrew {
  readonly #clients: Client[] = []

  /** Listens on `s` in its folder, unless `firsts` says what it does at first. */
  static async start(
    firsts: readonly First[] = [{ listen: 's' }],
    options: Options = {},
  ): Promise<Hub> {
    const env = { CALLS: calls(), ...options.env }
    const hub = new Hub(null, { ...options, env, program, args: ['run', JSON.stringify(firsts)] })
    await hub.line('"type":"up"')
    return hub
  }

  get socket(): string {
    return join(this.folder, 's')
  }

  /** The answer of each call at the start. */
  get answers(): unknown[] {
    return this.eventsOf('up')[0]?.answers ?? []
  }

  /** All events of a kind so far, in order. */
  eventsOf<K extends Kind>(kind: K): Extract<ReportedEvent, { type: K }>[] {
    return this.lines
      .filter((line) => line.startsWith(`{"type":"${kind}",`))
      .map((line) => JSON.parse(Buffer.from(line, 'latin1').toString()))
  }

  /** The lines that clients sent. */
  linesOfClients(): (string | null | undefined)[] {
    return this.eventsOf('line').map(({ text }) => text)
  }

  async connect(path: string = this.socket): Promise<Client> {
    const client = new Client(path)
    this.#clients.push(client)
    await client.connected
    return client
  }

  /** Waits for so many events of a kind. */
  async wait<K extends Kind>(kind: K, count = 1): Promise<Extract<ReportedEvent, { type: K }>[]> {
    await this.linesWith(`{"type":"${kind}",`, count)
    return this.eventsOf(kind)
  }

  descriptors(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.socket.destroy()
    await super[Symbol.asyncDispose]()
  }
}

export class Client {
  readonly socket: Socket
  readonly connected: Promise<void>
  /** Whole lines that came. */
  readonly lines: string[] = []
  /** The connection was closed: null, or what it ended with. */
  ended: string | null | undefined
  #rest = ''

  constructor(path: string) {
    this.socket = connect({ path, allowHalfOpen: true })
    this.connected = new Promise((done, fail) => {
      this.socket.on('connect', done)
      this.socket.on('error', (error: NodeJS.ErrnoException) => {
        this.ended ??= error.code ?? error.message
        fail(error)
      })
    })
    this.socket.on('data', (bytes) => this.#read(bytes.toString('latin1')))
    this.socket.on('end', () => {
      this.ended ??= null
    })
  }

  order(...orders: readonly (Order & { silent?: true })[]): void {
    this.socket.write(orders.map((order) => `${JSON.stringify(order)}\n`).join(''))
  }

  /** Sends an order. @returns The next line that comes. */
  async ask(order: Order & { silent?: true }): Promise<string> {
    const before = this.lines.length
    this.order(order)
    await this.has(before + 1)
    return this.lines[before] as string
  }

  async has(count: number): Promise<void> {
    await eventually(
      `${count} lines came`,
      () => this.lines.length >= count || this.ended !== undefined,
    )
    if (this.lines.length < count)
      throw new Error(`${this.lines.length} of ${count} lines came: ${this.ended}`)
  }

  /** Waits for the end of the connection. */
  async end(): Promise<string | null> {
    await eventually('the connection is closed', () => this.ended !== undefined)
    return this.ended ?? null
  }

  #read(text: string): void {
    const pieces = (this.#rest + text).split('\n')
    this.#rest = pieces.pop() ?? ''
    for (const piece of pieces) this.lines.push(piece)
  }
}
