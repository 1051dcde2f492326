/** What a patient observer knows when a schedule is over: each run's life, each request, the shutdown. Taken from the
 *  trace alone, and by other means than pitcrew's own. */
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
  /** When it was spawned, or told that it could not even be tried. */
  readonly spawned: When
  readonly wasTried: boolean
  readonly pid: number | null
  readonly failure: SpawnFailure | null
  /** Its child stood still between clone and exec. An end with a failure says why it was never executed. */
  readonly isSlow: boolean
  /** pitcrew was told that it was executed, after a slow start. */
  executed: When | null
  readonly signals: Sent[]
  /** It was asked to end: by the stop signal to its leader, or by its stop command. */
  asked: (When & { readonly inRecovery: boolean }) | null
  /** What pitcrew said of it, in order. */
  readonly claims: (When & Claim)[]
  /** pitcrew was told how the leader ended, and that nothing is left. */
  exit: (When & Exit) | null
  gone: When | null
  outputClosed: When | null
  /** pitcrew gave its output up. */
  outputGivenUp: When | null
}

/** A command that served a daemon: "d0:stop". */
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
  /** pitcrew broke when it came: nobody knows whether it was taken. */
  readonly isLost: boolean
}

/** What somebody asked over the control socket, of a daemon that is selected or of all. */
export interface ControlRequest extends When {
  readonly client: number
  readonly id: number
  readonly verb: Verb
  readonly daemon: string | null
  readonly wait: boolean
  readonly isLost: boolean
  /** While everything ended. */
  readonly isLate: boolean
  readonly answers: (When & Answer)[]
  /** The connection ended, by either side. */
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
  /** What pitcrew read of it. */
  readonly lines: (When & { readonly text: string | null })[]
  /** The codes of its answers, beside the greeting. */
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
  /** The same, of each daemon. */
  readonly runsOf: ReadonlyMap<string, readonly RunFacts[]>
  readonly helpers: readonly HelperFacts[]
  /** For each selected daemon: 0 when nothing is after it, else one more than the most of what is. */
  readonly waves: ReadonlyMap<string, number>
  /** While no shutdown was under way; also of daemons that are not selected. */
  readonly requests: readonly Request[]
  readonly controlRequests: readonly ControlRequest[]
  readonly intruders: readonly Intruder[]
  /** What pitcrew said of daemons. */
  readonly claims: readonly (When & Claim)[]
  /** pitcrew said that it shuts down. */
  readonly shutdown: When | null
  /** TERM, INT or a hangup came, or it was told in a recovery that one had come. */
  readonly asked: When | null
  /** The first daemon was to be started. */
  readonly boot: When | null
  /** The end was ordered; and it came, since the words of all deaths were out. */
  readonly finish:
    | (When & { readonly code: number; readonly flushMs: number; readonly doneMs: number })
    | null
  readonly exitCode: number | null
  /** pitcrew is gone; and the host had ended everything by itself before that. */
  readonly end: When | null
  readonly watchdogFired: boolean
  /** When the end was ordered, or came without that. */
  readonly endMs: number
  /** Events came faster than pitcrew took them up: what was taken in which call is not known. */
  readonly isBehind: boolean
  /** Something was broken on purpose, and it did happen. */
  readonly isBroken: boolean
  /** A recovery broke, too: until the next one pitcrew knows little. */
  readonly isHelpless: boolean
  /** A signal was lost, and pitcrew counts from when it was to be sent. */
  readonly isSignalLost: boolean
  /** What broke by itself. */
  readonly bug: string | null
  /** What pitcrew did not get to do anything in, in milliseconds; and the part of it that went into spawning. */
  readonly lostMs: number
  /** How late an alarm is at most: pitcrew counts whole milliseconds. */
  readonly lateMs: number
  readonly spawnMs: number
  readonly lines: readonly (When & { readonly text: string })[]
  readonly calls: readonly (When & Call)[]
}

/** How many processes of a run are alive at a place of the trace, as the kernel knows. */
export function aliveAt({ trace }: Facts, { spec, run, pid }: RunFacts, index: number): number {
  let alive = pid === null ? 0 : 1
  for (let at = 0; at < index; at++) {
    const moment = trace[at]
    if (moment?.what !== 'born' && moment?.what !== 'ended') continue
    if (moment.daemon === spec.name && moment.run === run) alive += moment.what === 'born' ? 1 : -1
  }
  return alive
}
