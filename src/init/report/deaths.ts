/** Deaths that were not requested: cause, resource use, last lines, and what follows. Each is one
 *  line of the log, and one record that is kept for the exit report, the control plane and the
 *  death command. Kills for memory are attributed here, by the kernel's counter. */

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
  /** Kills for memory that were reported, or are too old for a death now; null = not known. */
  #oomKills: number | null = null
  #readAtMs = 0
  /** The last death of each daemon that had one. */
  readonly last: Map<string, KeptDeath> = new Map()

  constructor(host: Host) {
    this.#host = host
    this.recover()
  }

  /** Counts all kills for memory until now as old: at the start, and after a failure of pitcrew. */
  recover(): void {
    this.#oomKills = this.#host.oomKills()?.count ?? null
    this.#readAtMs = this.#host.now()
  }

  /** @param count All kills for memory. The deaths that they caused have been reported before.
   *  @returns A message about kills that caused no reported death; null = there were none. */
  unreportedOomKills(count: number): string | null {
    const more = count - (this.#oomKills ?? count)
    this.#oomKills = count
    if (more <= 0) return null
    const killed = more === 1 ? 'a process' : `${more} processes`
    return `the kernel killed ${killed} for memory (${count} in all); ${noDeath}`
  }

  /** Keeps the record of a death. @returns The words for log and journal. */
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

  /** The environment of the death command. The death must have been recorded before. */
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

  /** Says "probably", since the counter does not name the process. Only a KILL that pitcrew did not
   *  send is considered. An unwatched counter may have grown at any time since it was last read. */
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
    const sinceMs = this.#host.now() - this.#readAtMs
    this.#oomKills = kills.count
    this.#readAtMs += sinceMs
    if (!hasGrown) return ''
    return `${killedInTheLast} ${formatDuration(Math.ceil(sinceMs))}`
  }
}
