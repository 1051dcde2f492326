/** The plan: a bundle file, parsed, checked and completed with defaults. Plain JSON, so that it can
 *  be built ahead of time (`pitcrew build`), sent from the parsing helper to the init, and
 *  compared. No field is optional: defaults are filled in once, when the plan is made. */
import type { Signal } from '../signals.ts'

/** The format of the plan. It grows when an older plan could be misread. */
export const planFormat = 2

export const maxDaemons = 4096

export interface Plan {
  readonly plan: typeof planFormat
  readonly name: string
  /** The beginning of pitcrew's own lines, before the colon. */
  readonly label: string
  /** The name of the environment variable that selects daemons. */
  readonly select: string
  /** The one deadline of a shutdown or a restart, in milliseconds. */
  readonly deadlineMs: number
  readonly signals: SignalMap
  /** In the order of the file. */
  readonly daemons: readonly DaemonSpec[]
}

/** The actions of signals to pitcrew; without TERM and INT, which always shut down. */
export type SignalMap = Readonly<Partial<Record<Signal, SignalAction>>>

export interface SignalAction {
  /** Daemons to forward the signal to. */
  readonly forward: readonly string[]
  /** Daemons to restart. */
  readonly restart: readonly string[]
  /** Daemons to reload, each in its own way: see `ReloadSpec`. */
  readonly reload: readonly string[]
}

export interface DaemonSpec {
  readonly name: string
  /** A job is expected to end; then it is done. */
  readonly kind: 'daemon' | 'job'
  /** The program, looked up in the daemon's own PATH, and its arguments. Never empty. */
  readonly command: readonly string[]
  /** Working directory; null = pitcrew's own. */
  readonly cwd: string | null
  readonly env: EnvSpec
  /** Its dependencies: it starts after them and stops before them. */
  readonly after: readonly AfterSpec[]
  /** How its readiness is detected; null = it is ready when it has started. */
  readonly ready: ReadySpec | null
  /** How its liveness is probed while it is ready; null = it is not. */
  readonly alive: AliveSpec | null
  /** The longest time between two WATCHDOG=1 once it is ready, in milliseconds; null = no
   *  watchdog. */
  readonly watchdogMs: number | null
  readonly stop: StopSpec
  readonly restart: RestartSpec
  /** pitcrew ends when this daemon ends, with its exit code; the policy never restarts it. */
  readonly main: boolean
  /** pitcrew ends when this daemon is given up. */
  readonly critical: boolean
  /** Its dependents are stopped while it is not ready, and started again when it is. */
  readonly guard: boolean
  /** Its dependents are started even if it fails for good. */
  readonly optional: boolean
  /** The command to run when it has died; null = none. */
  readonly onDeath: readonly string[] | null
  /** Its access over PITCREW_FD and over the socket: `look` may read, `operate` may request
   *  anything. `none`: it gets no PITCREW_FD, and may read over the socket. */
  readonly control: 'none' | 'look' | 'operate'
  /** A name of /etc/passwd or a number; null = pitcrew's own. */
  readonly user: string | null
  /** A name of /etc/group or a number; null = the user's own group. */
  readonly group: string | null
  /** File mode creation mask, 0 to 0o777; null = pitcrew's own. */
  readonly umask: number | null
  /** Resource limits by rlimit name; "unlimited" = no limit. */
  readonly limits: Readonly<Partial<Record<LimitName, LimitSpec>>>
  /** Absolute paths of the files that configure it. Only these can be applied. */
  readonly config: readonly string[]
  /** A change of these files on disk is applied by itself; without `config` it has no effect. */
  readonly watch: boolean
  readonly reload: ReloadSpec
  /** What follows when it does not come up at boot, and a configuration file differs from the last
   *  good content. `lastGood`: that content is put back. */
  readonly onBootFailure: 'leave' | 'lastGood'
}

export interface EnvSpec {
  /** Variables that are set for this daemon, in preference to inherited ones. */
  readonly set: Readonly<Record<string, string>>
  /** The only variables that are inherited (a trailing * stands for any end); null = all. */
  readonly pass: readonly string[] | null
  /** Variables that this daemon alone inherits (a trailing * stands for any end). */
  readonly claim: readonly string[]
}

/** The defaults: all fields of a daemon but its name and its command. */
export const specDefaults: Omit<DaemonSpec, 'name' | 'command'> = {
  kind: 'daemon',
  cwd: null,
  env: { set: {}, pass: null, claim: [] },
  after: [],
  ready: null,
  alive: null,
  watchdogMs: null,
  stop: { signal: 'TERM', command: null, graceMs: null, success: [] },
  restart: {
    policy: 'always',
    backoffMs: 200,
    backoffMaxMs: 30_000,
    limit: null,
    calmMs: 30_000,
    // biome-ignore lint/suspicious/noThenProperty: a key of the plan, which is never awaited.
    then: 'leave',
  },
  main: false,
  critical: false,
  guard: false,
  optional: false,
  onDeath: null,
  control: 'none',
  user: null,
  group: null,
  umask: null,
  limits: {},
  config: [],
  watch: true,
  reload: {
    by: { type: 'restart' },
    check: null,
    checkInPlace: false,
    verify: null,
    verifyMs: 30_000,
    settleMs: 1000,
  },
  onBootFailure: 'leave',
}

