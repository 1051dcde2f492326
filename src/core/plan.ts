/** The plan: a bundle file, parsed, checked, completed with defaults and frozen. Plain JSON, so
 *  that it can be built ahead of time (`pitcrew build`), sent from the parsing helper to the
 *  init, and compared. Nothing here is optional: a default is written down once, by the one who
 *  makes the plan. */
import type { Signal } from './signals.ts'

/** The format of the plan. Grows when a plan of before could be misread. */
export const planFormat = 1

export interface Plan {
  readonly plan: typeof planFormat
  readonly name: string
  /** What pitcrew's own lines begin with, before the colon. */
  readonly label: string
  /** The name of the environment variable that selects daemons. */
  readonly select: string
  /** The one deadline of a shutdown or a restart, in milliseconds. */
  readonly deadlineMs: number
  readonly signals: SignalMap
  /** In the order of the file. */
  readonly daemons: readonly DaemonSpec[]
}

/** What a signal to pitcrew does; TERM and INT are not in it: they always shut down. */
export type SignalMap = Readonly<Partial<Record<Signal, SignalAction>>>

export interface SignalAction {
  /** Daemons whose leader is sent the same signal. */
  readonly forward: readonly string[]
  /** Daemons that are restarted. */
  readonly restart: readonly string[]
}

export interface DaemonSpec {
  readonly name: string
  /** The program and its arguments; looked up in the daemon's own PATH. Never empty. */
  readonly command: readonly string[]
  /** Working directory; null = pitcrew's own. */
  readonly cwd: string | null
  readonly env: EnvSpec
  /** Daemons that start before this one and stop after it. */
  readonly after: readonly string[]
  readonly stop: StopSpec
  readonly restart: RestartSpec
  /** pitcrew ends when this daemon ends, with its exit code. */
  readonly main: boolean
  /** pitcrew ends when this daemon is given up. */
  readonly critical: boolean
  /** A name of /etc/passwd or a number; null = pitcrew's own. */
  readonly user: string | null
  /** A name of /etc/group or a number; null = the user's own group. */
  readonly group: string | null
  /** File mode creation mask, 0 to 0o777; null = pitcrew's own. */
  readonly umask: number | null
  /** Resource limits by rlimit name; "unlimited" = no limit. */
  readonly limits: Readonly<Partial<Record<LimitName, LimitSpec>>>
}

export interface EnvSpec {
  /** Variables set for this daemon, over whatever it inherits. */
  readonly set: Readonly<Record<string, string>>
  /** Names (a trailing * stands for any end) of the only variables that are inherited; null =
   *  all. */
  readonly pass: readonly string[] | null
  /** Names (a trailing * stands for any end) that go to this daemon and are withheld from every
   *  other. */
  readonly claim: readonly string[]
}

export interface StopSpec {
  readonly signal: Signal
  /** From the stop signal to KILL, in milliseconds; null = all of its share of the deadline. */
  readonly graceMs: number | null
  /** Exit codes that are fine beside 0. */
  readonly success: readonly number[]
}

export interface RestartSpec {
  readonly policy: 'never'
}

export const limitNames = [
  'as',
  'core',
  'cpu',
  'data',
  'fsize',
  'memlock',
  'nofile',
  'nproc',
  'stack',
] as const
export type LimitName = (typeof limitNames)[number]

export interface LimitSpec {
  readonly soft: number | 'unlimited'
  readonly hard: number | 'unlimited'
}
