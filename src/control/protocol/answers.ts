/** What becomes of requests, as types and, beside each, as its schema. */
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
const runAndPid: Schema<RunAnswer> = object('a run', { run, pid })

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
}
export const ticketAnswer: Schema<TicketAnswer> = object('', {
  ticket: number('its id', 'a whole number, from 1'),
  verb: text('what was asked for', 20),
  daemon: nullable(name),
  by: text('who asked first: "USR1", "uid 0, pid 12", "daemon agent", "restart policy"', 100),
  why: text('the reason that was given', 200),
  requests: number('how many requests it stands for', 'a whole number, from 1'),
  joined: flag('this request was not its first'),
  outcome: oneOf('what became of it', ['open', 'done', 'failed', 'superseded']),
  changed: flag('false: there was nothing to do'),
  cause: nullable(text('why it failed', 300)),
  supersededBy: nullable(number('the ticket that took its place', 'a whole number')),
  old: nullable(runAndPid),
  now: nullable(runAndPid),
  exitCode: nullable(number('of pitcrew; of a shutdown', 'a whole number')),
  tookMs: number('from the request to its end, or to now', ms),
  stopMs: nullable(number('of it, until the old run was over', ms)),
  waitMs: nullable(number('of it, from then until the new one was started', ms)),
  readyMs: nullable(number('of it, from then until that was ready', ms)),
  lastLines: list('of one that failed: what the daemon printed last', text('a line', 4096)),
})

/** What is sent once a second while a request waits. */
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
  state: nullable(oneOf('what the daemon does', daemonStates)),
  waitsFor: nullable(text('whom the daemon waits for', 48)),
  sinceMs: number('how long the request has waited', ms),
  leftMs: nullable(number('until it is decided by force: KILL, a timeout, the deadline', ms)),
  words: text('the same in words: "stopping, KILL in 4s"', 300),
})

export interface WaitAnswer {
  readonly daemon: string
  readonly state: DaemonState
  readonly run: number
  readonly pid: number | null
}
export const waitAnswer: Schema<WaitAnswer> = object('', {
  daemon: name,
  state: oneOf('what it does', daemonStates),
  run: number('the number of its run', 'a whole number'),
  pid: nullable(pid),
})

/** An entry of the journal; what else it holds depends on its type. */
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
  cursor: text('of the last event that was sent', 40),
  missed: flag('events behind "since" are not kept any more'),
})

export interface LogsAnswer {
  readonly stream: 'lines'
}
export const logsAnswer: Schema<LogsAnswer> = object('', {
  stream: oneOf('what follows is no JSON any more', ['lines']),
})

export interface CancelAnswer {
  readonly cancelled: boolean
}
export const cancelAnswer: Schema<CancelAnswer> = object('', {
  cancelled: flag('false: it had ended, or there was none'),
})

export type NoAnswer = Readonly<Record<string, never>>
export const noAnswer: Schema<NoAnswer> = object('', {})
