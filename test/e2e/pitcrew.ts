/** Runs the real binary with real processes, and reads what it says. Ring 3: in a PID namespace of its own, where it is
 *  PID 1, if the machine allows that; as a subreaper otherwise, which is said once. A test waits for a line or
 *  an exit, never for time. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Readable } from 'node:stream'

export const root: string = resolve(import.meta.dirname, '../..')
/** Another build of the same program may be tested: PITCREW_BINARY=build/pitcrew-sanitize. */
export const binary: string = resolve(root, process.env.PITCREW_BINARY ?? 'build/pitcrew')
export const fixtures: string = join(root, 'test/fixtures')

const namespace = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child', '--']
export const canUnshare: boolean =
  spawnSync(namespace[0] as string, [...namespace.slice(1), 'true']).status === 0
if (!canUnshare)
  console.warn('no PID namespaces here: the fixtures run under a subreaper, not under PID 1')

/** How long a test waits for a line or an end before it fails with everything that was said, in ms. */
const patienceMs = 10_000

export interface Options {
  /** As PID 1 of a namespace (the default where that is possible), or as a subreaper. */
  readonly asPid1?: boolean
  readonly env?: Readonly<Record<string, string>>
  /** Where its stdout goes; `pipe` is read by the test. */
  readonly stdout?: 'pipe' | 'ignore' | number
  /** Arguments instead of `run BUNDLE`. */
  readonly args?: readonly string[]
  readonly program?: string
  /** Words in front of the program that end in `exec`: ['nohup'], or a shell that sets a limit. */
  readonly wrap?: readonly string[]
  /** A program in front of everything that starts it and stays: see channel.ts. */
  readonly via?: readonly string[]
  readonly stdin?: 'ignore' | 'pipe'
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A running pitcrew. `await using` ends it whatever the test does. */
export class Pitcrew {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
  /** All lines of its stdout so far; of its stderr. */
  readonly lines: string[] = []
  readonly errors: string[] = []
  /** Its scratch folder: the bundle, PITCREW_STATE and PITCREW_RUN. */
  readonly folder: string
  readonly #isPid1: boolean
  /** Processes in front of pitcrew: `via`, `unshare`. */
  readonly #inFront: number
  readonly #waiting: Set<() => void> = new Set()
  /** It has ended, and all that it said has been read. */
  #isOver = false

  constructor(bundle: string | object | null, options: Options = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'pitcrew-test-'))
    this.#isPid1 = options.asPid1 ?? canUnshare
    this.#inFront = Number(options.via !== undefined) + Number(this.#isPid1)
    const args = options.args ?? ['run', this.#writeBundle(bundle)]
    const program = [...(options.wrap ?? []), options.program ?? binary, ...args]
    const words = [...(options.via ?? []), ...(this.#isPid1 ? namespace : []), ...program]
    this.process = spawn(words[0] as string, words.slice(1), {
      cwd: root,
      env: {
        PATH: process.env.PATH,
        ASAN_OPTIONS: 'detect_leaks=0',
        PITCREW_STATE: this.folder,
        PITCREW_RUN: this.folder,
        FIXTURES: fixtures,
        ...options.env,
      },
      stdio: [options.stdin ?? 'ignore', options.stdout ?? 'pipe', 'pipe'],
    })
    const ends = [this.process.stdout, this.process.stderr]
    this.ended = Promise.all([
      new Promise<Ended>((resolveEnd) => {
        this.process.on('exit', (code, signal) => resolveEnd({ code, signal }))
      }),
      ...ends.map((stream, index) => this.#read(stream, index === 0 ? this.lines : this.errors)),
    ]).then(([ended]) => ended)
    this.ended.then(() => {
      this.#isOver = true
      this.#wakeWaiting()
    })
  }

  /** The pid that signals for pitcrew go to, as this process sees it. */
  get pid(): number {
    let { pid } = this.process
    if (pid === undefined) throw new Error('pitcrew could not be started')
    for (let left = this.#inFront; left > 0; left--) pid = childrenOf(pid)[0] ?? pid
    return pid
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.pid, name)
  }

  /** The first line of stdout, from the `from`th on, that has this in it. */
  async line(wanted: string | RegExp, from = 0): Promise<string> {
    return this.#until(`the line ${String(wanted)}`, () =>
      this.lines
        .slice(from)
        .find((line) => (typeof wanted === 'string' ? line.includes(wanted) : wanted.test(line))),
    )
  }

  /** Waits until so many lines have this in them, and gives them. */
  async linesWith(wanted: string, count: number): Promise<string[]> {
    return this.#until(`${count} lines with ${wanted}`, () => {
      const found = this.lines.filter((line) => line.includes(wanted))
      return found.length >= count ? found : undefined
    })
  }

  /** The exit code; fails when it was ended by a signal or does not end. */
  async exitCode(): Promise<number> {
    const late = new Promise<never>((_, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`pitcrew does not end; ${this.#said()}`)),
        patienceMs,
      )
      this.ended.finally(() => clearTimeout(timer))
    })
    const { code, signal } = await Promise.race([this.ended, late])
    if (code === null) throw new Error(`pitcrew was ended by ${signal}; ${this.#said()}`)
    return code
  }

  /** exit-report.json, once pitcrew has ended. */
  exitReport(name = 'pitcrew'): { exitCode: number; from: string | null; [key: string]: unknown } {
    return JSON.parse(readFileSync(join(this.folder, name, 'exit-report.json'), 'utf8'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      if (!this.#isPid1) for (const pid of childrenOf(this.pid)) tryKill(pid)
      tryKill(this.pid)
      this.process.kill('SIGKILL')
      await this.ended
    }
    rmSync(this.folder, { recursive: true, force: true })
  }

  #writeBundle(bundle: string | object | null): string {
    const isText = typeof bundle === 'string'
    const path = join(this.folder, isText ? 'bundle.yaml' : 'bundle.json')
    if (bundle !== null) writeFileSync(path, isText ? bundle : JSON.stringify(bundle))
    return path
  }

  /** Bytes as latin1, so that a test sees what is not UTF-8 as it was. */
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

  #until<T>(what: string, look: () => T | undefined): Promise<T> {
    return new Promise((resolveLook, reject) => {
      const stop = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(again)
      }
      const again = (): void => {
        const found = look()
        if (found !== undefined) resolveLook(found)
        else if (this.#isOver) reject(new Error(`pitcrew ended without ${what}; ${this.#said()}`))
        else return
        stop()
      }
      const timer = setTimeout(() => {
        stop()
        reject(new Error(`no ${what} after ${patienceMs} ms; ${this.#said()}`))
      }, patienceMs)
      this.#waiting.add(again)
      again()
    })
  }

  #said(): string {
    return `it said:\n${this.lines.slice(-40).join('\n')}\n${this.errors.slice(-20).join('\n')}`
  }
}

/** The pids of a process's children, as this process sees them. */
export function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return text.split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

/** `sh -c` with a script. */
export function sh(script: string): string[] {
  return ['/bin/sh', '-c', script]
}

/** A fixture written in C, compiled once a run: for what a shell cannot do fast enough or at all. */
export function compiled(name: string): string {
  const target = join(root, 'build/fixtures', name)
  const source = join(fixtures, `${name}.c`)
  execFileSync('mkdir', ['-p', join(root, 'build/fixtures')])
  execFileSync(process.env.CC ?? 'cc', ['-O1', '-o', `${target}.${process.pid}`, source])
  execFileSync('mv', [`${target}.${process.pid}`, target])
  return target
}
