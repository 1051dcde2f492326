/** The arguments of requests: a type and its schema for each. */
import { flag, list, number, object, oneOf, optional, type Schema, text, whole } from './schema.ts'

const ms = 'milliseconds'
const name: Schema<string> = text('the name of a daemon', 48)
const timeoutMs: Schema<number> = optional(
  whole('answer with TIMED_OUT after this time', `${ms} from 1 to 86400000`, 1, 86_400_000),
)

const progress: Schema<boolean> = optional(flag('send progress once a second'))

export interface StatusArgs {
  readonly daemons?: readonly string[]
  readonly usage?: boolean
}
export const statusArgs: Schema<StatusArgs> = object('', {
  daemons: optional(list('only these; all, if absent', name, 4096)),
  usage: optional(flag('with processor time and memory; costs a scan of /proc')),
})

export interface DaemonArgs {
  readonly daemon: string
}
export const daemonArgs: Schema<DaemonArgs> = object('', { daemon: name })

export interface ChangeArgs {
  readonly daemon: string
  readonly why?: string
  readonly wait?: boolean
  readonly timeoutMs?: number
  readonly progress?: boolean
}
export const changeArgs: Schema<ChangeArgs> = object('', {
  daemon: name,
  why: optional(text('the reason, for the journal', 200)),
  wait: optional(flag('false: answer at once, with the open ticket')),
  timeoutMs,
  progress,
})

export interface ShutdownArgs {
  readonly why?: string
  readonly wait?: boolean
  readonly progress?: boolean
}
export const shutdownArgs: Schema<ShutdownArgs> = object('', {
  why: optional(text('the reason, for the journal', 200)),
  wait: optional(flag('false: answer at once, with the open ticket')),
  progress,
})

export interface TicketArgs {
  readonly ticket: number
  readonly wait?: boolean
  readonly timeoutMs?: number
  readonly progress?: boolean
}
export const ticketArgs: Schema<TicketArgs> = object('', {
  ticket: whole('its id', 'a whole number, from 1', 1, Number.MAX_SAFE_INTEGER),
  wait: optional(flag('true: answer when it has its outcome')),
  timeoutMs,
  progress,
})

const waitStates = ['started', 'ready', 'stopped', 'done'] as const
export type WaitFor = (typeof waitStates)[number]
export interface WaitArgs {
  readonly daemon: string
  readonly for?: WaitFor
  readonly timeoutMs?: number
  readonly progress?: boolean
}
export const waitArgs: Schema<WaitArgs> = object('', {
  daemon: name,
  for: optional(oneOf('the awaited state; ready, if absent', waitStates)),
  timeoutMs,
  progress,
})

export interface EventsArgs {
  readonly since?: string
  readonly tail?: number
  readonly follow?: boolean
  readonly daemons?: readonly string[]
}
export const eventsArgs: Schema<EventsArgs> = object('', {
  since: optional(text('a cursor: only events after it', 40)),
  tail: optional(
    whole(
      'only this many of the last events; all that are kept, if absent',
      'from 0',
      0,
      1_000_000,
    ),
  ),
  follow: optional(flag('continue with new events until cancelled')),
  daemons: optional(list('only events of these daemons', name, 1000)),
})

export interface LogsArgs {
  readonly daemons?: readonly string[]
  readonly tail?: number
  readonly sinceMs?: number
  readonly follow?: boolean
}
export const logsArgs: Schema<LogsArgs> = object('', {
  daemons: optional(list("only these; all, and pitcrew's own lines, if absent", name, 64)),
  tail: optional(
    whole('only this many lines of each; all that are kept, if absent', 'from 0', 0, 1e9),
  ),
  sinceMs: optional(number('only lines since this time', `${ms} since 1970`)),
  follow: optional(flag('continue with new lines')),
})

export interface CancelArgs {
  readonly request: number
}
export const cancelArgs: Schema<CancelArgs> = object('', {
  request: number('the id of an open request of this connection', 'a whole number'),
})

export interface NotifyArgs {
  readonly text: string
}
export const notifyArgs: Schema<NotifyArgs> = object('', {
  text: text('lines of sd_notify(3): READY=1, STATUS=…, WATCHDOG=1', 4096),
})
