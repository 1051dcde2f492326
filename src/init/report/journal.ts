/** The journal: what happened, with a cursor each, in a file of bounded size that outlives this
 *  process, and the last of it in memory. A cursor is LIFE-N: when pitcrew was started, in
 *  milliseconds since 1970, and 1, 2, 3 ... in that life.
 *
 *  A helper appends what has come, a quarter of a second after the first of it, or at once when it
 *  is much; one helper at a time. What cannot be written, or not in time, is tried again with what
 *  comes next; what there is no room for until then is counted. */

import type { DeathRecord, JournalView, NewEntry } from '../../control/server/control-plane.ts'
import type { Note } from '../../core/effect.ts'
import { describeErrno } from '../../errors.ts'
import type { Host } from '../../host/host.ts'
import { stateFolders } from '../../host/places.ts'
import type { Tasks } from '../loop/tasks.ts'
import type { Timers } from '../loop/timers.ts'
import { Entries } from './journal-entries.ts'
import { daemonOf } from './journal-entry-text.ts'

const flushAfterMs = 250
/** This much does not wait for long, in characters. */
const muchSize = 32 * 1024
const fileBytesMax = 1024 * 1024
/** How long a helper may take to write, in milliseconds. */
const writeMs = 10_000
/** The same at the end, which waits for it: a disk that hangs costs that much. */
export const lastWriteMs = 2000

const timer = { kind: 'journal' } as const

export class Journal implements JournalView {
  readonly #host: Host
  readonly #tasks: Tasks
  readonly #timers: Timers
  readonly #name: string
  readonly #print: (text: string) => void
  readonly #entries: Entries = new Entries()
  /** Told of each new entry. */
  listener: ((entry: NewEntry) => void) | null = null
  /** Where files that outlive this process may be, best first. Looked for once, before the first
   *  daemon starts: the disk may hang later. */
  readonly folders: readonly string[]
  /** When the timer comes. */
  #flushAtMs = Number.POSITIVE_INFINITY
  #hasFailed = false
  /** Of what is being written, or was the last time. */
  #task = 0

  /** @param name Of the bundle.
   *  @param print Says something on the common output alone. */
  constructor(
    host: Host,
    tasks: Tasks,
    name: string,
    timers: Timers,
    print: (text: string) => void,
  ) {
    this.#host = host
    this.#tasks = tasks
    this.#name = name
    this.#timers = timers
    this.#print = print
    this.folders = stateFolders(host)
  }

  /** @param words null: those of a ticket, made when they are needed. */
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
    if (text !== null) this.#append(text, writeMs)
  }

  #append(text: string, timeoutMs: number): void {
    const task = { append: this.paths, text, maxBytes: fileBytesMax, timeoutMs }
    const started = this.#tasks.start(task, ({ errno }) => this.#appended(errno))
    if (typeof started === 'string') this.#appended(started)
    else this.#task = started
  }

  /** What became of what was being written. */
  #appended(errno: string | null): void {
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

  /** After a failure of ours: the timer may be lost, and the answer of the helper is forgotten.
   *  What was being written is most likely written, and is not written again. */
  mend(): void {
    this.#flushAtMs = Number.POSITIVE_INFINITY
    this.#appended(null)
  }

  /** At the end of everything: what is still being written is not waited for. */
  finish(): void {
    this.#timers.disarm(timer)
    this.#tasks.ignore(this.#task)
    const text = this.#entries.take()
    if (text !== null) this.#append(text, lastWriteMs)
  }

  get cursor(): string {
    const entries = this.#entries
    entries.lifeMs ||= this.#host.wallMs()
    return `${entries.lifeMs}-${entries.count}`
  }

  kept(): readonly string[] {
    return this.#entries.read()
  }

  /** Where the file may be, best first. */
  get paths(): readonly string[] {
    const file = `${this.#name}/journal.ndjson`
    return this.folders.map((folder) => `${folder}/${file}`)
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
