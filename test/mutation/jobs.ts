/** Processes that judge (worker.ts), and what is done when one of them does not come back: a
 *  mutation that goes on without end, or takes all memory, is told from the original by that. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { JudgeName, Mutated } from './judge.ts'
import type { Settings } from './worker.ts'

export interface Verdict {
  /** Who told it from the original: a judge; or it took too long, or the process that judged it
   *  ended. null = nobody, it survived. */
  readonly by: JudgeName | 'time' | 'crash' | null
  readonly how: string
}

/** No schedule and no file of tests takes so long. */
const silenceMaxMs = 15_000
/** No judgement takes so long, nor the first one, for which everything is loaded. */
const limitMs = 120_000
/** So much memory is more than any judge needs, in MiB. */
const memoryMaxMiB = 1024
/** What a process said last, in characters. */
const wordsMax = 2000

export class Job {
  readonly #program: string
  readonly #settings: Settings
  #child: ChildProcess | null = null
  #words = ''

  /** @param program What worker.ts was bundled to. */
  constructor(program: string, settings: Settings) {
    this.#program = program
    this.#settings = settings
  }

  /** @param mutated null = the original. */
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
    this.#words = ''
    child.stderr?.setEncoding('utf8').on('data', (words: string) => {
      this.#words = (this.#words + words).slice(-wordsMax)
    })
    const ended = once(child, 'exit').then(() => false)
    const isReady = await Promise.race([once(child, 'message').then(() => true), ended])
    if (!isReady) throw new Error(`cannot start a process that judges: ${this.#words}`)
    return child
  }

  #answerOf(child: ChildProcess, silenceMs: number): Promise<Verdict> {
    return new Promise((resolve) => {
      const late = () => answer({ by: 'time', how: 'it goes on without end' })
      const silence = setTimeout(late, silenceMs)
      const limit = setTimeout(late, limitMs)
      const crashed = () => answer({ by: 'crash', how: this.#words })
      const hear = (message: Verdict | 'beat') => {
        if (message === 'beat') silence.refresh()
        else answer(message)
      }
      const answer = (verdict: Verdict) => {
        clearTimeout(silence)
        clearTimeout(limit)
        child.off('message', hear).off('exit', crashed)
        resolve(verdict)
      }
      child.on('message', hear).on('exit', crashed)
    })
  }
}
