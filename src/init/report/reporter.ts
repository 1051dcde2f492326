/** Everything that pitcrew reports goes to stdout and into the journal. */
import type { DeathRecord } from '../../control/server/control-plane.ts'
import type { DeathNote, Note } from '../../core/effect.ts'
import type { Ticket } from '../../core/ticket.ts'
import type { Host } from '../../host/host.ts'
import { auxiliaryOf } from '../image/load-auxiliary.ts'
import type { Deaths } from './deaths.ts'
import type { Journal } from './journal.ts'
import { commonWords, daemonOf, isPrinted } from './messages.ts'

export class Reporter {
  readonly #host: Pick<Host, 'loadAuxiliary'>
  readonly #print: (text: string) => void
  readonly deaths: Deaths
  readonly journal: Journal

  /** @param print Prints a line of pitcrew's own on stdout. */
  constructor(
    host: Pick<Host, 'loadAuxiliary'>,
    print: (text: string) => void,
    deaths: Deaths,
    journal: Journal,
  ) {
    this.#host = host
    this.#print = print
    this.deaths = deaths
    this.journal = journal
  }

  report(note: Note): void {
    const isLogged = isPrinted(note)
    // The words of a ticket for the journal alone are formed when the entry is read.
    if (note.kind === 'ticket' && !isLogged) return this.journal.record(note, null)
    let words = commonWords(note)
    let death: DeathRecord | null = null
    if (words === null && isDeath(note)) {
      words = this.deaths.record(note)
      death = this.deaths.last.get(note.daemon)?.record ?? null
    }
    words ??= auxiliaryOf(this.#host).rareWords(note)
    const daemon = daemonOf(note)
    if (isLogged) this.#print(daemon === null ? words : `${daemon}: ${words}`)
    this.journal.record(note, words, death)
  }

  /** Reports the end of an operation; `words` is a line of the log. */
  reportOperation(ticket: Ticket, words: string): void {
    this.#print(ticket.daemon === null ? words : `${ticket.daemon}: ${words}`)
    this.journal.record({ kind: 'ticket', ticket }, words)
  }

  /** To be called after the deaths that were caused by these kills were reported. */
  reportOomKills(count: number): void {
    const text = this.deaths.unreportedOomKills(count)
    if (text !== null) this.log(text)
  }

  /** To be called after a failure inside pitcrew. */
  recover(): void {
    this.journal.recover()
    this.deaths.recover()
  }

  /** Reports something about pitcrew itself. */
  log(text: string): void {
    this.#print(text)
    this.journal.record(null, text)
  }
}

function isDeath(note: Note): note is DeathNote {
  return note.kind === 'died' || note.kind === 'unfit' || note.kind === 'start-failed'
}
