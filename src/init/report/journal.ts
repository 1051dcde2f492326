/** The journal: what happened, with a cursor each, in a file of bounded size that outlives this
 *  process, and the last of it in memory. A cursor is LIFE-N: when pitcrew was started, in
 *  milliseconds since 1970, and 1, 2, 3 ... in that life.
 *
 *  A helper appends what has come, a quarter of a second after the first of it, or at once when it
 *  is much; one helper at a time. What cannot be written, or not in time, is tried again with what
 *  comes next; what there is no room for until then is counted. */

import type { DeathRecord, JournalView, NewEntry } from '../../control/server/control-plane.ts'
import type { Note } from '../../core/effect.ts'
import { describeReason, describeRequester } from '../../core/text/describe.ts'
import { isoTime } from '../../core/text/iso-time.ts'
import type { Outcome, Ticket } from '../../core/ticket.ts'
import { describeErrno } from '../../errors.ts'
import type { Host } from '../../host/host.ts'
import { stateFolders } from '../../host/places.ts'
import type { Tasks } from '../loop/tasks.ts'
import type { Timers } from '../loop/timers.ts'
import { commonMessage } from './messages.ts'

const flushAfterMs = 250
/** This much does not wait for long, in characters. */
const muchSize = 32 * 1024
const fileBytesMax = 1024 * 1024
/** How long a helper may take to write, in milliseconds. */
const writeMs = 10_000
/** The same at the end, which waits for it: a disk that hangs costs that much. */
export const lastWriteMs = 2000

