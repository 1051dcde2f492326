/** The journal: what happened, with a cursor each, in a file of bounded size that outlives this
 *  process, and the last of it in memory. A cursor is LIFE-N: when pitcrew was started, in
 *  milliseconds since 1970, and 1, 2, 3 ... in that life.
 *
 *  Nobody waits for a disk: a child appends what has come, a quarter of a second after the first of
 *  it, or at once when it is much; one child at a time. What cannot be written is tried again with
 *  what comes next; what there is no room for until then is counted. */

import type { JournalView, Recorded } from '../control/port.ts'
import type { Note } from '../core/effect.ts'
import { describeErrno } from '../errors.ts'
import type { Host } from '../host/host.ts'
import { stateFolders } from '../host/places.ts'
import type { DeathRecord } from './deaths.ts'
import { Entries } from './entries.ts'
import { daemonOf } from './entry-text.ts'
import type { Timers } from './timers.ts'

const flushAfterMs = 250
/** This much does not wait for long, in characters. */
const muchSize = 32 * 1024
const fileBytesMax = 1024 * 1024

const timer = { kind: 'journal' } as const

export class Journal implements JournalView {
  readonly #host: Host
  readonly #timers: Timers
  readonly #name: string
  readonly #print: (text: string) => void
  readonly #entries: Entries = new Entries()
  /** Told of each new entry. */
  listener: ((entry: Recorded) => void) | null = null
  /** Where the file may be, best first; null = nobody needed that yet. */
  #places: readonly string[] | null = null
  /** When the timer comes. */
  #flushAtMs = Number.POSITIVE_INFINITY
  #hasFailed = false

  /** @param name Of the bundle.
   *  @param print Says something on the common output alone. */
  constructor(host: Host, name: string, timers: Timers, print: (text: string) => void) {
    this.#host = host
    this.#name = name
    this.#timers = timers
    this.#print = print
  }

  /** @param words As they are in the log; null = they are not. */
  note(note: Note | null, words: string | null, death: DeathRecord | null = null): void {
    const entries = this.#entries
    entries.note({ wallMs: this.#host.wallMs(), note, death, words })
    this.#armFlush()
    if (this.listener === null) return
    const daemon = note === null ? null : daemonOf(note)
    this.listener({ daemon, text: () => entries.newest() })
  }

  /** The time for it has come. */
  flush(): void {
    this.#flushAtMs = Number.POSITIVE_INFINITY
    if (this.#entries.isWriting) return // What has come meanwhile follows when that is done.
    const text = this.#entries.take()
    if (text === null) return
    const errno = this.#host.appendAside(this.paths, text, fileBytesMax)
    if (errno !== null) this.appended(errno)
  }

  /** What became of what was being written. */
  appended(errno: string | null): void {
    if (errno === null) {
      this.#hasFailed = false
      this.#entries.written()
      if (this.#entries.isWaiting) this.#armFlush()
      return
    }
    this.#entries.notWritten()
    if (this.#hasFailed) return
    this.#hasFailed = true
    // Not in the journal: it would have to be written, in its turn.
    this.#print(`cannot write the journal: ${describeErrno(errno)}; it is kept in memory`)
  }

  /** After a failure of ours: the timer, or the answer of the child, may be lost. */
  mend(): void {
    this.#flushAtMs = Number.POSITIVE_INFINITY
    this.appended(null)
  }

  /** At the end of everything. */
  finish(): void {
    this.#timers.disarm(timer)
    const text = this.#entries.take()
    if (text !== null) this.#host.appendAside(this.paths, text, fileBytesMax)
  }

  get cursor(): string {
    const entries = this.#entries
    entries.lifeMs ||= this.#host.wallMs()
    return `${entries.lifeMs}-${entries.count}`
  }

  kept(): readonly string[] {
    return this.#entries.read()
  }

  get paths(): readonly string[] {
    const file = `${this.#name}/journal.ndjson`
    this.#places ??= stateFolders(this.#host).map((folder) => `${folder}/${file}`)
    return this.#places
  }

  #armFlush(): void {
    const isMuch = this.#entries.waitingSize >= muchSize
    const isArmed = this.#flushAtMs < Number.POSITIVE_INFINITY
    if ((isArmed && !isMuch) || this.#entries.isWriting) return
    const atMs = this.#host.now() + (isMuch ? 0 : flushAfterMs)
    if (atMs >= this.#flushAtMs) return
    this.#flushAtMs = atMs
    this.#timers.arm(timer, atMs)
  }
}