/** `started`: its process exists. `ready`: by `ready:`, or started where that is not given. `done`:
 *  a job has ended with success; for a job `ready` means the same. */
export type Until = 'started' | 'ready' | 'done'

export interface AfterSpec {
  readonly daemon: string
  readonly until: Until
}

/** A probe of a run from outside. */
export type Probe =
  /** Succeeds when a connection is accepted. `host`: a numeric address. */
  | { readonly type: 'tcp'; readonly host: string; readonly port: number }
  | { readonly type: 'unix'; readonly path: string }
  /** Succeeds when GET returns a status from 200 to 399. `name`: for the Host header. */
  | {
      readonly type: 'http'
      readonly host: string
      readonly port: number
      readonly name: string
      readonly path: string
    }
  /** Succeeds when it exits with 0. It runs as the daemon does: with the same user, environment and
   *  working directory. */
  | { readonly type: 'command'; readonly command: readonly string[] }
  /** Succeeds when the file exists. */
  | { readonly type: 'file'; readonly path: string }

/** Readiness that the daemon reports itself, without a probe. */
export type SelfReportedReadiness =
  /** A newline on this descriptor. */
  | { readonly type: 'fd'; readonly fd: number }
  /** sd_notify: READY=1. */
  | { readonly type: 'notify' }
  /** A line of output that contains this text; * stands for any text, ? for one character. */
  | { readonly type: 'log'; readonly text: string }

export function isSelfReported(sign: Probe | SelfReportedReadiness): sign is SelfReportedReadiness {
  return sign.type === 'fd' || sign.type === 'notify' || sign.type === 'log'
}

export interface ReadySpec {
  readonly sign: Probe | SelfReportedReadiness
  /** A run that is not ready this long after its start has failed. In milliseconds, like all
   *  times. */
  readonly timeoutMs: number
  /** From the end of one probe to the next. */
  readonly intervalMs: number
}

export interface AliveSpec {
  readonly probe: Probe
  /** From the end of one probe to the next. */
  readonly intervalMs: number
  /** Of one probe. */
  readonly timeoutMs: number
  /** After this many consecutive failures the run is not alive. */
  readonly failures: number
}

export interface StopSpec {
  readonly signal: Signal
  /** Run instead of the signal to the leader; the rest of a stop is the same. */
  readonly command: readonly string[] | null
  /** From the stop signal to KILL, in milliseconds; null = its whole share of the deadline. */
  readonly graceMs: number | null
  /** Exit codes that count as success beside 0. */
  readonly success: readonly number[]
}

export interface RestartSpec {
  /** `on-failure`: not after a success. */
  readonly policy: 'always' | 'on-failure' | 'never'
  /** The delay of the first restart of a streak, in milliseconds; it doubles with each. 0 = always
   *  at once. */
  readonly backoffMs: number
  readonly backoffMaxMs: number
  /** A daemon with more restarts than this in the window is given up; null = never. */
  readonly limit: { readonly times: number; readonly windowMs: number } | null
  /** A run that was ready this long ends the streak. */
  readonly calmMs: number
  /** What follows when it is given up. */
  readonly then: 'leave' | 'shutdown'
}

/** How a change of its configuration files takes effect. */
export interface ReloadSpec {
  readonly by: ReloadMethod
  /** The command that checks a candidate: it must exit with 0. `{file}` in an argument stands for
   *  the path of the candidate. null = no check. */
  readonly check: readonly string[] | null
  /** The check reads the real path, so it runs after the file was stored. Always true for a check
   *  without `{file}`. */
  readonly checkInPlace: boolean
  /** Must succeed after the activation, within `verifyMs`. null = after a restart the daemon must
   *  become ready; after a reload, or without `ready`, it must live for `settleMs`. */
  readonly verify: Probe | null
  readonly verifyMs: number
  readonly settleMs: number
}

type ReloadMethod =
  | { readonly type: 'restart' }
  /** The daemon reads the file by itself. */
  | { readonly type: 'none' }
  /** To its first process. */
  | { readonly type: 'signal'; readonly signal: Signal }
  /** Must exit with 0. It runs as the daemon does. */
  | { readonly type: 'command'; readonly command: readonly string[] }
  /** POST must return a status from 200 to 399. `host`: a numeric address; `name`: for the Host
   *  header. */
  | {
      readonly type: 'http'
      readonly host: string
      readonly port: number
      readonly name: string
      readonly path: string
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