/** In characters: all of it; and what is written, as long as nobody has read it. */
const keptMax = 128 * 1024
const writtenMax = 16 * 1024
const pendingMax = 100

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

  /** @param text null: those of a ticket, made when they are needed. */
  record(note: Note | null, text: string | null, death: DeathRecord | null = null): void {
    const entries = this.#entries
    entries.note({ wallMs: this.#host.wallMs(), note, death, words: text })
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
    this.#print(`cannot write the journal: ${describeErrno(errno)}; entries are kept in memory`)
  }

  /** After a failure of ours: the timer may be lost, and the answer of the helper is forgotten.
   *  What was being written is most likely written, and is not written again. */
  recover(): void {
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

/** As little as can be kept until somebody wants to read it. */
interface PendingEntry {
  readonly wallMs: number
  /** null: something about pitcrew itself. */
  readonly note: Note | null
  /** Of an unasked death. */
  readonly death: DeathRecord | null
  /** null: those of a ticket, which are made when they are needed. */
  readonly words: string | null
}

/** Entries of the journal in memory. First they are noted, then text; the oldest are written, or
 *  are being written:
 *
 *      written | being written | waiting | noted
 *
 *  A hundred may be noted and not be text yet: at a boot there is no time for that. What is written
 *  is let go first, and then what waits, which is counted. */
class Entries {
  /** When this life began; 0 = nothing has happened in it. */
  lifeMs = 0
  /** The number of the newest one. */
  count = 0
  #pending: PendingEntry[] = []
  #lines: string[] = []
  /** Characters of all lines; of those that wait. */
  #size = 0
  #waitingSize = 0
  #waiting = 0
  #writing = 0
  /** How many were let go unwritten; how many of those are told in what is being written. */
  #dropped = 0
  #droppedTold = 0
  #isRead = false

  note(noted: PendingEntry): void {
    if (this.count === 0) this.lifeMs ||= noted.wallMs
    this.count++
    this.#pending.push(noted)
    if (this.#pending.length >= pendingMax) this.#format()
  }

  get isWriting(): boolean {
    return this.#writing > 0
  }

  get isWaiting(): boolean {
    return this.#waiting > 0 || this.#pending.length > 0
  }

  /** How much is text and waits, in characters. */
  get waitingSize(): number {
    return this.#waitingSize
  }

  /** All of them, oldest first. More of it is kept from now on. */
  read(): readonly string[] {
    this.#format()
    this.#isRead = true
    return this.#lines
  }

  newest(): string {
    this.#format()
    return this.#lines.at(-1) as string
  }

  /** What waits, as it is to be written; null = nothing does. */
  take(): string | null {
    this.#format()
    if (this.#waiting === 0) return null
    const lines = this.#lines.slice(-this.#waiting)
    if (this.#dropped > 0) lines[0] = withDropped(lines[0] as string, this.#dropped)
    this.#writing = this.#waiting
    this.#droppedTold = this.#dropped
    this.#waiting = this.#waitingSize = this.#dropped = 0
    return `${lines.join('\n')}\n`
  }

  written(): void {
    this.#writing = this.#droppedTold = 0
    this.#trim()
  }

  /** What was being written waits again, as far as it is there. */
  notWritten(): void {
    const left = Math.min(this.#writing, this.#lines.length - this.#waiting)
    this.#waiting += left
    this.#dropped += this.#writing - left + this.#droppedTold
    this.#writing = this.#droppedTold = 0
    this.#waitingSize = sizeOf(this.#lines.slice(this.#lines.length - this.#waiting))
  }

  #format(): void {
    const noted = this.#pending
    if (noted.length === 0) return
    const lines = this.#lines
    let number = this.count - noted.length
    let size = 0
    for (const one of noted) {
      const line = entryText(`${this.lifeMs}-${++number}`, one)
      lines.push(line)
      size += line.length
    }
    this.#size += size
    this.#waitingSize += size
    this.#waiting += noted.length
    this.#pending = []
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
    this.#waitingSize = this.#size
    this.#dropped += lost
  }
}

function sizeOf(lines: readonly string[]): number {
  return lines.reduce((size, line) => size + line.length, 0)
}

/** Says in an entry how many before it are missing. */
function withDropped(line: string, dropped: number): string {
  const behindCursor = line.indexOf(',')
  return `${line.slice(0, behindCursor)},"dropped":${dropped}${line.slice(behindCursor)}`
}

function entryText(cursor: string, noted: PendingEntry): string {
  const { wallMs, note, death } = noted
  const head = `{"cursor":"${cursor}","at":"${isoTime(wallMs)}","type":"`
  if (note === null) return `${head}pitcrew","words":${JSON.stringify(noted.words)}}`
  const words = noted.words ?? commonMessage(note) ?? ''
  const usual = usualText(note, words)
  if (usual !== null) return head + usual
  const daemon = daemonOf(note)
  const isNamed = daemon !== null && words.startsWith(`${daemon}: `)
  // Who reads an entry sees its daemon anyway.
  const told = JSON.stringify(isNamed ? words.slice(daemon.length + 2) : words)
  const about = daemon === null ? '' : `,"daemon":"${daemon}"`
  const text = `${head}${note.kind}"${about},"words":${told}${detailsText(note)}`
  return death === null ? `${text}}` : `${text},${JSON.stringify(death).slice(1)}`
}

/** What every daemon comes to, without a character that JSON would not have as it is: put together
 *  by hand, since at the end of a thousand daemons there are a thousand such entries. */
function usualText(note: Note, words: string): string | null {
  if (note.kind !== 'started' && note.kind !== 'stopped') return null
  const { kind, daemon, run, pid } = note
  const told = words.slice(daemon.length + 2)
  const text = `${kind}","daemon":"${daemon}","words":"${told}","run":${run},"pid":${pid}`
  return kind === 'started' ? `${text}}` : `${text},"code":${note.code},"signal":${note.signal}}`
}

function daemonOf(note: Note): string | null {
  if (note.kind === 'ticket') return note.ticket.daemon
  return 'daemon' in note ? note.daemon : null
}

/** The fields of its own, each behind a comma. Put together by hand where it is often. */
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
    // Fractions of a millisecond are nobody's business.
    if (typeof value === 'number') text += `,"${key}":${Math.round(value)}`
    else if (key !== 'kind' && key !== 'daemon') text += `,"${key}":${JSON.stringify(value)}`
  }
  return text
}

function ticketText({ id, verb, by, why, requests, old, outcome }: Ticket): string {
  const asked = `"by":${JSON.stringify(describeRequester(by))},"why":${JSON.stringify(why)}`
  const about = `,"ticket":${id},"verb":"${verb}",${asked},"requests":${requests}`
  return `${about},"old":${JSON.stringify(old)}${outcomeText(outcome)}`
}

function outcomeText(outcome: Outcome): string {
  if (outcome.kind === 'open') return ',"outcome":"open"'
  const text = `,"outcome":"${outcome.kind}","tookMs":${Math.round(outcome.tookMs)}`
  switch (outcome.kind) {
    case 'done':
      return `${text},"now":${JSON.stringify(outcome.now)},"changed":${outcome.changed}`
    case 'ended':
      return `${text},"exitCode":${outcome.exitCode}`
    case 'failed':
      return `${text},"cause":${JSON.stringify(outcome.why)}`
    case 'superseded':
      return `${text},"supersededBy":${outcome.by}`
  }
}
