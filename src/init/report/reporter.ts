/** pitcrew's own words: everything that it tells goes to the common output and into the journal. */
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

  /** @param print Says something on the common output. */
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
    // The words of a ticket that is for the journal alone are made when they are read.
    if (note.kind === 'ticket' && !isPrinted(note)) return this.journal.record(note, null)
    const usual = commonMessage(note)
    if (usual !== null) this.#write(note, usual)
    else if (isDeath(note)) {
      const words = this.deaths.record(note)
      this.#print(words)
      this.journal.record(note, words, this.deaths.last.get(note.daemon)?.record)
    } else this.#write(note, auxiliaryOf(this.#host).rareMessage(note))
  }

  #write(note: Note, words: string): void {
    if (isPrinted(note)) this.#print(words)
    this.journal.record(note, words)
  }

  /** The deaths that came of them are told. */
  reportOomKills(count: number): void {
    const words = this.deaths.unreportedOomKills(count)
    if (words !== null) this.log(words)
  }

  /** After a failure of ours. */
  recover(): void {
    this.journal.recover()
    this.deaths.recover()
  }

  /** Something about pitcrew itself. */
  log(text: string): void {
    this.#print(text)
    this.journal.record(null, text)
  }
}

function isDeath(note: Note): note is DeathNote {
  return note.kind === 'died' || note.kind === 'unfit' || note.kind === 'start-failed'
}
