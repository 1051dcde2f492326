/** Runs a supervisor under the stopwatch, from its start until none of its processes is left. */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { checkReports } from './checks.mjs'
import { descendants } from './processes.mjs'
import { makeRunFolder, program } from './scratch.mjs'

/** The grace of a stop, for contenders that can be configured. */
export const graceMs = 1000

/** A bundle of `count` daemons that run the same program of daemons/. A measure may add settings
 *  that only some contenders support: isRestartedAtOnce, reportsReady, after. */
export function bundleOf(kind, count) {
  return Array.from({ length: count }, (_, index) => ({
    name: `d${index}`,
    program: program(kind),
  }))
}

/**
 * Prepares a supervisor, passes it to `use`, and ends all of its processes afterwards.
 *
 * @param contender See contenders/index.mjs.
 * @param daemons   See bundleOf.
 * @param options   lineBytes, lines: the output of writers. isRead: check the daemons' lines.
 *                  keepsOutput: write them to a file. isPid1: run it in a PID namespace of its own.
 */
export async function withSupervisor(contender, daemons, options, use) {
  const folder = makeRunFolder()
  let run = null
  try {
    run = new SupervisorRun(contender, daemons, options, folder)
    return await use(run)
  } catch (error) {
    throw new Error(`${error.message}${run?.stderrTail() ?? ''}`, { cause: error })
  } finally {
    await run?.end()
    rmSync(folder, { recursive: true, force: true })
  }
}

class SupervisorRun {
  /** The reported pids by name, as seen in the supervisor's PID namespace. */
  pids = new Map()
  #daemons
  #folder
  #prepared
  #stopwatch
  #answers
  #closed

  constructor(contender, daemons, options, folder) {
    this.#daemons = daemons
    this.#folder = folder
    this.#prepared = contender.prepare(folder, daemons)
    const errors = openSync(join(folder, 'stderr'), 'w')
    const namespace = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child', '--']
    const words = [
      ...[folder, this.#outputOf(options)],
      ...(options.isPid1 ? namespace : []),
      ...this.#prepared.command,
    ]
    this.#stopwatch = spawn(program('stopwatch'), words, {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        BENCH_FOLDER: folder,
        BENCH_BYTES: String(options.lineBytes ?? 0),
        BENCH_LINES: String(options.lines ?? 0),
        ...this.#prepared.env,
      },
      stdio: ['pipe', 'pipe', errors],
    })
    closeSync(errors)
    this.#answers = createInterface({ input: this.#stopwatch.stdout })[Symbol.asyncIterator]()
    this.#closed = new Promise((resolve) => this.#stopwatch.on('close', resolve))
  }

  /** Starts the supervisor. @returns The time in ms until the last daemon has reported. */
  async boot() {
    const { ns, reports } = await this.#send('reports', this.#daemons.length, 'start')
    checkReports(this.#daemons, reports)
    this.pids = new Map(reports)
    return ns / 1e6
  }

  /** Starts the supervisor with daemons that may die. @returns The first `count` reports. */
  async start(count) {
    const { reports } = await this.#send('reports', count, 'start')
    // The last report of each daemon.
    this.pids = new Map(reports)
    return reports
  }

  /** @returns The next `count` reports. */
  async reports(count) {
    return (await this.#send('reports', count)).reports
  }

  /** Kills a daemon. @returns The time in ms until its next report, and the report. */
  async kill(name) {
    const words = ['signal', this.pids.get(name), constants.signals.SIGKILL]
    const { ns, reports } = await this.#send('reports', 1, ...words)
    return { ms: ns / 1e6, reports }
  }

  /** Restarts the second daemon. @returns The time in ms until its next report, and the report. */
  async restart(order = this.#prepared.restart) {
    const { ns, reports } = await this.#send('reports', 1, ...this.#commandFor(order))
    return { ms: ns / 1e6, reports }
  }

  /** The tool and the control socket; undefined if the benchmark does not use them. */
  get control() {
    return this.#prepared.control
  }

  /** Stops the supervisor. @returns The time in ms until no process is left. */
  async stop() {
    const { ns } = await this.#send('end', ...this.#commandFor(this.#prepared.stop))
    return ns / 1e6
  }

  /** Lets the writers write. @returns The time in ms until so many correct lines have arrived. */
  async write(lines) {
    const { ns, fault } = await this.#send('lines', lines, 'go', this.#daemons.length)
    if (fault !== '') throw new Error(fault)
    return ns / 1e6
  }

  /** @returns The latencies of `count` lines, in µs. */
  async ping(count) {
    const { latenciesNs, fault } = await this.#send('ping', count)
    if (fault !== '') throw new Error(fault)
    if (latenciesNs.includes(-1)) throw new Error('a line did not arrive')
    return latenciesNs.map((ns) => ns / 1e3)
  }

  /** The pids of the supervisor itself: all descendants of the stopwatch except the daemons. */
  ownPids() {
    const daemons = new Set(this.pids.values())
    return descendants(this.#stopwatch.pid).filter((pid) => !daemons.has(pid))
  }

  /** The bytes written to stdout and stderr so far, with `keepsOutput`. */
  outputBytes() {
    return statSync(join(this.#folder, 'stdout')).size + statSync(join(this.#folder, 'stderr')).size
  }

  /** The last lines that the supervisor and its tools wrote to stderr. */
  stderrTail() {
    const text = readFileSync(join(this.#folder, 'stderr'), 'utf8').trimEnd()
    return text === '' ? '' : `\n${text.split('\n').slice(-5).join('\n')}`
  }

  /** Ends the stopwatch, which kills all processes, in any state. */
  async end() {
    this.#stopwatch.stdin.end()
    await this.#closed
  }

  #commandFor(order) {
    if (order.run !== undefined) return ['run', ...order.run]
    return ['signal', this.supervisorPid, constants.signals[order.signal]]
  }

  async #send(...words) {
    this.#stopwatch.stdin.write(`${words.join('\t')}\n`)
    const { value, done } = await this.#answers.next()
    if (done) throw new Error(`the stopwatch ended at "${words.join(' ')}"`)
    const answer = JSON.parse(value)
    this.supervisorPid ??= answer.pid
    if (answer.isLate) {
      const what = answer.fault === '' ? '' : `; ${answer.fault}`
      throw new Error(`timeout of "${words.join(' ')}"${what}`)
    }
    return answer
  }

  /** The argument that tells the stopwatch where the supervisor's lines go. */
  #outputOf({ isRead, keepsOutput, lineBytes }) {
    if (isRead) return this.#writeTable(lineBytes ?? 0)
    return keepsOutput ? '+' : '-'
  }

  #writeTable(lineBytes) {
    const { prefixOf, own } = this.#prepared
    const lines = this.#daemons.map(({ name }, index) => `${name} ${prefixOf(name, index)}`)
    const path = join(this.#folder, 'table')
    writeFileSync(path, `${[`${lineBytes} ${own ?? '-'}`, ...lines].join('\n')}\n`)
    return path
  }
}
