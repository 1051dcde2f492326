/** A ClientSystem for tests: files in a map, output in strings, servers behind sockets, a clock that moves only
 *  when a verb waits. */
import { createHash } from 'node:crypto'
import type {
  ClientSystem,
  ContentAnswer,
  Errno,
  FileAnswer,
  Received,
} from '../../src/host/system.ts'
import type { FakeServer } from './fake-server.ts'

/** Friday, 2026-11-20 17:00:00.000 UTC */
const bootMs = 1_795_194_000_000

export class FakeSystem implements ClientSystem {
  readonly args: readonly string[]
  readonly pid = 2
  uid = 0
  /** The text of each file, or the error of reading it; other paths give ENOENT. */
  readonly files: Map<string, FileAnswer> = new Map()
  readonly written: Map<string, string> = new Map()
  writeError: Errno | null = null
  readonly environment: Map<string, string> = new Map()
  /** The server at each path, or the error of connecting to it. */
  readonly sockets: Map<string, FakeServer | Errno> = new Map()
  /** The descriptors that are terminals. */
  terminals: readonly number[] = []
  size: { readonly columns: number; readonly rows: number } | null = { columns: 80, rows: 24 }
  stdout: string = ''
  stderr: string = ''
  /** Stdout and stderr in order, as a terminal shows them. */
  screen: string = ''
  nowMs = 0
  /** Called when a verb sleeps. */
  onSleep: () => void = () => {}
  #server: FakeServer | null = null
  #content = ''

  constructor(args: readonly string[], files: Readonly<Record<string, string>> = {}) {
    this.args = args
    for (const [path, text] of Object.entries(files)) this.files.set(path, { text })
  }

  getenv(name: string): string | null {
    return this.environment.get(name) ?? null
  }

  readFile(path: string, maxBytes: number): FileAnswer {
    const answer = this.files.get(path) ?? { error: 'ENOENT' }
    const tooLarge = 'text' in answer && Buffer.byteLength(answer.text) > maxBytes
    return tooLarge ? { error: 'too large' } : answer
  }

  writeFile(path: string, text: string): Errno | null {
    if (this.writeError === null) this.written.set(path, text)
    return this.writeError
  }

  write(fd: 1 | 2, text: string): void {
    if (fd === 1) this.stdout += text
    else this.stderr += text
    this.screen += text
  }

  writeBytes(text: string): void {
    this.write(1, Buffer.from(text, 'latin1').toString('utf8'))
  }

  isTerminal(fd: 0 | 1 | 2): boolean {
    return this.terminals.includes(fd)
  }

  terminalSize(): { readonly columns: number; readonly rows: number } | null {
    return this.isTerminal(1) ? this.size : null
  }

  exit(code: number): never {
    throw new Error(`exited with ${code}`)
  }

  execSelf(): Errno {
    return 'ENOSYS'
  }

  sum(text: string): string {
    return createHash('sha256').update(text).digest('hex').slice(0, 16)
  }

  isFolder(): boolean {
    return false
  }

  wallMs(): number {
    return bootMs + this.nowMs
  }

  now(): number {
    return this.nowMs
  }

  sleep(ms: number): void {
    this.nowMs += ms
    this.onSleep()
  }

  listFolder(path: string): readonly string[] {
    const names = [...this.sockets.keys()]
      .filter((name) => name.startsWith(`${path}/`))
      .map((name) => name.slice(path.length + 1).split('/')[0] ?? '')
    return [...new Set(names)].sort()
  }

  connect(path: string): Errno | null {
    this.disconnect()
    const server = this.sockets.get(path) ?? 'ENOENT'
    if (typeof server === 'string') return server
    this.#server = server
    server.connected()
    return null
  }

  send(text: string): Errno | null {
    return this.#server?.receive(text) ?? null
  }

  /** Stdin is the file "-". */
  readContent(path: string, maxBytes: number): ContentAnswer {
    const answer = this.readFile(path, maxBytes)
    if ('error' in answer) return answer as ContentAnswer
    this.#content = answer.text
    return { bytes: Buffer.byteLength(answer.text) }
  }

  sendContent(): Errno | null {
    this.#server?.receiveContent(this.#content)
    return null
  }

  /** Like the host, it reads when no promise job is left. */
  receive(timeoutMs: number, done: Received): void {
    setImmediate(() => done(this.#received(timeoutMs)))
  }

  receiveBytes(timeoutMs: number, done: Received): void {
    this.receive(timeoutMs, (text) => {
      done(text === null ? null : Buffer.from(text).toString('latin1'))
    })
  }

  #received(timeoutMs: number): string | null {
    if (this.#server === null) return null
    const text = this.#server.nextLine()
    if (text !== '') return text
    if (timeoutMs === Number.POSITIVE_INFINITY) throw new Error('it would wait for ever')
    this.nowMs += timeoutMs
    return ''
  }

  disconnect(): void {
    this.#server = null
  }
}
