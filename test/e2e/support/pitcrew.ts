/** Runs the real binary with real processes, and reads its output. It is PID 1 of a PID
 *  namespace of its own where the machine permits that, and a subreaper elsewhere, with a
 *  warning. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Program } from './program.ts'

export const root: string = resolve(import.meta.dirname, '../../..')
/** PITCREW_BINARY selects another build, for example build/pitcrew-sanitize. */
export const binary: string = resolve(root, process.env.PITCREW_BINARY ?? 'build/pitcrew')
export const fixtures: string = join(root, 'test/fixtures')

const namespace = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child', '--']
export const canUnshare: boolean =
  spawnSync(namespace[0] as string, [...namespace.slice(1), 'true']).status === 0
if (!canUnshare)
  console.warn(
    'PID namespaces are not permitted: the fixtures run under a subreaper, not under PID 1',
  )

export interface Options {
  /** As PID 1 of a namespace (the default where permitted), or as a subreaper. */
  readonly asPid1?: boolean
  readonly env?: Readonly<Record<string, string>>
  /** Where its stdout goes; `pipe` is read by the test. */
  readonly stdout?: 'pipe' | 'ignore' | number
  /** Arguments instead of `run BUNDLE`. */
  readonly args?: readonly string[]
  readonly program?: string
  /** A command in front of the program that executes it: ['nohup'], or a shell that sets a
   *  limit. */
  readonly wrap?: readonly string[]
  /** A command in front of everything that starts it as a child: see channel.ts. */
  readonly via?: readonly string[]
  readonly stdin?: 'ignore' | 'pipe'
  /** How long a test waits for a line or the end, in milliseconds. */
  readonly timeoutMs?: number
}

/** A running pitcrew. `await using` ends it, also when the test fails. */
export class Pitcrew extends Program {
  /** Its scratch folder: the bundle, PITCREW_STATE_DIR and PITCREW_RUN_DIR. */
  readonly folder: string
  readonly #isPid1: boolean
  /** The number of processes between the test and pitcrew: `via`, `unshare`. */
  readonly #inFront: number

  constructor(bundle: string | object | null, options: Options = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'pitcrew-test-'))
    const isPid1 = options.asPid1 ?? canUnshare
    const args = options.args ?? ['run', writeBundle(folder, bundle)]
    const program = [...(options.wrap ?? []), options.program ?? binary, ...args]
    super([...(options.via ?? []), ...(isPid1 ? namespace : []), ...program], {
      cwd: root,
      env: {
        PATH: process.env.PATH,
        ASAN_OPTIONS: 'detect_leaks=0',
        PITCREW_STATE_DIR: folder,
        PITCREW_RUN_DIR: folder,
        FIXTURES: fixtures,
        ...options.env,
      },
      stdin: options.stdin ?? 'ignore',
      stdout: options.stdout ?? 'pipe',
      ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
    })
    this.folder = folder
    this.#isPid1 = isPid1
    this.#inFront = Number(options.via !== undefined) + Number(isPid1)
  }

  /** The pid of pitcrew in the test's namespace. */
  get pid(): number {
    let { pid } = this.process
    if (pid === undefined) throw new Error('pitcrew could not be started')
    for (let left = this.#inFront; left > 0; left--) pid = childrenOf(pid)[0] ?? pid
    return pid
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.pid, name)
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
}

/** Writes a bundle that is given as text (YAML) or as an object (JSON).
 *  @returns Its path. */
export function writeBundle(folder: string, bundle: string | object | null): string {
  const isText = typeof bundle === 'string'
  const path = join(folder, isText ? 'bundle.yaml' : 'bundle.json')
  if (bundle !== null) writeFileSync(path, isText ? bundle : JSON.stringify(bundle))
  return path
}

/** The pids of a process's children, in the test's namespace. */
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
    // It has already ended.
  }
}

/** `sh -c` with a script. */
export function sh(script: string): string[] {
  return ['/bin/sh', '-c', script]
}

/** Compiles a fixture that is written in C.
 *  @returns The path of the program. */
export function compileFixture(name: string, ...flags: readonly string[]): string {
  const target = join(root, 'build/fixtures', name)
  const folders = ['programs', 'hostile', 'checks']
  const source =
    folders.map((folder) => join(fixtures, folder, `${name}.c`)).find(existsSync) ?? name
  execFileSync('mkdir', ['-p', join(root, 'build/fixtures')])
  execFileSync(process.env.CC ?? 'cc', ['-O1', ...flags, '-o', `${target}.${process.pid}`, source])
  execFileSync('mv', [`${target}.${process.pid}`, target])
  return target
}
