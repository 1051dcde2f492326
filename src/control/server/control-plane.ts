/** Between the running supervisor (src/init) and its control plane, which is an image of its own,
 *  loaded for the first client: what each may ask of the other. */
import type { Request } from '../../core/event.ts'
import type { State } from '../../core/supervisor/state.ts'
import type { Ticket } from '../../core/supervisor/ticket.ts'
import type { Peer } from '../../host/control.ts'
import type { Host } from '../../host/host.ts'

/** What the supervisor offers. Its functions stand for themselves: they need no `this`. */
export interface Supervisor {
  readonly host: Pick<
    Host,
    'now' | 'uid' | 'send' | 'queued' | 'closeClient' | 'streamLogs' | 'usage'
  >
  readonly version: string
  /** Of pitcrew itself. */
  readonly pid: number
  readonly startedAtMs: number
  /** To be read only, and only during a call. */
  readonly state: State
  /** Tickets that have ended, the last ones, oldest first. */
  readonly ended: readonly Ticket[]
  readonly journal: JournalView
  /** Has the end of the journal's file read, with that of the file before it; null = it could not
   *  be read, or not in time. Told once: at once where it cannot be tried, else in a later call. */
  readonly readJournal: (maxBytes: number, take: (text: string | null) => void) => void
  /** Asks the core; what comes of it is told by `accepted`, with the token that this gives, and by
   *  `ended`: later. */
  readonly request: (request: Omit<Request, 'token'>) => number
  /** A daemon speaks of itself, in lines of sd_notify. */
  readonly notify: (daemon: string, run: number, text: string) => void
  /** Of the last unasked death of a daemon; null = it had none. */
  readonly lastDeath: (daemon: string) => KeptDeath | null
  /** One of pitcrew's own lines. */
  readonly say: (text: string) => void
  /** Calls `Control.elapsed` at this time; one a key, and a new time takes the place of the old. */
  readonly arm: (key: string, atMs: number) => void
  readonly disarm: (key: string) => void
}

export interface KeptDeath {
  readonly run: number
  readonly cause: string
  readonly atMs: number
  readonly uptimeMs: number
  readonly status: string
  readonly lastLines: readonly string[]
  readonly next: string
  readonly remedy?: string
  /** Why it could not be started; null = it was. */
  readonly startFailure: string | null
}

/** Entries are text: the JSON of an Entry (answers.ts) each, since most are only passed on. */
export interface JournalView {
  /** Of the newest entry: LIFE-N; N is 0 when there is none in this life. */
  readonly cursor: string
  /** Those in memory, oldest first, without a gap; all of them, or the last ones. */
  kept(): readonly string[]
}

/** An entry that is new. */
export interface Recorded {
  readonly daemon: string | null
  /** Made when it is asked for. */
  text(): string
}

/** What the supervisor tells. */
export interface Control {
  connected(client: number, peer: Peer): void
  line(client: number, text: string | null): void
  gone(client: number): void
  /** Steps were done: the state may be another. */
  stepped(): void
  accepted(token: number, ticket: Ticket, joined: boolean): void
  /** A ticket has its outcome. */
  ended(ticket: Ticket): void
  recorded(entry: Recorded): void
  elapsed(key: string): void
  /** Everything ends with this code: all are answered. */
  finishing(exitCode: number): void
}

export type MakeControl = (supervisor: Supervisor) => Control
