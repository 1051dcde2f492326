/** Everything that pitcrew reports goes to stdout and into the journal. */
import type { DeathNote, Note } from '../../core/effect.ts'
import type { Host } from '../../host/host.ts'
import { auxiliaryOf } from '../image/load-auxiliary.ts'
import type { Deaths } from './deaths.ts'
import type { Journal } from './journal.ts'
import { commonMessage, isPrinted } from './messages.ts'

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
    // The message of a ticket for the journal alone is formatted when the entry is read.
    if (note.kind === 'ticket' && !isPrinted(note)) return this.journal.record(note, null)
    const message = commonMessage(note)
    if (message !== null) this.#write(note, message)
    else if (isDeath(note)) {
      const text = this.deaths.record(note)
      this.#print(text)
      this.journal.record(note, text, this.deaths.last.get(note.daemon)?.record)
    } else this.#write(note, auxiliaryOf(this.#host).rareMessage(note))
  }

  #write(note: Note, text: string): void {
    if (isPrinted(note)) this.#print(text)
    this.journal.record(note, text)
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
