/** The answers of requests: a type and its schema for each. */
import { type ChangeAnswer, changeAnswer } from './operations.ts'
import { flag, list, nullable, number, object, oneOf, type Schema, text } from './schema.ts'
import { type DaemonState, daemonStates } from './status.ts'

const ms = 'milliseconds'
const name: Schema<string> = text('the name of a daemon', 48)
const run: Schema<number> = number('the number of the run', 'a whole number, from 1')
const pid: Schema<number> = number('its process id', 'a whole number')

interface RunAnswer {
  readonly run: number
  readonly pid: number
}
const oldRun: Schema<RunAnswer> = object('the run at the time of the request', { run, pid })
const newRun: Schema<RunAnswer> = object('the run that satisfied it', { run, pid })

export interface TicketAnswer {
  readonly ticket: number
  readonly verb: string
  readonly daemon: string | null
  /** "USR1", "uid 0, pid 12", "daemon agent, pid 40", "restart policy" */
  readonly by: string
  readonly why: string
  readonly requests: number
  readonly joined: boolean
  readonly outcome: 'open' | 'done' | 'failed' | 'superseded'
  readonly changed: boolean
  readonly cause: string | null
  readonly supersededBy: number | null
  readonly old: RunAnswer | null
  readonly now: RunAnswer | null
  readonly exitCode: number | null
  readonly tookMs: number
  readonly stopMs: number | null
  readonly waitMs: number | null
  readonly readyMs: number | null
  readonly lastLines: readonly string[]
  readonly change: ChangeAnswer | null
}
export const ticketAnswer: Schema<TicketAnswer> = object('', {
  ticket: number('its id', 'a whole number, from 1'),
  verb: text('what was requested', 20),
  daemon: nullable(name),
  by: text('the first requester: "USR1", "uid 0, pid 12", "daemon agent", "restart policy"', 100),
  why: text('the given reason', 200),
  requests: number('requests that share this ticket', 'a whole number, from 1'),
  joined: flag('the request joined an open ticket'),
  outcome: oneOf('its state', ['open', 'done', 'failed', 'superseded']),
  changed: flag('false: the daemon was in this state already'),
  cause: nullable(text('the reason of a failure', 300)),
  supersededBy: nullable(number('the ticket that replaced it', 'a whole number')),
  old: nullable(oldRun),
  now: nullable(newRun),
  exitCode: nullable(number('the exit status of pitcrew, after a shutdown', 'a whole number')),
  tookMs: number('from the request to the outcome, or until now', ms),
  stopMs: nullable(number('the part until the old run had ended', ms)),
  waitMs: nullable(number('the part from then until the new run was started', ms)),
  readyMs: nullable(number('the part from then until the new run was ready', ms)),
  lastLines: list(
    'after a failure: the last lines of the daemon, oldest first',
    text('a line', 4096),
  ),
  change: nullable(changeAnswer),
})

/** Sent once a second while a request waits. */
export interface Progress {
  readonly daemon: string | null
  readonly state: DaemonState | null
  readonly waitsFor: string | null
  readonly sinceMs: number
  readonly leftMs: number | null
  readonly words: string
}
export const progress: Schema<Progress> = object('', {
  daemon: nullable(name),
  state: nullable(oneOf('the state of the daemon', daemonStates)),
  waitsFor: nullable(text('the dependency that the daemon waits for', 48)),
  sinceMs: number('the age of the request', ms),
  leftMs: nullable(number('until KILL, the ready timeout, the next start or the deadline', ms)),
  words: text('the same as text: "stopping, KILL in 4 s"', 300),
})

export interface WaitAnswer {
  readonly daemon: string
  readonly state: DaemonState
  readonly run: number
  readonly pid: number | null
}
export const waitAnswer: Schema<WaitAnswer> = object('', {
  daemon: name,
  state: oneOf('its state', daemonStates),
  run: number('the number of its run', 'a whole number'),
  pid: nullable(pid),
})

/** An entry of the journal; its other fields depend on its type. */
export interface Entry {
  readonly cursor: string
  readonly at: string
  readonly type: string
  readonly daemon?: string
  readonly run?: number
  readonly pid?: number
  readonly words: string
  readonly [more: string]: unknown
}

export interface EventsAnswer {
  readonly cursor: string
  readonly missed: boolean
}
export const eventsAnswer: Schema<EventsAnswer> = object('', {
  cursor: text('the cursor of the last event', 40),
  missed: flag('true: some events after "since" are no longer kept'),
})

export interface LogsAnswer {
  readonly stream: 'lines'
}
export const logsAnswer: Schema<LogsAnswer> = object('', {
  stream: oneOf('lines of logs follow, which are not JSON', ['lines']),
})

export interface CancelAnswer {
  readonly cancelled: boolean
}
export const cancelAnswer: Schema<CancelAnswer> = object('', {
  cancelled: flag('false: no open request has this id'),
})

export type NoAnswer = Readonly<Record<string, never>>
export const noAnswer: Schema<NoAnswer> = object('', {})
