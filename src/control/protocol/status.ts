/** The state of daemons in answers: a type and its schema for each. */
import type { DaemonSpec } from '../../core/plan/plan.ts'
import { list, nullable, number, object, oneOf, type Schema, text } from './schema.ts'

const ms = 'milliseconds'
const name: Schema<string> = text('the name of a daemon', 48)
const run: Schema<number> = number('the number of the run', 'a whole number, from 1')
const pid: Schema<number> = number('its process id', 'a whole number')

export interface UsageAnswer {
  readonly cpuMs: number
  readonly memoryKib: number
  readonly processes: number
}
const usage: Schema<UsageAnswer> = object('resource use of its processes', {
  cpuMs: number('processor time of the run', ms),
  memoryKib: number('resident memory', 'KiB'),
  processes: number('the number of processes', 'a whole number'),
})

export interface DeathAnswer {
  readonly run: number
  readonly cause: string
  readonly agoMs: number
  readonly uptimeMs: number
  readonly status: string
  readonly lastLines: readonly string[]
  readonly next: string
}
const death: Schema<DeathAnswer> = object('its last unrequested death', {
  run,
  cause: text('"code 3", "KILL, probably out of memory", "not ready in time"', 300),
  agoMs: number('the time since then', ms),
  uptimeMs: number('the lifetime of the run', ms),
  status: text('the last status that it reported (sd_notify)', 300),
  lastLines: list('its last lines, oldest first', text('a line', 4096)),
  next: text('the consequence: "restarting in 200 ms"', 300),
})

/** The state of a daemon in one word; docs/PROTOCOL.md explains each. */
export const daemonStates = [
  'idle',
  'waiting',
  'backoff',
  'starting',
  'running',
  'ready',
  'stopping',
  'killing',
  'stopped',
  'done',
  'failed',
  'skipped',
] as const
export type DaemonState = (typeof daemonStates)[number]

export interface DaemonStatus {
  readonly name: string
  readonly kind: DaemonSpec['kind']
  readonly state: DaemonState
  readonly run: number
  readonly pid: number | null
  readonly uptimeMs: number | null
  readonly readyMs: number | null
  readonly restarts: number
  readonly waitsFor: string | null
  readonly nextAttemptMs: number | null
  readonly killMs: number | null
  readonly status: string
  readonly lastDeath: DeathAnswer | null
  readonly ticket: number | null
  readonly usage: UsageAnswer | null
}
export const daemonStatus: Schema<DaemonStatus> = object('', {
  name,
  kind: oneOf('a job is expected to finish', ['daemon', 'job']),
  state: oneOf('its state', daemonStates),
  run: number('the number of its current or last run; 0 = none', 'a whole number'),
  pid: nullable(pid),
  uptimeMs: nullable(number('the age of the run', ms)),
  readyMs: nullable(number('the time since it became ready', ms)),
  restarts: number('the number of runs before this one', 'a whole number'),
  waitsFor: nullable(
    text('the first dependency that it waits for; if skipped, the one that has failed', 48),
  ),
  nextAttemptMs: nullable(number('the time until the next attempt', ms)),
  killMs: nullable(number('the time until KILL', ms)),
  status: text('the status that it reports (sd_notify)', 300),
  lastDeath: nullable(death),
  ticket: nullable(number('its open ticket', 'a whole number')),
  usage: nullable(usage),
})

/** The state of pitcrew; its daemons are the items before it. */
export interface StatusHead {
  readonly name: string
  readonly version: string
  readonly pid: number
  readonly uptimeMs: number
  readonly cursor: string
  readonly stopping: { readonly leftMs: number } | null
  readonly outputStall: { readonly forMs: number; readonly why: string } | null
}
export const statusHead: Schema<StatusHead> = object('', {
  name: text('the name of the bundle', 48),
  version: text('the version of pitcrew', 40),
  pid: number('the process id of pitcrew', 'a whole number'),
  uptimeMs: number('the time since pitcrew was started', ms),
  cursor: text('the cursor of the last event before the answer, for "since" of "events"', 40),
  stopping: nullable(object('the shutdown', { leftMs: number('the time until the deadline', ms) })),
  outputStall: nullable(
    object('stdout accepts no output: daemons that print are blocked', {
      forMs: number('the duration', ms),
      why: text('the reason, as a sentence', 300),
    }),
  ),
})

/** The whole answer, as the client assembles it. */
export interface StatusAnswer extends StatusHead {
  /** In the order of the bundle; each in its state at the time of its item. */
  readonly daemons: readonly DaemonStatus[]
}

export interface ExplainAnswer {
  readonly daemon: string
  readonly state: DaemonState
  readonly why: readonly string[]
  readonly remedies: readonly string[]
}
export const explainAnswer: Schema<ExplainAnswer> = object('', {
  daemon: name,
  state: oneOf('its state', daemonStates),
  why: list('the reasons for this state, a sentence each', text('', 1000)),
  remedies: list('possible remedies, a sentence each', text('', 1000)),
})
