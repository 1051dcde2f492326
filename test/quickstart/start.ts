/** Starts one daemon of the quick start as a process of its own, on a free port. Its listening line
 *  says that it is ready, so no test waits for a time to pass. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export type Name = 'egress' | 'pipelock' | 'git-gate' | 'status'

export interface Daemon {
  readonly pid: number
  readonly port: number
  /** All lines so far. */
  readonly lines: readonly string[]
  /** The first line, printed already or to come, that contains this text. */
  line(text: string): Promise<string>
  signal(signal: NodeJS.Signals): void
  /** Sends TERM and answers with the exit code and the time it took, in milliseconds. */
  stop(): Promise<{ readonly code: number | null; readonly tookMs: number }>
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
}

const started = new Set<ChildProcess>()

/** Ends all that a test has started, as pitcrew would, so that nothing is left in the temporary
 *  directory either. */
export async function endAll(): Promise<void> {
  await Promise.all([...started].map(end))
}

function end(child: ChildProcess): Promise<unknown> {
  const gone = once(child, 'close')
  child.kill('SIGTERM')
  return gone
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

/** Runs a daemon that is expected to end by itself. */
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
    env: { PATH: process.env.PATH, ...env }, // Nobody's proxies, tokens or git settings.
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
      for (const look of waiting) look()
    })
  }

  const line = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const found = lines.find((candidate) => candidate.includes(text))
        if (found === undefined) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
      child.once('close', () => reject(new Error(`${name} ended: ${lines.join(' | ')}`)))
    })
  return { child, lines, line }
}

function freePort(name: Name, env: StartOptions['env']): Record<string, string> {
  return { [`${name.toUpperCase().replace('-', '_')}_PORT`]: '0', ...env }
}
