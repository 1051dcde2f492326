/** A pitcrew of one's own: started as a child, spoken to over a descriptor that it inherits, so
 *  that it needs no folder for a socket, and its greeting says that it is there. It does not
 *  outlive this process, however that ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Duplex, Readable } from 'node:stream'
import { Client } from '../client/client.ts'
import { PitcrewError } from '../errors.ts'
import type { Bundle } from './bundle.ts'
import { transportOver } from './connect.ts'

export interface StartOptions {
  /** The program; absent: the one of this package, or PITCREW_BINARY. */
  readonly binary?: string
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Where its stdout (the daemons' lines) goes: `inherit` is the default. */
  readonly stdout?: 'inherit' | 'ignore' | 'pipe'
  /** Where what it says on stderr goes. */
  readonly stderr?: 'inherit' | 'ignore'
}

/** How it ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** What it says on stderr before it is there, in characters at most. */
const complaintMax = 16_384
const controlFd = 3

/**
 * Starts pitcrew, and waits until it answers.
 *
 * @param bundle A bundle, or the path of a bundle file or a plan.
 * @throws {PitcrewError} BUNDLE_INVALID with what pitcrew said of it; FAILED: it cannot be started.
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
    // JSON is YAML.
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
  // Nobody may wait for it when it is not even there.
  ended.catch(() => {})
  const complaint = complaintOf(child, options.stderr !== 'ignore')
  try {
    const client = await Client.open(transportOver(child.stdio[controlFd] as Duplex))
    return new Started(child, client, ended)
  } catch (error) {
    // It may be there all the same, and speak another language: nobody else would end it.
    child.kill()
    const { code } = await ended
    if (code === null || code === 0 || error instanceof PitcrewError === false) throw error
    throw new PitcrewError(code === 2 ? 'BUNDLE_INVALID' : 'FAILED', await complaint, null, error)
  }
}

/** A pitcrew that was started here. Disposed of, it is shut down and waited for. */
export class Started {
  readonly process: ChildProcess
  readonly client: Client
  /** When it has ended. Its code is 0 unless a daemon failed: see the contract. */
  readonly ended: Promise<Ended>

  constructor(process: ChildProcess, client: Client, ended: Promise<Ended>) {
    this.process = process
    this.client = client
    this.ended = ended
  }

  /** Within its deadline. */
  async shutdown(why = ''): Promise<Ended> {
    // It may end before it can answer, and TERM says the same.
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
      fail(new PitcrewError('FAILED', message, 'build it, or name it: PITCREW_BINARY', error))
    })
  })
}

/** Reads its stderr, and keeps the beginning. @returns What it said, when it has said all. */
function complaintOf(child: ChildProcess, isPassedOn: boolean): Promise<string> {
  // Where there were no descriptors left, it has none.
  const stderr = child.stderr as Readable | null | undefined
  if (!stderr) return Promise.resolve('')
  let said = ''
  stderr.setEncoding('utf8').on('data', (text: string) => {
    if (said.length < complaintMax) said += text
    if (isPassedOn) process.stderr.write(text)
  })
  return new Promise((done) => stderr.once('close', () => done(said.trim())))
}
