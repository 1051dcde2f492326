/** A child process of a test, and its output. A test waits for a line or an exit, never for a
 *  time. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'

/** How long a test waits for a line or an exit before it fails, in ms. */
const usualPatienceMs = 30_000

export interface ProgramOptions {
  readonly cwd?: string
  readonly env: NodeJS.ProcessEnv
  readonly stdin?: 'ignore' | 'pipe'
  /** Where its stdout goes; `pipe` is read by the test. */
  readonly stdout?: 'pipe' | 'ignore' | number
  readonly timeoutMs?: number
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export class Program {
  readonly process: ChildProcess
  readonly ended: Promise<Exit>
  /** All lines of its stdout so far, and of its stderr. */
  readonly lines: string[] = []
  readonly errors: string[] = []
  readonly #waiting: Set<() => void> = new Set()
  readonly #timeoutMs: number
  /** It has exited, and all of its output has been read. */
  #isOver = false

  constructor(words: readonly string[], options: ProgramOptions) {
    const { cwd, env, stdin, stdout } = options
    this.#timeoutMs = options.timeoutMs ?? usualPatienceMs
    this.process = spawn(words[0] as string, words.slice(1), {
      cwd,
      env,
      stdio: [stdin ?? 'ignore', stdout ?? 'pipe', 'pipe'],
    })
    const ends = [this.process.stdout, this.process.stderr]
    this.ended = Promise.all([
      new Promise<Exit>((resolveEnd) => {
        this.process.on('exit', (code, signal) => resolveEnd({ code, signal }))
      }),
      ...ends.map((stream, index) => this.#read(stream, index === 0 ? this.lines : this.errors)),
    ]).then(([ended]) => ended)
    this.ended.then(() => {
      this.#isOver = true
      this.#wakeWaiting()
    })
  }

  /** Waits for the first line of stdout, at the index `from` or later, that contains or matches
   *  this. */
  async line(wanted: string | RegExp, from = 0): Promise<string> {
    const fits = (line: string): boolean =>
      typeof wanted === 'string' ? line.includes(wanted) : wanted.test(line)
    // Check each line only once: there may be hundreds of thousands.
    let at = from
    return this.#until(`the line ${String(wanted)}`, () => {
      while (at < this.lines.length) {
        const line = this.lines[at++] as string
        if (fits(line)) return line
      }
      return undefined
    })
  }

  /** Waits for `count` lines that contain this. */
  async linesWith(wanted: string, count: number): Promise<string[]> {
    return this.#until(`${count} lines with ${wanted}`, () => {
      const found = this.lines.filter((line) => line.includes(wanted))
      return found.length >= count ? found : undefined
    })
  }

  /** Waits for its exit. */
  async end(): Promise<Exit> {
    const late = new Promise<never>((_, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no exit after ${this.#timeoutMs} ms; ${this.transcript()}`)),
        this.#timeoutMs,
      )
      this.ended.finally(() => clearTimeout(timer))
    })
    return Promise.race([this.ended, late])
  }

  /** Waits for its exit code; fails when a signal ended it. */
  async exitCode(): Promise<number> {
    const { code, signal } = await this.end()
    if (code === null) throw new Error(`ended by ${signal}; ${this.transcript()}`)
    return code
  }

  /** The last lines, for the message of a failed test. */
  transcript(): string {
    return `output:\n${this.lines.slice(-40).join('\n')}\n${this.errors.slice(-20).join('\n')}`
  }

  /** Reads bytes as latin1, so that invalid UTF-8 stays as it is. */
  #read(stream: Readable | null, into: string[]): Promise<void> {
    if (stream === null) return Promise.resolve()
    let rest = ''
    stream.setEncoding('latin1')
    stream.on('data', (chunk: string) => {
      const pieces = (rest + chunk).split('\n')
      rest = pieces.pop() ?? ''
      for (const piece of pieces) into.push(piece)
      this.#wakeWaiting()
    })
    return new Promise((done) => {
      stream.on('close', () => {
        if (rest !== '') into.push(rest)
        done()
      })
    })
  }

  #wakeWaiting(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  #until<T>(what: string, find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(again)
      }
      const again = (): void => {
        const found = find()
        if (found !== undefined) resolve(found)
        else if (this.#isOver) reject(new Error(`exited without ${what}; ${this.transcript()}`))
        else return
        stop()
      }
      const timer = setTimeout(() => {
        stop()
        reject(new Error(`no ${what} after ${this.#timeoutMs} ms; ${this.transcript()}`))
      }, this.#timeoutMs)
      this.#waiting.add(again)
      again()
    })
  }
}
