/** The verb `events`: past entries of the journal, then new ones. Past entries are sent, and the call
 *  becomes a follower, in one turn; new entries are recorded between turns. So there is no gap, and
 *  no entry comes twice. Past entries may have to be read from the journal's file first. */
import type { EventsAnswer } from '../protocol/answers.ts'
import type { EventsArgs } from '../protocol/requests.ts'
import type { Call, Handlers, Responder } from '../server/connection.ts'
import type { NewEntry, Supervisor } from '../server/control-plane.ts'
import { History, type Since } from './history.ts'

interface Follower {
  /** null = all daemons, and entries without a daemon. */
  readonly daemons: readonly string[] | null
  readonly missed: boolean
}

export class Followers implements Responder {
  readonly #supervisor: Supervisor
  readonly #history: History
  readonly #followers: Map<Call, Follower> = new Map()
  readonly handlers: Pick<Handlers, 'events'>

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor
    this.#history = new History(supervisor)
    this.handlers = { events: (call, args) => this.#events(call, args) }
  }

  recorded(entry: NewEntry): void {
    for (const [call, { daemons }] of this.#followers) {
      if (daemons === null || isOneOf(daemons, entry.daemon)) call.sendItem(entry.text())
    }
  }

  /** pitcrew ends: no entry follows. */
  finish(): void {
    for (const call of [...this.#followers.keys()]) this.cancel(call)
  }

  cancel(call: Call): void {
    const { missed } = this.#followers.get(call) as Follower
    call.done(this.#answer(missed))
  }

  release(call: Call): void {
    this.#followers.delete(call)
  }

  #events(call: Call, args: EventsArgs): void {
    this.#history.since(args.since ?? null, (past) => this.#sendPast(call, args, past))
  }

  #sendPast(call: Call, { tail, follow, daemons }: EventsArgs, { entries, missed }: Since): void {
    if (!call.isOpen) return
    const wanted =
      daemons === undefined ? entries : entries.filter((text) => isAbout(text, daemons))
    const from = tail === undefined ? 0 : Math.max(0, wanted.length - tail)
    for (const text of wanted.slice(from)) call.sendItem(text)
    if (follow !== true) return call.done(this.#answer(missed))
    this.#followers.set(call, { daemons: daemons ?? null, missed })
    call.defer(this, {})
  }

  #answer(missed: boolean): EventsAnswer {
    return { cursor: this.#supervisor.journal.cursor, missed }
  }
}

function isAbout(text: string, daemons: readonly string[]): boolean {
  const { daemon } = JSON.parse(text) as { daemon?: string }
  return isOneOf(daemons, daemon ?? null)
}

function isOneOf(daemons: readonly string[], daemon: string | null): boolean {
  return daemon !== null && daemons.includes(daemon)
}
