/** Runs verbs of the command line against a real pitcrew, and shows them in a terminal. */
import { execFileSync, spawnSync } from 'node:child_process'
import { binary, type Pitcrew } from './pitcrew.ts'
import { eventually } from './processes.ts'
import { Program } from './program.ts'

/** Starts a verb. Its output is UTF-8 read as latin1, as with every Program. */
export function startVerb(
  { folder }: Pick<Pitcrew, 'folder'>,
  ...args: readonly string[]
): Program {
  return new Program([binary, ...args], { env: clientEnvironment(folder) })
}

export interface VerbResult {
  readonly status: number
  readonly out: readonly string[]
  readonly err: readonly string[]
}

/** Runs a verb to its end. */
export async function runVerb(
  pitcrew: Pick<Pitcrew, 'folder'>,
  ...args: readonly string[]
): Promise<VerbResult> {
  const program = startVerb(pitcrew, ...args)
  const status = await program.exitCode()
  return { status, out: program.lines, err: program.errors }
}

/** The answer of a verb with --json. */
export async function jsonAnswer<T>(
  pitcrew: Pick<Pitcrew, 'folder'>,
  ...args: readonly string[]
): Promise<T> {
  const { out } = await runVerb(pitcrew, ...args, '--json')
  return JSON.parse(Buffer.from(out[0] ?? 'null', 'latin1').toString('utf8'))
}

export function clientEnvironment(folder: string): Record<string, string> {
  return { PATH: process.env.PATH ?? '', PITCREW_RUN_DIR: folder, ASAN_OPTIONS: 'detect_leaks=0' }
}

/** Replaces what differs in each run: durations, pids, the version. */
export function maskVariableParts(text: string): string {
  return text
    .replace(/\d+(\.\d+)? m?s\b/g, '<time>')
    .replace(/pid \d+( -> \d+)?/g, (pids) => pids.replace(/\d+/g, '<pid>'))
    .replace(/\d+\.\d+\.\d+/, '<version>')
}

export const hasTmux: boolean = spawnSync('tmux', ['-V']).status === 0
if (!hasTmux) console.warn('tmux is not installed: tests of terminal output are skipped')

/** A terminal with a shell in it, in which `pitcrew` is the binary. */
export class Screen {
  readonly #server = `pitcrew-test-${process.pid}-${Math.random().toString(36).slice(2)}`

  constructor(folder: string, columns: number, rows: number) {
    const env = {
      ...clientEnvironment(folder),
      TERM: 'xterm-256color',
      PS1: '$ ',
      SHELL: '/bin/sh',
      P: binary,
    }
    const size = ['-x', String(columns), '-y', String(rows)]
    const words = ['-f', '/dev/null', 'new-session', '-d', ...size, '/bin/sh', '-i']
    execFileSync('tmux', ['-L', this.#server, ...words], { env })
  }

  /** Types a line. */
  type(text: string): void {
    this.#tmux('send-keys', '-l', `${text}\n`)
  }

  press(key: string): void {
    this.#tmux('send-keys', key)
  }

  /** The visible text, without trailing empty lines. */
  text(withColours = false): string {
    return this.#tmux('capture-pane', '-p', ...(withColours ? ['-e'] : [])).trimEnd()
  }

  async untilShown(wanted: string | RegExp): Promise<void> {
    await eventually(`the screen shows ${String(wanted)}; it shows:\n${this.text()}`, () =>
      typeof wanted === 'string' ? this.text().includes(wanted) : wanted.test(this.text()),
    )
  }

  [Symbol.dispose](): void {
    this.#tmux('kill-server')
  }

  #tmux(...words: readonly string[]): string {
    return execFileSync('tmux', ['-L', this.#server, ...words], { encoding: 'utf8' })
  }
}
