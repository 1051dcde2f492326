/** What runs say of themselves, after native/health/ready.c: by a channel that they were given, or by messages of sd_notify.
 *  It is read before the ends of processes, so that the last words come first. */

import type { HostEvent, SpawnSpec } from '../../../src/host/host.ts'
import { fieldsOf, linesOf } from '../../notify-fields.ts'
import type { Agenda } from './agenda.ts'
import type { Owner, Process } from './kernel.ts'
import type { Runs } from './runs.ts'
import { type Life, never, type Word } from './schedule.ts'

type Said = Extract<HostEvent, { type: 'ready' | 'notify' }>

export class Words {
  readonly #agenda: Agenda
  readonly #runs: Runs
  #said: Said[] = []

  constructor(agenda: Agenda, runs: Runs) {
    this.#agenda = agenda
    this.#runs = runs
  }

  /** A run begins, and with it what it will say. */
  plan(of: Owner, leader: Process, { words }: Life, spec: SpawnSpec): void {
    for (const word of words) this.#later(of, leader, word, spec, word.afterMs)
  }

  #later(of: Owner, leader: Process, word: Word, spec: SpawnSpec, afterMs: number): void {
    if (afterMs >= never) return
    this.#agenda.after(afterMs, () => {
      const isAlive = leader.state === 'alive'
      if ((isAlive && !leader.isStopped) || word.isLate) this.#say(of, word, spec)
      if (isAlive) this.#later(of, leader, word, spec, word.everyMs)
    })
  }

  #say(of: Owner, { text }: Word, { ready, notify }: SpawnSpec): void {
    if (text === null) {
      const hasChannel = ready?.type === 'fd' || ready?.type === 'log'
      if (hasChannel && this.#runs.markReady(of)) this.#said.push({ type: 'ready', ...of })
    } else if (notify) {
      const fields = fieldsOf(text)
      if (ready?.type === 'notify' && fields.READY === '1') this.#runs.markReady(of)
      if (linesOf(fields).length > 0) this.#said.push({ type: 'notify', ...of, fields })
    }
  }

  get areThere(): boolean {
    return this.#said.length > 0
  }

  /** @param of Whose; null = anybody's. */
  next(of: Owner | null): Said | undefined {
    if (of === null) return this.#said.shift()
    const at = this.#said.findIndex(({ daemon, run }) => daemon === of.daemon && run === of.run)
    return at < 0 ? undefined : this.#said.splice(at, 1)[0]
  }
}
