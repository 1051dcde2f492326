/** Runs the processes that judge mutations (worker.ts). A mutation that makes one of them hang
 *  or use up its memory is detected by that. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { JudgeName, Mutated } from './judge.ts'
import type { Settings } from './worker.ts'

export interface Verdict {
  /** What detected the mutation: a judge, a timeout, or a crash of the process. null: it
   *  survived. */
  readonly by: JudgeName | 'time' | 'crash' | null
  readonly how: string
}

/** Longer than any schedule or test file takes. */
const silenceMaxMs = 15_000
/** Longer than any verdict takes, also the first one, which loads everything. */
const limitMs = 120_000
/** More memory than any judge needs, in MiB. */
const memoryMaxMiB = 1024
/** The length of the kept end of stderr, in characters. */
const stderrMax = 2000

export class Job {
  readonly #program: string
  readonly #settings: Settings
  #child: ChildProcess | null = null
  #stderr = ''

  /** @param program The bundle of worker.ts. */
  constructor(program: string, settings: Settings) {
    this.#program = program
    this.#settings = settings
  }

  /** @param mutated null: the original. */
  async verdictOn(mutated: Mutated | null): Promise<Verdict> {
    const child = this.#child ?? (await this.#start())
    child.send({ mutated })
    const verdict = await this.#answerOf(child, mutated === null ? limitMs : silenceMaxMs)
    if (verdict.by === 'time' || verdict.by === 'crash') await this.end()
    return verdict
  }

  async end(): Promise<void> {
    const child = this.#child
    this.#child = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  async #start(): Promise<ChildProcess> {
    const child = fork(this.#program, [JSON.stringify(this.#settings)], {
      execArgv: [`--max-old-space-size=${memoryMaxMiB}`],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child = child
    this.#stderr = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-stderrMax)
    })
    const ended = once(child, 'exit').then(() => false)
    const isReady = await Promise.race([once(child, 'message').then(() => true), ended])
    if (!isReady) throw new Error(`cannot start a process that judges: ${this.#stderr}`)
    return child
  }

  #answerOf(child: ChildProcess, silenceMs: number): Promise<Verdict> {
    return new Promise((resolve) => {
      const late = () => answer({ by: 'time', how: 'timeout' })
      const silence = setTimeout(late, silenceMs)
      const limit = setTimeout(late, limitMs)
      const crashed = () => answer({ by: 'crash', how: this.#stderr })
      const receive = (message: Verdict | 'beat') => {
        if (message === 'beat') silence.refresh()
        else answer(message)
      }
      const answer = (verdict: Verdict) => {
        clearTimeout(silence)
        clearTimeout(limit)
        child.off('message', receive).off('exit', crashed)
        resolve(verdict)
      }
      child.on('message', receive).on('exit', crashed)
    })
  }
}
