/** The state of daemons in answers: a type and its schema for each. */

import type { Step } from '../../core/operations/change.ts'
import type { DaemonSpec } from '../../core/plan/plan.ts'
import { steps } from './operations.ts'
import {
  flag,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  type Schema,
  text,
} from './schema.ts'

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

/** A configuration file that there is something to say about. */
export interface FileStatus {
  readonly path: string
  readonly differs: boolean
  readonly rejected: string | null
}
const file: Schema<FileStatus> = object('', {
  path: text('the file', 4096),
  differs: flag('its content on disk is not the one that the run uses'),
  rejected: nullable(text('why its content on disk was not accepted', 4096)),
})

/** An open change of a configuration file, or a reload. */
export interface ChangeStatus {
  readonly ticket: number
  readonly verb: string
  readonly path: string
  readonly step: Step
  readonly confirmLeftMs: number | null
}
const change: Schema<ChangeStatus> = object('its open change or reload; absent = none', {
  ticket: number('its id', 'a whole number'),
  verb: text('what was requested', 20),
  path: text('the file; empty for a reload', 4096),
  step: oneOf('the step that it is in', steps),
  confirmLeftMs: nullable(number('the time left for a confirmation', ms)),
})

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
  readonly files?: readonly FileStatus[]
  readonly change?: ChangeStatus
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
  files: optional(
    list('its configuration files that differ or were rejected; absent = none', file),
  ),
  change: optional(change),
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
