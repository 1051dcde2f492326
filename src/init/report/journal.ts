/** The journal: entries with a cursor, in a file of bounded size that outlives this process; the
 *  latest entries are also in memory. A cursor is LIFE-N: the start of pitcrew in milliseconds
 *  since 1970, and the number of the entry in that life.
 *
 *  A helper appends new entries 250 ms after the first of them, or at once if they are many. One
 *  helper works at a time, so that a full or hung disk never delays PID 1. Entries that could not
 *  be written are tried again with the next ones; entries that are dropped meanwhile are counted.
 */

import type { DeathRecord, JournalView, NewEntry } from '../../control/server/control-plane.ts'
import type { Note } from '../../core/effect.ts'
import type { Change } from '../../core/operations/change.ts'
import { describeReason, describeRequester } from '../../core/text/describe.ts'
import { isoTime } from '../../core/text/iso-time.ts'
import type { Outcome, RunAndPid, Ticket } from '../../core/ticket.ts'
import { describeErrno } from '../../errors.ts'
import type { Host } from '../../host/host.ts'
import { stateFolders } from '../../host/places.ts'
import type { Tasks } from '../loop/tasks.ts'
import type { Timers } from '../loop/timers.ts'
import { commonWords, daemonOf } from './messages.ts'

const flushAfterMs = 250
/** This much text is written at once, in characters. */
const muchSize = 32 * 1024
const fileBytesMax = 1024 * 1024
/** The timeout of an append, in milliseconds. */
const writeMs = 10_000
/** The timeout of a write at the end, in milliseconds. The end waits for it if the disk hangs. */
export const lastWriteMs = 2000

/** Limits in characters: of all entries, and of written ones while no client has read the journal.
 */
const keptMax = 128 * 1024
const writtenMax = 16 * 1024
const pendingMax = 100

const timer = { kind: 'journal' } as const

export class Journal implements JournalView {
  readonly #host: Host
  readonly #tasks: Tasks
  readonly #timers: Timers
  /** The name of the bundle. */
  readonly name: string
  readonly #print: (text: string) => void
  readonly #entries: Entries = new Entries()
  /** Gets each new entry. */
  listener: ((entry: NewEntry) => void) | null = null
  /** Folders for files that outlive this process, best first. Determined before the first daemon
   *  starts, since the disk may hang later. */
  readonly folders: readonly string[]
  /** When the flush timer elapses; Infinity = it is not armed. */
  #flushAtMs = Number.POSITIVE_INFINITY
  #hasFailed = false
  /** The id of the last append. */
  #task = 0

  /** @param name  The name of the bundle.
   *  @param print Prints a line on stdout that is not recorded in the journal. */
  constructor(
    host: Host,
    tasks: Tasks,
    name: string,
    timers: Timers,
    print: (text: string) => void,
  ) {
    this.#host = host
    this.#tasks = tasks
    this.name = name
    this.#timers = timers
    this.#print = print
    this.folders = stateFolders(host)
  }

  /** @param note  null: an entry about pitcrew itself.
   *  @param words null: those of a ticket, formed when they are needed. */
  record(note: Note | null, words: string | null, death: DeathRecord | null = null): void {
    const entries = this.#entries
    const wallMs = this.#host.wallMs()
    entries.lifeMs ||= wallMs
    if (entries.pending.push([wallMs, note, words, death]) >= pendingMax) entries.format()
    if (this.#flushAtMs === Number.POSITIVE_INFINITY || entries.waitingSize >= muchSize)
      this.#armFlush()
    if (this.listener === null) return
    const daemon = note === null ? null : daemonOf(note)
    this.listener({ daemon, text: () => entries.newest() })
  }

  /** To be called when the flush timer has elapsed. */
  flush(): void {
    this.#flushAtMs = Number.POSITIVE_INFINITY
    if (this.#entries.isWriting) return // New entries follow when the append has ended.
    const text = this.#entries.take()
    if (text !== null) this.#append(text, writeMs)
  }

  #append(text: string, timeoutMs: number): void {
    const task = { append: this.paths, text, maxBytes: fileBytesMax, timeoutMs }
    const started = this.#tasks.start(task, ({ errno }) => this.#appended(errno))
    if (typeof started === 'string') this.#appended(started)
    else this.#task = started
  }

  /** @param errno Why the entries were not written; null = they were. */
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
    // Not in the journal, since that entry would have to be written, too.
    this.#print(`cannot write the journal: ${describeErrno(errno)}; entries are kept in memory`)
  }

  /** After a failure inside pitcrew: the timer may be lost, and the helper's end is ignored. The
   *  entries of that append are most likely written, and are not written again. */
  recover(): void {
    this.#flushAtMs = Number.POSITIVE_INFINITY
    this.#appended(null)
  }

