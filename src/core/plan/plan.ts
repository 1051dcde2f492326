/** The plan: a bundle file, parsed, checked, completed with defaults and frozen. Plain JSON, so
 *  that it can be built ahead of time (`pitcrew build`), sent from the parsing helper to the
 *  init, and compared. Nothing here is optional: a default is written down once, by the one who
 *  makes the plan. */
import type { Signal } from '../signals.ts'

/** The format of the plan. Grows when a plan of before could be misread. */
export const planFormat = 2

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
  /** A job is meant to end: then it is done. */
  readonly kind: 'daemon' | 'job'
  /** The program and its arguments; looked up in the daemon's own PATH. Never empty. */
  readonly command: readonly string[]
  /** Working directory; null = pitcrew's own. */
  readonly cwd: string | null
  readonly env: EnvSpec
  /** What must be true of others before this one starts; it stops before they do. */
  readonly after: readonly AfterSpec[]
  /** How it is seen to be ready; null = as soon as it was started. */
  readonly ready: ReadySpec | null
  /** How it is seen to be alive while it is ready; null = as long as its process is there. */
  readonly alive: AliveSpec | null
  /** It must send WATCHDOG=1 at least this often once it is ready, in milliseconds; null = not. */
  readonly watchdogMs: number | null
  readonly stop: StopSpec
  readonly restart: RestartSpec
  /** pitcrew ends when this daemon ends, with its exit code; it is never restarted by itself. */
  readonly main: boolean
  /** pitcrew ends when this daemon is given up. */
  readonly critical: boolean
  /** Those `after` it are stopped while it is not ready, and started again when it is. */
  readonly guard: boolean
  /** When it fails for good, those `after` it are started all the same. */
  readonly optional: boolean
  /** A command that is run when it has died by itself; null = none. */
  readonly onDeath: readonly string[] | null
  /** What it may do on the connection to pitcrew that it is given (PITCREW_FD) and over the socket:
   *  look, or ask for anything. `none`: it is given none, and may look over the socket. */
  readonly control: 'none' | 'look' | 'operate'
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

/** What a daemon has that says nothing but its name and its command. */
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
    // biome-ignore lint/suspicious/noThenProperty: a key of the plan; nobody awaits one.
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
}

/** `started`: its process is there. `ready`: as `ready:` says, or started where that is not given.
 *  `done`: a job that ended well; of a job, `ready` means the same. */
export type Until = 'started' | 'ready' | 'done'

export interface AfterSpec {
  readonly daemon: string
  readonly until: Until
}

/** A look from outside: it succeeds or it does not. */
export type Probe =
  /** Somebody accepts a connection. `host`: a numeric address. */
  | { readonly type: 'tcp'; readonly host: string; readonly port: number }
  | { readonly type: 'unix'; readonly path: string }
  /** GET is answered with a status from 200 to 399. `name`: for the Host header. */
  | {
      readonly type: 'http'
      readonly host: string
      readonly port: number
      readonly name: string
      readonly path: string
    }
  /** Exits with 0; run as the daemon is: same user, environment and working directory. */
  | { readonly type: 'command'; readonly command: readonly string[] }
  /** The file is there. */
  | { readonly type: 'file'; readonly path: string }

/** A word from the daemon itself. */
export type SelfReportedReadiness =
  /** It writes a newline to this descriptor. */
  | { readonly type: 'fd'; readonly fd: number }
  /** sd_notify: READY=1. */
  | { readonly type: 'notify' }
  /** It prints a line with this text in it; * stands for any text, ? for one character. */
  | { readonly type: 'log'; readonly text: string }

/** A word comes by itself; a probe has to be made. */
export function isSelfReported(sign: Probe | SelfReportedReadiness): sign is SelfReportedReadiness {
  return sign.type === 'fd' || sign.type === 'notify' || sign.type === 'log'
}

export interface ReadySpec {
  readonly sign: Probe | SelfReportedReadiness
  /** After the start; not ready by then is a failure. In milliseconds, like all times. */
  readonly timeoutMs: number
  /** From the end of one try to the next. */
  readonly intervalMs: number
}

export interface AliveSpec {
  readonly probe: Probe
  /** From the end of one try to the next. */
  readonly intervalMs: number
  /** Of one try. */
  readonly timeoutMs: number
  /** So many tries in a row that fail mean that it is not alive. */
  readonly failures: number
}

export interface StopSpec {
  readonly signal: Signal
  /** Run instead of sending the signal to the leader; the rest of a stop is as ever. */
  readonly command: readonly string[] | null
  /** From the stop signal to KILL, in milliseconds; null = all of its share of the deadline. */
  readonly graceMs: number | null
  /** Exit codes that are fine beside 0. */
  readonly success: readonly number[]
}

export interface RestartSpec {
  /** `on-failure`: not after an end that is fine. */
  readonly policy: 'always' | 'on-failure' | 'never'
  /** Before the first restart in a row, in milliseconds; it doubles with each. 0 = at once,
   *  always. */
  readonly backoffMs: number
  readonly backoffMaxMs: number
  /** More restarts than this in the window, and it is given up; null = never. */
  readonly limit: { readonly times: number; readonly windowMs: number } | null
  /** A run that was ready this long ends the row. */
  readonly calmMs: number
  /** What giving up means for the rest. */
  readonly then: 'leave' | 'shutdown'
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
