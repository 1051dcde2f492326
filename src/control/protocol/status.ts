/** What is told of daemons, as types and, beside each, as its schema. */
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
const usage: Schema<UsageAnswer> = object('what its processes use', {
  cpuMs: number('processor time of this run', ms),
  memoryKib: number('resident memory', 'KiB'),
  processes: number('how many there are', 'a whole number'),
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
const death: Schema<DeathAnswer> = object('its last end that nobody asked for', {
  run,
  cause: text('"code 3", "KILL, probably out of memory", "not ready in time"', 300),
  agoMs: number('how long ago', ms),
  uptimeMs: number('how long the run lived', ms),
  status: text('what it said of itself at last', 300),
  lastLines: list('its last lines', text('a line', 4096)),
  next: text('what followed: "again in 200 ms"', 300),
})

/** One word for what a daemon does: `ready` without `ready:` in the bundle means that it runs.
 *  `running`: it is not ready yet. `stopped`: somebody asked for it. `idle`: not started yet.
 *  `failed`: for good. `skipped`: somebody whom it is after has failed. */
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
  kind: oneOf('a job is meant to end', ['daemon', 'job']),
  state: oneOf('what it does', daemonStates),
  run: number('the number of its run, or of its last one; 0 = it had none', 'a whole number'),
  pid: nullable(pid),
  uptimeMs: nullable(number('since its run began', ms)),
  readyMs: nullable(number('since it was ready', ms)),
  restarts: number('runs that it had before this one', 'a whole number'),
  waitsFor: nullable(
    text('whom it waits for, first of all; of one that is skipped: who has failed', 48),
  ),
  nextAttemptMs: nullable(number('in how long it is tried again', ms)),
  killMs: nullable(number('in how long it is killed, unless it has ended', ms)),
  status: text('what it says of itself (sd_notify)', 300),
  lastDeath: nullable(death),
  ticket: nullable(number('the open ticket about it', 'a whole number')),
  usage: nullable(usage),
})

/** Of pitcrew itself; its daemons are the items in front of it. */
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
  name: text('of the bundle', 48),
  version: text('of pitcrew', 40),
  pid: number('of pitcrew', 'a whole number'),
  uptimeMs: number('since pitcrew was started', ms),
  cursor: text('of the last event before it: "events" with it as "since" misses nothing', 40),
  stopping: nullable(object('everything ends', { leftMs: number('until the deadline', ms) })),
  outputStall: nullable(
    object('stdout takes nothing, so that daemons wait in their writes', {
      forMs: number('since when', ms),
      why: text('a sentence', 300),
    }),
  ),
})

/** All of it, as the client puts it together. */
export interface StatusAnswer extends StatusHead {
  /** In the order of the bundle, each as it was when it was told of. */
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
  state: oneOf('what it does', daemonStates),
  why: list('why it is so, a sentence each', text('', 1000)),
  remedies: list('what can be done, a sentence each', text('', 1000)),
})