  /** Writes the last entries. An append in progress is not waited for. */
  finish(): void {
    this.#timers.disarm(timer)
    this.#tasks.ignore(this.#task)
    const text = this.#entries.take()
    if (text !== null) this.#append(text, lastWriteMs)
  }

  /** The first part of all cursors of this life. */
  get life(): string {
    const entries = this.#entries
    entries.lifeMs ||= this.#host.wallMs()
    return String(entries.lifeMs)
  }

  get cursor(): string {
    const entries = this.#entries
    return `${this.life}-${entries.formatted + entries.pending.length}`
  }

  kept(): readonly string[] {
    return this.#entries.read()
  }

  /** Paths for the file, best first. */
  get paths(): readonly string[] {
    const file = `${this.name}/journal.ndjson`
    return this.folders.map((folder) => `${folder}/${file}`)
  }

  #armFlush(): void {
    if (this.#entries.isWriting) return
    const isMuch = this.#entries.waitingSize >= muchSize
    const atMs = this.#host.now() + (isMuch ? 0 : flushAfterMs)
    if (atMs >= this.#flushAtMs) return
    this.#flushAtMs = atMs
    this.#timers.arm(timer, atMs)
  }
}

/** An entry before it is formatted, which is put off until it is read or written: see `record`. A
 *  tuple, which the engine creates in a third of the time of an object. */
type PendingEntry = readonly [
  wallMs: number,
  note: Note | null,
  words: string | null,
  death: DeathRecord | null,
]

/** Entries of the journal in memory, oldest first:
 *
 *      written | being written | waiting | pending
 *
 *  Up to a hundred pending entries are not formatted yet, since that would slow a boot. Written
 *  entries are dropped first, then waiting ones, which are counted. */
class Entries {
  /** The start of this life, in milliseconds since 1970; 0 = no entry and no cursor so far. */
  lifeMs = 0
  /** How many entries of this life were formatted. */
  formatted = 0
  pending: PendingEntry[] = []
  #lines: string[] = []
  /** Characters of all lines, and of the waiting ones. */
  #size = 0
  waitingSize = 0
  #waiting = 0
  #writing = 0
  /** Entries that were dropped unwritten, and those of them that the current append mentions. */
  #dropped = 0
  #droppedTold = 0
  #isRead = false

  get isWriting(): boolean {
    return this.#writing > 0
  }

  get isWaiting(): boolean {
    return this.#waiting > 0 || this.pending.length > 0
  }

  /** All entries, oldest first. From now on, more written ones are kept. */
  read(): readonly string[] {
    this.format()
    this.#isRead = true
    return this.#lines
  }

  newest(): string {
    this.format()
    return this.#lines.at(-1) as string
  }

