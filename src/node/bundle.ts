/** The bundle file as a type, for bundles in TypeScript. Types cannot express every rule (that a
 *  name exists, that a duration is valid): these are checked at the start. docs/BUNDLE.md explains
 *  each key. */

/** A length of time: "200ms", "9s", "1m30s". */
type Duration = string
type Command = readonly [program: string, ...args: string[]]

/** A bundle: the daemons that one pitcrew supervises. */
export interface Bundle {
  readonly name?: string
  readonly label?: string
  readonly select?: string
  readonly deadline?: Duration
  readonly signals?: Readonly<Record<string, SignalAction>>
  readonly onDeath?: OnDeath
  readonly daemons: Readonly<Record<string, Daemon>>
}

interface SignalAction {
  readonly forward?: readonly string[]
  readonly restart?: readonly string[]
  readonly reload?: readonly string[]
}

interface OnDeath {
  readonly command: Command
}

/** A daemon, or a job. */
export interface Daemon {
  readonly command: Command
  readonly kind?: 'daemon' | 'job'
  readonly cwd?: string
  readonly env?: {
    readonly set?: Readonly<Record<string, string>>
    readonly pass?: readonly string[]
    readonly claim?: readonly string[]
  }
  readonly after?: readonly string[] | Readonly<Record<string, 'started' | 'ready' | 'done'>>
  readonly ready?: 'fd' | 'notify' | Ready
  readonly alive?: Alive
  readonly watchdog?: Duration
  readonly restart?: RestartPolicy | Restart
  readonly stop?: Stop
  readonly control?: 'look' | 'operate'
  readonly main?: boolean
  readonly critical?: boolean
  readonly guard?: boolean
  readonly optional?: boolean
  readonly onDeath?: OnDeath | 'none'
  readonly user?: string | number
  readonly group?: string | number
  readonly umask?: string
  readonly limits?: Readonly<Record<string, Limit | { readonly soft: Limit; readonly hard: Limit }>>
  /** Absolute paths of the files that configure it. */
  readonly config?: string | readonly string[]
  readonly watch?: boolean
  readonly reload?: 'restart' | 'none' | Reload
  readonly onBootFailure?: 'leave' | 'lastGood'
}

type Limit = number | 'unlimited'

/** A check from outside. */
type Probe =
  | { readonly tcp: string }
  | { readonly unix: string }
  | { readonly http: string }
  | { readonly command: Command }
  | { readonly file: string }

type Ready = (
  | Probe
  | { readonly fd: number }
  | { readonly notify: true }
  | { readonly log: string }
) & { readonly timeout?: Duration; readonly interval?: Duration }

type Alive = Probe & {
  readonly interval?: Duration
  readonly timeout?: Duration
  readonly failures?: number
}

type RestartPolicy = 'always' | 'on-failure' | 'never'

interface Restart {
  readonly policy?: RestartPolicy
  readonly backoff?: Duration | 'none' | { readonly initial?: Duration; readonly max?: Duration }
  /** "5 in 1m" */
  readonly limit?: string
  readonly calm?: Duration
  readonly then?: 'leave' | 'shutdown'
}

interface Stop {
  readonly signal?: string
  readonly grace?: Duration
  readonly success?: readonly number[]
  readonly command?: Command
}

/** How a change of the configuration files takes effect; without a way it is a restart. */
type Reload = Partial<ReloadWay> & {
  /** `{file}` in an argument stands for the path of the new content. */
  readonly check?: Command
  readonly checkInPlace?: boolean
  readonly verify?: Probe & { readonly timeout?: Duration }
  readonly settle?: Duration
}

type ReloadWay =
  | { readonly restart: true }
  | { readonly none: true }
  | { readonly signal: string }
  | { readonly command: Command }
  | { readonly http: string }

/**
 * Returns the bundle as it is, so that the compiler checks it.
 *
 * @example
 * export default defineBundle({
 *   daemons: {
 *     db: { command: ['redis-server'], ready: { tcp: '127.0.0.1:6379' } },
 *     web: { command: ['node', 'web.js'], after: { db: 'ready' }, stop: { grace: '5s' } },
 *   },
 * })
 */
export function defineBundle(bundle: Bundle): Bundle {
  return bundle
}
