/** Starts pitcrew as a child process. It is controlled over an inherited descriptor, so it needs no
 *  folder for a socket, and its greeting shows that it is up. It does not outlive this process,
 *  however this process ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Duplex, Readable } from 'node:stream'
import { PitcrewError } from '../errors.ts'
import type { Bundle } from './bundle.ts'
import { Client } from './client.ts'
import { transportOver } from './connect.ts'

export interface StartOptions {
  /** The path of the binary. Default: `$PITCREW_BINARY`, or that of this package. */
  readonly binary?: string
  /** Its environment. Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv
  /** Its working directory. Default: that of this process. */
  readonly cwd?: string
  /** Its stdout, which has the lines of the daemons. Default: `inherit`. `pipe`: read it from
   *  `process.stdout` of the result. */
  readonly stdout?: 'inherit' | 'ignore' | 'pipe'
  /** Its stderr. Default: `inherit`. */
  readonly stderr?: 'inherit' | 'ignore'
}

/** How pitcrew ended. */
export interface Ended {
  /** The exit code; null = it was ended by a signal. */
  readonly code: number | null
  /** The signal that ended it; null = it has exited. */
  readonly signal: NodeJS.Signals | null
}

/** How much of its stderr is kept for an error, in characters. */
const stderrMax = 16_384
const controlFd = 3

/**
 * Starts pitcrew as a child process, and waits until it answers. Its daemons may not be ready yet:
 * use `client.call('wait', …)`.
 *
 * @param bundle A bundle, or the path of a bundle file or of a plan.
 * @returns The running pitcrew; `await using` shuts it down.
 * @throws {PitcrewError} BUNDLE_INVALID: the bundle is not valid; the message is what pitcrew has
 *   printed. FAILED: it could not be started.
 * @example
 * await using crew = await start({ daemons: { web: { command: ['node', 'web.js'] } } })
 * await crew.client.call('wait', { daemon: 'web' })
 * for await (const event of crew.client.events({ follow: true })) console.log(event.words)
 */
export async function start(bundle: Bundle | string, options: StartOptions = {}): Promise<Started> {
  if (typeof bundle === 'string') return launch(bundle, options)
  const folder = mkdtempSync(join(tmpdir(), 'pitcrew-'))
  try {
    const path = join(folder, 'bundle.yaml')
    // JSON is a subset of YAML.
    writeFileSync(path, JSON.stringify(bundle), { mode: 0o600 })
    return await launch(path, options)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function launch(path: string, options: StartOptions): Promise<Started> {
  const child = spawn(binaryOf(options), ['run', '--control-fd', String(controlFd), path], {
    stdio: ['ignore', options.stdout ?? 'inherit', 'pipe', 'pipe'],
    ...(options.env && { env: options.env }),
    ...(options.cwd && { cwd: options.cwd }),
  })
  const ended = endOf(child)
  // Without a handler here a failed start would be an unhandled rejection.
  ended.catch(() => {})
  const stderr = stderrOf(child, options.stderr !== 'ignore')
  try {
    const client = await Client.open(transportOver(child.stdio[controlFd] as Duplex))
    return new Started(child, client, ended)
  } catch (error) {
    // It may run with another version of the protocol: end it, since the caller cannot.
    child.kill()
    const { code } = await ended
    if (code === null || code === 0 || error instanceof PitcrewError === false) throw error
    throw new PitcrewError(code === 2 ? 'BUNDLE_INVALID' : 'FAILED', await stderr, null, error)
  }
}

/** A pitcrew that was started by this process. Its disposal shuts it down and waits for its end. */
export class Started {
  readonly process: ChildProcess
  /** A client with access `operate`. */
  readonly client: Client
  /** Resolves when it has ended. The code is 0 unless a daemon has failed. */
  readonly ended: Promise<Ended>

  constructor(process: ChildProcess, client: Client, ended: Promise<Ended>) {
    this.process = process
    this.client = client
    this.ended = ended
  }

  /** Stops all daemons and ends pitcrew, within the deadline of the bundle.
   *  @param why The reason, for the journal. */
  async shutdown(why = ''): Promise<Ended> {
    // It may end before it answers; TERM requests the same.
    await this.client.call('shutdown', { why }).catch(() => this.process.kill('SIGTERM'))
    return this.ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown()
    await this.client.close()
  }
}

function binaryOf({ binary, env = process.env }: StartOptions): string {
  const given = binary ?? env.PITCREW_BINARY
  return given ?? resolve(import.meta.dirname, '../../build/pitcrew')
}

function endOf(child: ChildProcess): Promise<Ended> {
  return new Promise((done, fail) => {
    child.once('exit', (code, signal) => done({ code, signal }))
    child.once('error', (error) => {
      const message = `cannot start pitcrew: ${error.message}`
      fail(
        new PitcrewError(
          'FAILED',
          message,
          'build the binary, or name it in PITCREW_BINARY',
          error,
        ),
      )
    })
  })
}

/** Reads its stderr to the end. @returns The beginning of it. */
function stderrOf(child: ChildProcess, isPassedOn: boolean): Promise<string> {
  // A child that could not be started may have none.
  const stderr = child.stderr as Readable | null | undefined
  if (!stderr) return Promise.resolve('')
  let kept = ''
  stderr.setEncoding('utf8').on('data', (text: string) => {
    if (kept.length < stderrMax) kept += text
    if (isPassedOn) process.stderr.write(text)
  })
  return new Promise((done) => stderr.once('close', () => done(kept.trim())))
}