  /** @returns The waiting entries as text to append, which count as being written; null = none. */
  take(): string | null {
    this.format()
    if (this.#waiting === 0) return null
    const lines = this.#lines.slice(-this.#waiting)
    if (this.#dropped > 0) lines[0] = withDropped(lines[0] as string, this.#dropped)
    this.#writing = this.#waiting
    this.#droppedTold = this.#dropped
    this.#waiting = this.waitingSize = this.#dropped = 0
    return `${lines.join('\n')}\n`
  }

  written(): void {
    this.#writing = this.#droppedTold = 0
    this.#trim()
  }

  /** The entries that were being written wait again, except those that were dropped meanwhile. */
  notWritten(): void {
    const left = Math.min(this.#writing, this.#lines.length - this.#waiting)
    this.#waiting += left
    this.#dropped += this.#writing - left + this.#droppedTold
    this.#writing = this.#droppedTold = 0
    this.waitingSize = sizeOf(this.#lines.slice(this.#lines.length - this.#waiting))
  }

  format(): void {
    const { pending } = this
    if (pending.length === 0) return
    const lines = this.#lines
    const life = String(this.lifeMs)
    let size = 0
    for (let at = 0; at < pending.length; at++) {
      const line = entryText(life, ++this.formatted, pending[at] as PendingEntry)
      lines.push(line)
      size += line.length
    }
    this.#size += size
    this.waitingSize += size
    this.#waiting += pending.length
    this.pending = []
    this.#trim()
  }

  #trim(): void {
    const inFile = this.#lines.length - this.#waiting - this.#writing
    let from = 0
    for (; from < this.#lines.length; from++) {
      if (this.#size <= (from < inFile && !this.#isRead ? writtenMax : keptMax)) break
      this.#size -= (this.#lines[from] as string).length
    }
    if (from === 0) return
    this.#lines = this.#lines.slice(from)
    const lost = Math.max(0, this.#waiting - this.#lines.length)
    if (lost === 0) return
    this.#waiting -= lost
    this.waitingSize = this.#size
    this.#dropped += lost
  }
}

function sizeOf(lines: readonly string[]): number {
  return lines.reduce((size, line) => size + line.length, 0)
}

/** Adds to an entry how many before it are missing. */
function withDropped(line: string, dropped: number): string {
  const behindCursor = line.indexOf(',')
  return `${line.slice(0, behindCursor)},"dropped":${dropped}${line.slice(behindCursor)}`
}

/** @param life   The first part of the cursor.
 *  @param number The second part. */
function entryText(life: string, number: number, entry: PendingEntry): string {
  const note = entry[1]
  const words = entry[2]
  const head = `{"cursor":"${life}-${String(number)}","at":"${isoTime(entry[0])}","type":"`
  if (note === null) return `${head}pitcrew","words":${JSON.stringify(words)}}`
  if (note.kind === 'started' || note.kind === 'stopped') return commonText(head, note, words)
  const death = entry[3]
  const daemon = daemonOf(note)
  const about = daemon === null ? '' : `,"daemon":"${daemon}"`
  const message = JSON.stringify(words ?? commonWords(note))
  const text = `${head}${note.kind}"${about},"words":${message}${detailsText(note)}`
  return death === null ? `${text}}` : `${text},${JSON.stringify(death).slice(1)}`
}

/** Formats the most frequent entries, which contain no character that JSON escapes, by hand: at the
 *  end of a thousand daemons there are a thousand of them. The engine joins strings in one go, but
 *  numbers one after the other. */
function commonText(
  head: string,
  note: Extract<Note, { kind: 'started' | 'stopped' }>,
  words: string | null,
): string {
  const { kind, daemon } = note
  const run = String(note.run)
  const pid = String(note.pid)
  const exit =
    kind === 'started' ? '' : `,"code":${String(note.code)},"signal":${String(note.signal)}`
  return `${head}${kind}","daemon":"${daemon}","words":"${words}","run":${run},"pid":${pid}${exit}}`
}

/** The fields of a kind of note, each after a comma. Frequent kinds are formatted by hand. */
function detailsText(note: Note): string {
  switch (note.kind) {
    case 'ticket':
      return ticketText(note.ticket)
    case 'died':
      return `,"code":${note.code},"signal":${note.signal}`
    case 'unfit':
      return `,"fault":"${note.fault}"`
    case 'start-failed':
      return fieldsText({ command: note.command, step: note.step, errno: note.errno })
    case 'shutdown': {
      const { reason, daemons, deadlineMs } = note
      return fieldsText({ reason: describeReason(reason), daemons, deadlineMs })
    }
    default:
      return fieldsText(note)
  }
}

function fieldsText(fields: Readonly<Record<string, unknown>>): string {
  let text = ''
  for (const key in fields) {
    const value = fields[key]
    // Fractions of a millisecond are left out.
    if (typeof value === 'number') text += `,"${key}":${Math.round(value)}`
    else if (key !== 'kind' && key !== 'daemon') text += `,"${key}":${JSON.stringify(value)}`
  }
  return text
}

/** The engine joins strings in one go, but numbers one after the other. */
function ticketText({ id, verb, by, why, requests, old, outcome, change }: Ticket): string {
  const asked = `"by":"${describeRequester(by)}","why":${why === '' ? '""' : JSON.stringify(why)}`
  const about = `,"ticket":${String(id)},"verb":"${verb}",${asked},"requests":${String(requests)}`
  const file = change === undefined ? '' : `,"change":${changeText(change)}`
  return `${about},"old":${runText(old)}${outcomeText(outcome)}${file}`
}

/** Without the diff, which may be long. */
function changeText({ path, result, before, after, revision, words }: Change): string {
  return JSON.stringify({ path, result, before, after, revision, words })
}

function outcomeText(outcome: Outcome): string {
  if (outcome.kind === 'open') return ',"outcome":"open"'
  const text = `,"outcome":"${outcome.kind}","tookMs":${String(Math.round(outcome.tookMs))}`
  switch (outcome.kind) {
    case 'done':
      return `${text},"now":${runText(outcome.now)},"changed":${String(outcome.changed)}`
    case 'ended':
      return `${text},"exitCode":${outcome.exitCode}`
    case 'failed':
      return `${text},"cause":${JSON.stringify(outcome.why)}`
    case 'superseded':
      return `${text},"supersededBy":${outcome.by}`
  }
}

function runText(of: RunAndPid | null): string {
  return of === null ? 'null' : `{"run":${String(of.run)},"pid":${String(of.pid)}}`
}
