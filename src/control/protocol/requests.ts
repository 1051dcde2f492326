/** What requests hold, as types and, beside each, as its schema. */
import { flag, list, number, object, oneOf, optional, type Schema, text, whole } from './schema.ts'

const ms = 'milliseconds'
const name: Schema<string> = text('the name of a daemon', 48)
const timeoutMs: Schema<number> = optional(
  whole('answer with TIMED_OUT after so long', `${ms} from 1 to 86400000`, 1, 86_400_000),
)

const progress: Schema<boolean> = optional(flag('tell once a second what is waited for'))

export interface StatusArgs {
  readonly daemons?: readonly string[]
  readonly usage?: boolean
}
export const statusArgs: Schema<StatusArgs> = object('', {
  daemons: optional(list('of these alone', name, 4096)),
  usage: optional(flag('with processor time and memory; it costs a look through /proc')),
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
  wait: optional(flag('true: answer when it has ended')),
  timeoutMs,
  progress,
})

export type WaitFor = 'started' | 'ready' | 'stopped' | 'done'
export interface WaitArgs {
  readonly daemon: string
  readonly for?: WaitFor
  readonly timeoutMs?: number
  readonly progress?: boolean
}
export const waitArgs: Schema<WaitArgs> = object('', {
  daemon: name,
  for: optional(oneOf('what is waited for; ready, if absent', waitWords())),
  timeoutMs,
  progress,
})

function waitWords(): readonly WaitFor[] {
  return ['started', 'ready', 'stopped', 'done']
}

export interface EventsArgs {
  readonly since?: string
  readonly tail?: number
  readonly follow?: boolean
  readonly daemons?: readonly string[]
}
export const eventsArgs: Schema<EventsArgs> = object('', {
  since: optional(text('the cursor of the last event that is known; what follows it is sent', 40)),
  tail: optional(whole('the last so many; all that are kept, if absent', 'from 0', 0, 1_000_000)),
  follow: optional(flag('go on with what comes, until it is cancelled')),
  daemons: optional(list('of these alone, and of none', name, 1000)),
})

export interface LogsArgs {
  readonly daemons?: readonly string[]
  readonly tail?: number
  readonly sinceMs?: number
  readonly follow?: boolean
}
export const logsArgs: Schema<LogsArgs> = object('', {
  daemons: optional(list("of these alone; of all, and pitcrew's own, if absent", name, 64)),
  tail: optional(whole('so many lines of each; all that are kept, if absent', 'from 0', 0, 1e9)),
  sinceMs: optional(number('none that is older', `${ms} since 1970`)),
  follow: optional(flag('go on with what comes')),
})

export interface CancelArgs {
  readonly request: number
}
export const cancelArgs: Schema<CancelArgs> = object('', {
  request: number('the id of a request of this connection', 'a whole number'),
})

export interface NotifyArgs {
  readonly text: string
}
export const notifyArgs: Schema<NotifyArgs> = object('', {
  text: text('lines as of sd_notify(3): READY=1, STATUS=…, WATCHDOG=1', 4096),
})
