/** The facts about a schedule that has been played: each run, each request, the shutdown. They
 *  are derived from the trace alone, independently of pitcrew's own code. */
import type { TicketAnswer } from '../../../src/control/protocol/answers.ts'
import type { Exit, SpawnFailure } from '../../../src/core/event.ts'
import type { DaemonSpec, Plan } from '../../../src/core/plan/plan.ts'
import type { Signal } from '../../../src/core/signals.ts'
import type { Verb } from '../../../src/core/ticket.ts'
import type { SignalTarget } from '../../../src/host/host.ts'
import type { Schedule } from '../world/schedule.ts'
import type { Claim } from './claims.ts'
import type { Call, Moment } from './trace.ts'

/** When something happened, and its place in the trace. */
export interface When {
  readonly atMs: number
  readonly index: number
}

export interface Sent extends When {
  readonly signal: number
  readonly to: SignalTarget
  readonly inRecovery: boolean
}

export interface RunFacts {
  readonly spec: DaemonSpec
  readonly run: number
  /** When it was spawned, or when it was reported that it could not be spawned at all. */
  readonly spawned: When
  readonly wasTried: boolean
  readonly pid: number | null
  readonly failure: SpawnFailure | null
  /** Its child hung between clone and exec. An exit with a failure has the reason why it was
   *  never executed. */
  readonly isSlow: boolean
  /** When pitcrew got the event that its program was executed, after a slow start. */
  executed: When | null
  readonly signals: Sent[]
  /** When it was ordered to stop: by the stop signal to its leader, or by its stop command. */
  stopOrdered: (When & { readonly inRecovery: boolean }) | null
  /** pitcrew's claims about it, in order. */
  readonly claims: (When & Claim)[]
  /** When pitcrew got the exit of the leader, and the end of the whole run. */
  exit: (When & Exit) | null
  gone: When | null
  outputClosed: When | null
  /** When pitcrew closed its output. */
  outputGivenUp: When | null
}

/** A command that serves a daemon: "d0:stop". */
export interface HelperFacts {
  readonly name: string
  readonly daemon: DaemonSpec
  readonly kind: 'ready' | 'alive' | 'stop' | 'death'
  readonly run: number
  readonly spawned: When
  readonly pid: number | null
  readonly kills: When[]
  exit: (When & Exit) | null
  gone: When | null
}

export interface Request extends When {
  readonly verb: 'start' | 'stop' | 'restart'
  readonly daemon: string
  readonly by: Signal | 'client'
  /** pitcrew failed in this call: whether the request was accepted is not known. */
  readonly isLost: boolean
}

/** A request over the control socket, for a selected daemon or for all. */
export interface ControlRequest extends When {
  readonly client: number
  readonly id: number
  readonly verb: Verb
  readonly daemon: string | null
  readonly wait: boolean
  readonly isLost: boolean
  /** It came during the shutdown. */
  readonly isLate: boolean
  readonly answers: (When & Answer)[]
  /** When either side closed the connection. */
  closed: When | null
}

export interface Answer {
  readonly done?: TicketAnswer
  readonly failed?: { readonly code: string; readonly ticket?: number }
}

/** A connection of a hostile client. */
export interface Intruder {
  readonly client: number
  readonly access: 'none' | 'look' | 'operate'
  readonly opened: When
  /** The lines that pitcrew has read. */
  readonly lines: (When & { readonly text: string | null })[]
  /** The codes of its answers, without the greeting. */
  readonly answers: (When & { readonly code: string | null })[]
  closed: When | null
}

export interface Facts {
  readonly plan: Plan
  readonly schedule: Schedule
  /** The selected daemons, in the order of the file. */
  readonly specs: readonly DaemonSpec[]
  readonly trace: readonly Moment[]
  readonly runs: readonly RunFacts[]
  /** The same by daemon. */
  readonly runsOf: ReadonlyMap<string, readonly RunFacts[]>
  readonly helpers: readonly HelperFacts[]
  /** The stop wave of each selected daemon: 0 without dependents, else one more than the largest
   *  of its dependents. */
  readonly waves: ReadonlyMap<string, number>
  /** Requests before the shutdown, also for daemons that are not selected. */
  readonly requests: readonly Request[]
  readonly controlRequests: readonly ControlRequest[]
  readonly intruders: readonly Intruder[]
  /** pitcrew's claims about daemons. */
  readonly claims: readonly (When & Claim)[]
  /** When pitcrew logged its shutdown. */
  readonly shutdown: When | null
  /** When TERM, INT or a hangup arrived, or a recovery reported one. */
  readonly shutdownRequested: When | null
  /** When the boot began. */
  readonly boot: When | null
  /** When the end was ordered; `doneMs`: when all output of onDeath commands was out. */
  readonly finish:
    | (When & { readonly code: number; readonly flushMs: number; readonly doneMs: number })
    | null
  readonly exitCode: number | null
  /** When pitcrew exited; `watchdogFired`: the shutdown watchdog killed everything before. */
  readonly end: When | null
  readonly watchdogFired: boolean
  /** When the end was ordered, or happened without an order. */
  readonly endMs: number
  /** Events arrived faster than pitcrew handled them: in which call one was handled is not
   *  known. */
  readonly isBehind: boolean
  /** A planted fault has occurred. */
  readonly isBroken: boolean
  /** A recovery has failed, too: until the next one pitcrew knows little. */
  readonly isHelpless: boolean
  /** A signal was lost to a fault, and pitcrew counts the grace from its order. */
  readonly isSignalLost: boolean
  /** An error that was not planted. */
  readonly bug: string | null
  /** The time in which pitcrew could not run, in milliseconds. `spawnMs`: the part of it that
   *  spawns took. */
  readonly lostMs: number
  /** The maximum delay of an alarm: pitcrew counts whole milliseconds. */
  readonly lateMs: number
  readonly spawnMs: number
  readonly lines: readonly (When & { readonly text: string })[]
  readonly calls: readonly (When & Call)[]
}

/** The number of living processes of a run at a place of the trace. */
export function aliveAt({ trace }: Facts, { spec, run, pid }: RunFacts, index: number): number {
  let alive = pid === null ? 0 : 1
  for (let at = 0; at < index; at++) {
    const moment = trace[at]
    if (moment?.what !== 'born' && moment?.what !== 'ended') continue
    if (moment.daemon === spec.name && moment.run === run) alive += moment.what === 'born' ? 1 : -1
  }
  return alive
}
