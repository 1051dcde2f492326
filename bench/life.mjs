/** One life of a supervisor under the stopwatch: from its start until nothing of it is left. */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { checkReports } from './checks.mjs'
import { descendants } from './processes.mjs'
import { makeLifeFolder, program } from './scratch.mjs'

/** How long a stubborn daemon is waited for, by whoever can be told so. */
export const graceMs = 1000

/** A bundle of so many daemons of a kind: a program of daemons/. A measure may add what only some
 *  contenders can be told: isRestartedAtOnce, saysReady, after. */
export function bundleOf(kind, count) {
  return Array.from({ length: count }, (_, index) => ({
    name: `d${index}`,
    program: program(kind),
  }))
}

/**
 * Runs `use` with a life that has not begun, and ends what is left of it.
 *
 * @param contender Who supervises; see contenders/index.mjs.
 * @param daemons   From `bundleOf`.
 * @param options   lineBytes, lines: what writers write. isRead: the daemons' lines are checked.
 *                  keepsOutput: they go into a file. isPid1: in a PID namespace of its own.
 */
export async function withLife(contender, daemons, options, use) {
  const folder = makeLifeFolder()
  let life = null
  try {
    life = new Life(contender, daemons, options, folder)
    return await use(life)
  } catch (error) {
    throw new Error(`${error.message}${life?.lastWords() ?? ''}`, { cause: error })
  } finally {
    await life?.end()
    rmSync(folder, { recursive: true, force: true })
  }
}

class Life {
  /** By name, as they were reported; in a namespace, as they are numbered there. */
  pids = new Map()
  #daemons
  #folder
  #prepared
  #stopwatch
  #answers
  #isOver

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
    this.#isOver = new Promise((resolve) => this.#stopwatch.on('close', resolve))
  }

  /** @returns ms until the last daemon said that it is up. */
  async boot() {
    const { ns, reports } = await this.#order('reports', this.#daemons.length, 'start')
    checkReports(this.#daemons, reports)
    this.pids = new Map(reports)
    return ns / 1e6
  }

  /** Starts daemons that need not live. @returns So many reports. */
  async start(count) {
    const { reports } = await this.#order('reports', count, 'start')
    // The last that each of them said.
    this.pids = new Map(reports)
    return reports
  }

  /** @returns So many reports, those that nobody has looked at yet. */
  async reports(count) {
    return (await this.#order('reports', count)).reports
  }

  /** Kills a daemon. @returns ms, and who reported: see checkRestart. */
  async kill(name) {
    const words = ['signal', this.pids.get(name), constants.signals.SIGKILL]
    const { ns, reports } = await this.#order('reports', 1, ...words)
    return { ms: ns / 1e6, reports }
  }

  /** Restarts the second daemon. @returns ms, and who reported: see checkRestart. */
  async restart(order = this.#prepared.restart) {
    const { ns, reports } = await this.#order('reports', 1, ...this.#words(order))
    return { ms: ns / 1e6, reports }
  }

  /** Its tool and its socket; undefined: it has none that we speak. */
  get control() {
    return this.#prepared.control
  }

  /** @returns ms until no process is left. */
  async stop() {
    const { ns } = await this.#order('end', ...this.#words(this.#prepared.stop))
    return ns / 1e6
  }

  /** Lets the writers write. @returns ms until so many lines came, each of them right. */
  async write(lines) {
    const { ns, fault } = await this.#order('lines', lines, 'go', this.#daemons.length)
    if (fault !== '') throw new Error(fault)
    return ns / 1e6
  }

  /** @returns So many latencies of a line, in µs. */
  async ping(count) {
    const { latenciesNs, fault } = await this.#order('ping', count)
    if (fault !== '') throw new Error(fault)
    if (latenciesNs.includes(-1)) throw new Error('a line did not come')
    return latenciesNs.map((ns) => ns / 1e3)
  }

  /** The supervisor's own processes: all below the stopwatch but the daemons. */
  own() {
    const daemons = new Set(this.pids.values())
    return descendants(this.#stopwatch.pid).filter((pid) => !daemons.has(pid))
  }

  /** What went to stdout and stderr so far, with `keepsOutput`. */
  outputBytes() {
    return statSync(join(this.#folder, 'stdout')).size + statSync(join(this.#folder, 'stderr')).size
  }

  /** The last that the supervisor and its tools said on stderr. */
  lastWords() {
    const text = readFileSync(join(this.#folder, 'stderr'), 'utf8').trimEnd()
    return text === '' ? '' : `\n${text.split('\n').slice(-5).join('\n')}`
  }

  /** Whatever state it is in. */
  async end() {
    this.#stopwatch.stdin.end()
    await this.#isOver
  }

  #words(order) {
    if (order.run !== undefined) return ['run', ...order.run]
    return ['signal', this.supervisor, constants.signals[order.signal]]
  }

  async #order(...words) {
    this.#stopwatch.stdin.write(`${words.join('\t')}\n`)
    const { value, done } = await this.#answers.next()
    if (done) throw new Error(`the stopwatch ended at "${words.join(' ')}"`)
    const answer = JSON.parse(value)
    this.supervisor ??= answer.pid
    if (answer.isLate) {
      const what = answer.fault === '' ? '' : `; ${answer.fault}`
      throw new Error(`it does not come to "${words.join(' ')}": ${what}`)
    }
    return answer
  }

  /** The stopwatch's word for where the supervisor's lines go. */
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
