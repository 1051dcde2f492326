/** Deaths that nobody asked for: why, what it cost, what the daemon said at last, and what follows.
 *  One line of the log, and one record that is kept: for the exit report, and for the command that
 *  is run at a death. */

import type { KeptDeath } from '../../control/server/control-plane.ts'
import type { DeathNote } from '../../core/effect.ts'
import { signalNumbers } from '../../core/signals.ts'
import { formatDuration } from '../../core/text/duration.ts'
import type { Host } from '../../host/host.ts'
import { auxiliaryOf } from '../image/load-auxiliary.ts'

const noDeath = 'no daemon is known to have died of it'
const killedInTheLast = ', the kernel killed a process for memory in the last'

export class Deaths {
  readonly #host: Host
  /** How many kills for memory are told of or too old for a death of now; null = not known. */
  #oomKills: number | null = null
  #lookedAtMs = 0
  /** Of each daemon that had one. */
  readonly last: Map<string, KeptDeath> = new Map()

  constructor(host: Host) {
    this.#host = host
    this.recover()
  }

  /** All kills for memory until now are old: at the start, and after a failure of ours. */
  recover(): void {
    this.#oomKills = this.#host.oomKills()?.count ?? null
    this.#lookedAtMs = this.#host.now()
  }

  /** @param count Of kills for memory; the deaths that came of them are told.
   *  @returns Words for those of which no death came; null = there are none. */
  unreportedOomKills(count: number): string | null {
    const more = count - (this.#oomKills ?? count)
    this.#oomKills = count
    if (more <= 0) return null
    const killed = more === 1 ? 'a process' : `${more} processes`
    return `the kernel killed ${killed} for memory (${count} in all); ${noDeath}`
  }

  /** Keeps the record of it. @returns Its words for the log. */
  record(note: DeathNote): string {
    const resources = note.kind === 'died' ? this.#host.runResources(note.daemon, note.run) : null
    const memory = this.#memoryNote(note)
    const { record, startFailure, words } = auxiliaryOf(this.#host).describeDeath(
      note,
      resources,
      memory,
    )
    this.last.set(note.daemon, { atMs: this.#host.now(), record, startFailure })
    return words
  }

  /** For the command of a death, which was told before. */
  environment({ daemon, run }: DeathNote): readonly string[] {
    const record = this.last.get(daemon)?.record
    if (record?.run !== run) return []
    const { cause, next, lastLines } = record
    return [
      `PITCREW_CAUSE=${cause}`,
      `PITCREW_NEXT=${next}`,
      // An entry of the environment ends at a NUL.
      `PITCREW_LAST_LINES=${lastLines.join('\n').split('\0').join('?')}`,
    ]
  }

  /** Only of a KILL that was not ours, and the counter does not say which process it was. Where it
   *  is not watched, a growth may be as old as the last look. */
  #memoryNote(note: DeathNote): string {
    if (note.kind !== 'died' || note.signal !== signalNumbers.KILL) return ''
    const before = this.#oomKills
    const kills = this.#host.oomKills()
    if (before === null || kills === null) {
      this.#oomKills = kills?.count ?? null
      return ''
    }
    const hasGrown = kills.count > before
    if (kills.isWatched) {
      if (hasGrown) this.#oomKills = before + 1
      return hasGrown ? ', probably out of memory' : ''
    }
    const sinceMs = this.#host.now() - this.#lookedAtMs
    this.#oomKills = kills.count
    this.#lookedAtMs += sinceMs
    if (!hasGrown) return ''
    return `${killedInTheLast} ${formatDuration(Math.ceil(sinceMs))}`
  }
}
