/** Self-reports of runs, modelled on native/health/ready.c: on a channel, or as sd_notify
 *  messages. They are read before the ends of processes, so that none is lost. */

import type { Channels, HostEvent } from '../../../src/host/host.ts'
import { fieldsOf, linesOf } from '../../notify-fields.ts'
import type { Agenda } from './agenda.ts'
import type { Owner, Process } from './kernel.ts'
import type { Runs } from './runs.ts'
import { type Life, never, type SelfReport } from './schedule.ts'

type SentReport = Extract<HostEvent, { type: 'ready' | 'notify' }>

export class SelfReports {
  readonly #agenda: Agenda
  readonly #runs: Runs
  #sent: SentReport[] = []

  constructor(agenda: Agenda, runs: Runs) {
    this.#agenda = agenda
    this.#runs = runs
  }

  /** Schedules the self-reports of a new run. */
  schedule(of: Owner, leader: Process, { selfReports: words }: Life, channels: Channels): void {
    for (const word of words) this.#later(of, leader, word, channels, word.afterMs)
  }

  #later(of: Owner, leader: Process, word: SelfReport, channels: Channels, afterMs: number): void {
    if (afterMs >= never) return
    this.#agenda.after(afterMs, () => {
      const isAlive = leader.state === 'alive'
      if ((isAlive && !leader.isStopped) || word.isLate) this.#send(of, word, channels)
      if (isAlive) this.#later(of, leader, word, channels, word.everyMs)
    })
  }

  #send(of: Owner, { text }: SelfReport, { ready, notify }: Channels): void {
    if (text === null) {
      const hasChannel = ready?.type === 'fd' || ready?.type === 'log'
      if (hasChannel && this.#runs.markReady(of)) this.#sent.push({ type: 'ready', ...of })
    } else if (notify) {
      const fields = fieldsOf(text)
      if (ready?.type === 'notify' && fields.READY === '1') this.#runs.markReady(of)
      if (linesOf(fields).length > 0) this.#sent.push({ type: 'notify', ...of, fields })
    }
  }

  get isPending(): boolean {
    return this.#sent.length > 0
  }

  /** @param of The run; null: any. */
  next(of: Owner | null): SentReport | undefined {
    if (of === null) return this.#sent.shift()
    const at = this.#sent.findIndex(({ daemon, run }) => daemon === of.daemon && run === of.run)
    return at < 0 ? undefined : this.#sent.splice(at, 1)[0]
  }
}
