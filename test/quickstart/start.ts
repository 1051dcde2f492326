/** Starts one daemon of the quick start as a process, on a free port. It is ready when it prints
 *  its listening line, so no test waits for a fixed time. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export type Name = 'egress' | 'pipelock' | 'git-gate' | 'status'

export interface Daemon {
  readonly pid: number
  readonly port: number
  /** All lines so far. */
  readonly lines: readonly string[]
  /** Waits for the first line that contains this text. */
  line(text: string): Promise<string>
  signal(signal: NodeJS.Signals): void
  /** Sends TERM. @returns The exit code, and the time until the exit in milliseconds. */
  stop(): Promise<{ readonly code: number | null; readonly tookMs: number }>
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
}

const started = new Set<ChildProcess>()

/** Ends all daemons of a test with TERM, so that they remove their temporary files. */
export async function endAll(): Promise<void> {
  await Promise.all([...started].map(end))
}

function end(child: ChildProcess): Promise<unknown> {
  const closed = once(child, 'close')
  child.kill('SIGTERM')
  return closed
}

export async function start(name: Name, options: StartOptions = {}): Promise<Daemon> {
  const { child, lines, line } = launch(name, { ...options, env: freePort(name, options.env) })
  const ready = await line('listening on ')
  return {
    pid: child.pid ?? 0,
    port: Number(/:(\d+)/.exec(ready)?.[1]),
    lines,
    line,
    signal: (signal) => void child.kill(signal),
    stop: async () => {
      const before = performance.now()
      await end(child)
      return { code: child.exitCode, tookMs: performance.now() - before }
    },
  }
}

/** Runs a daemon that exits by itself. */
export async function run(
  name: Name,
  options: StartOptions,
): Promise<{ readonly code: number | null; readonly lines: readonly string[] }> {
  const { child, lines } = launch(name, options)
  await once(child, 'close')
  return { code: child.exitCode, lines }
}

function launch(name: Name, { env = {}, args = [] }: StartOptions) {
  const file = fileURLToPath(new URL(`../../examples/quickstart/${name}.mjs`, import.meta.url))
  const child = spawn(process.execPath, [file, ...args], {
    env: { PATH: process.env.PATH, ...env }, // Without proxies, tokens or git settings of the developer.
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.add(child)
  child.on('close', () => started.delete(child))

  const lines: string[] = []
  const waiting = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    let rest = ''
    stream.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n')
      rest = parts.pop() ?? ''
      lines.push(...parts)
      for (const check of waiting) check()
    })
  }

  const line = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const check = () => {
        const found = lines.find((candidate) => candidate.includes(text))
        if (found === undefined) return
        waiting.delete(check)
        resolve(found)
      }
      waiting.add(check)
      check()
      child.once('close', () => reject(new Error(`${name} ended: ${lines.join(' | ')}`)))
    })
  return { child, lines, line }
}

function freePort(name: Name, env: StartOptions['env']): Record<string, string> {
  return { [`${name.toUpperCase().replace('-', '_')}_PORT`]: '0', ...env }
}
