/** The init's only interface to the operating system. The C host (`native/`) implements it in the
 *  binary, and simulated hosts implement it in tests. It has mechanisms and no policy: numbers,
 *  strings and arrays go in and out, and `core/` decides what to do about them.
 *
 *  The host's duties, in order:
 *  1. it calls `handle` with one HostEvent at a time, never while another call is under way;
 *  2. a call that throws, takes more than 100 ms of processor time or uses up the engine's memory
 *  is followed by one call of `recover`; from then on the host's table of live runs is the truth;
 *  3. an event is not delivered again when its call failed: `liveRuns()` includes what it reported;
 *  4. TERM, INT and a hangup start the shutdown watchdog: see `startShutdownWatchdog`. */
import type { LiveRun, SpawnFailure, Started } from '../core/event.ts'
import type { DaemonSpec } from '../core/plan/plan.ts'
import type { ClientEvent, ControlHost } from './control.ts'
import type { FilesHost, WatcherEvent } from './files.ts'
import type { HelperEnd, HelperTask } from './helper.ts'
import type { OutputEvent, OutputHost } from './output.ts'
import type { Errno, System } from './system.ts'

export type { LiveRun }

export interface Host extends System, ControlHost, FilesHost, OutputHost {
  /** Monotonic time in milliseconds, with fractions. Its zero means nothing. */
  now(): number
  /** Requests one `wake` event at this time of `now()`; replaces the request before. Infinity =
   *  none. A time in the past means: after the other events that are ready. */
  wakeAt(atMs: number): void

  /** Starts a run. A name with ":" ("web:ready") is that of a command that serves a daemon: a run
   *  like any other, with a whole tree. Returns within 50 ms, also with the failure of an exec. A
   *  child that takes longer is slow: `executed` follows, or `exited` with a failure. After 5 s it
   *  is killed, unless it has pitcrew's stdio.
   *  @param env Inherited entries by their position, new ones as "NAME=value". */
  spawn(
    spec: SpawnSpec,
    run: number,
    env: readonly (number | string)[],
    channels: Channels,
  ): SpawnAnswer
  /** Sends a signal (0 = only check) to a run, and nothing with it. `leader`: its first process.
   *  `tree`: its process group, and what left the group. */
  signal(daemon: string, run: number, signal: number, to: 'leader' | 'tree'): SignalAnswer
  /** Sends a stop signal with CONT behind it, or KILL, to each process of a run once, however often
   *  it is called. `rest`: the tree without its leader. All calls of a turn share one scan. */
  stop(daemon: string, run: number, signal: number, to: SignalTarget): SignalAnswer
  /** Starts a probe; its result is one `probed` event. A probe in progress with the same id is
   *  cancelled. Never blocks: a socket with a path is probed by a helper. */
  probe(id: number, spec: ProbeSpec): Errno | null
  /** Cancels a probe: its event is not delivered. */
  cancelProbe(id: number): void
  /** Sends a text to the NOTIFY_SOCKET of pitcrew itself, if there is one. */
  notify(text: string): void
  /** How often the kernel killed a process of our control group for memory; null = not known. */
  oomKills(): OomKills | null

  /** All runs that are not over, and those that ended in the call that failed. */
  liveRuns(): readonly LiveRun[]
  /** Splits a message of sd_notify that did not come over NOTIFY_SOCKET; `liveRuns()` keeps that
   *  the run is ready. null: the run is over, or the message has none of the fields. */
  readNotify(daemon: string, run: number, text: string): NotifyFields | null
  /** Resource use and last lines of a run after the end of its leader; null: the run is not in the
   *  table any more. */
  runResources(daemon: string, run: number): RunResources | null
  /** The pids of the processes that a run has left, at most 16. For messages only. */
  members(daemon: string, run: number): readonly number[]
  /** Stops reading the output of a run; what is in the pipe now is still printed. */
  closeOutput(daemon: string, run: number): void

  /** Names of the environment, in order; the position is the handle used by `spawn`. */
  envNames(): readonly string[]
  /** Keeps these entries for spawns but blanks them in our own /proc/PID/environ. */
  envHide(positions: readonly number[]): void

  /** Starts a child for work that may block or grow. Its end is one `helper` event with this id, in
   *  a later call; none is delivered after `finish`. An id must be used once. Several children run
   *  at a time, further tasks wait. Writes to one file are done in order. EBUSY: too many wait.
   *  ETIMEDOUT: an earlier child hangs at the same path and cannot be killed. EAGAIN: too many such
   *  children. */
  startHelper(id: number, task: HelperTask): Errno | null
  /** Ends a task: its event is not delivered. */
  cancelHelper(id: number): void

  /** Loads the image "supervisor", once. @returns The value of `globalThis.pitcrewSupervisor`. */
  loadSupervisor(): unknown
  /** Loads it later in this turn, when helpers have been started. */
  preloadSupervisor(): void
  /** Loads the image "control", once. @returns The value of `globalThis.pitcrewControl`. */
  loadControl(): unknown
  /** Loads the image "auxiliary", once. @returns The value of `globalThis.pitcrewAuxiliary`. */
  loadAuxiliary(): unknown
  /** Loads the image "operations", once. @returns The value of `globalThis.pitcrewOperations`. */
  loadOperations(): unknown
  /** Loads the image "check", once. @returns The value of `globalThis.pitcrewCheck`. */
  loadCheck(): unknown

  /** Opens the file that `writeTrace` appends lines to. Both may block on a slow disk. */
  openTrace(path: string): Errno | null
  writeTrace(line: string): void

  /** Sets the timeout of the shutdown watchdog, in milliseconds without pauses. When it fires, all
   *  processes are killed, and the exit status is 70. */
  armShutdownWatchdog(afterMs: number): void
  /** Starts the shutdown watchdog. TERM, INT and a hangup also start it. */
  startShutdownWatchdog(): void
  /** Job control: stops pitcrew and its group until CONT, unless no process would send that. */
  stopSelf(): void
  /** Moves the process group of a run into the foreground of the terminal and continues it. Returns
   *  false if pitcrew itself is not in the foreground. */
  foreground(daemon: string, run: number): boolean
}

export interface OomKills {
  readonly count: number
  /** True: a growth is followed by one `oom-kills` event, 500 to 1000 ms later. */
  readonly isWatched: boolean
}

export interface RunResources {
  /** Processor time of the leader and of the children that it reaped. */
  readonly cpuMs: number
  /** The maximum resident memory of one of them. */
  readonly memoryKib: number
  /** The last whole lines of its output, at most 1 KiB, oldest first; '' = it printed nothing. */
  readonly lastLines: string
}

export type SignalTarget = 'leader' | 'rest' | 'tree'

/** `gone`: no process of the run is left. */
export type SignalAnswer = 'sent' | 'gone' | Errno

/** What is executed, and in which context: a daemon of the plan as it is, or a command. */
export interface SpawnSpec {
  readonly name: string
  /** The program and its arguments; or a number n: pitcrew's own arguments from n on, byte for
   *  byte; or arguments for this program. */
  readonly command: readonly string[] | number | { readonly self: readonly string[] }
  readonly cwd: string | null
  /** Names or numbers, looked up in /etc/passwd and /etc/group by the child; null = unchanged. */
  readonly user: string | null
  readonly group: string | null
  readonly umask: number | null
  readonly limits: DaemonSpec['limits']
}

/** What connects a run with pitcrew. */
export interface Channels {
  /** `pump`: stdin from /dev/null, stdout and stderr through a pipe of pitcrew, a session of its
   *  own. `null`: the same, with /dev/null for all three. `inherit`: all three are pitcrew's, a
   *  group of its own, in the foreground of the terminal. */
  readonly stdio: 'pump' | 'null' | 'inherit'
  /** The channel by which the run reports its readiness, which becomes one `ready` event. */
  readonly ready: ReadyChannel | null
  /** The run gets a NOTIFY_SOCKET of its own; `ready: notify` implies this. */
  readonly notify: boolean
  /** The run gets a connection to the control plane, with its number in PITCREW_FD, which
   *  identifies the daemon whatever its user is. A `client` event follows before its first line. */
  readonly control: boolean
}

/** How a run itself reports that it is ready. */
export type ReadyChannel =
  /** A newline on this descriptor of the run, 3 to 9. */
  | { readonly type: 'fd'; readonly fd: number }
  | { readonly type: 'notify' }
  /** A line of its output that contains this text; * stands for any text, ? for one character. */
  | { readonly type: 'log'; readonly text: string }

/** The fields of sd_notify(3) that have a meaning here; the last one if a field is repeated. */
export type NotifyFields = Readonly<
  Partial<
    Record<
      | 'READY'
      | 'STATUS'
      | 'RELOADING'
      | 'STOPPING'
      | 'WATCHDOG'
      | 'EXTEND_TIMEOUT_USEC'
      | 'MAINPID',
      string
    >
  >
>

export type ProbeSpec =
  | { readonly type: 'tcp'; readonly host: string; readonly port: number }
  /** An abstract name, with @ before it. */
  | { readonly type: 'unix'; readonly path: string }
  /** Sends `request` once connected; the event has the first bytes of the response. */
  | {
      readonly type: 'exchange'
      readonly host: string
      readonly port: number
      readonly request: string
    }

/** The failed step and its errno; for the steps see start-failure.ts. `head`: the beginning of a
 *  file that exists and cannot be executed. */
export type SpawnAnswer = Started | (SpawnFailure & { readonly head?: string })

export type HostEvent =
  /** A signal to pitcrew. `hangup`: the kernel sent it, because the terminal is gone. */
  | { readonly type: 'signal'; readonly signal: number; readonly hangup: boolean }
  /** The leader of a run ended. `gone`: no process of the run is left, and no `gone` follows. */
  | {
      readonly type: 'exited'
      readonly daemon: string
      readonly run: number
      readonly code: number
      readonly signal: number
      readonly gone: boolean
      /** A process still holds the write end of its output. */
      readonly outputOpen: boolean
      readonly failure?: SpawnFailure
    }
  | { readonly type: 'executed'; readonly daemon: string; readonly run: number }
  /** The run reported by its channel that it is ready. Once a run. */
  | { readonly type: 'ready'; readonly daemon: string; readonly run: number }
  /** A message of sd_notify from a process of the run, at most 4 KiB. Its descriptors are closed,
   *  which is what BARRIER=1 waits for. */
  | {
      readonly type: 'notify'
      readonly daemon: string
      readonly run: number
      readonly fields: NotifyFields
    }
  /** The result of a probe. `errno`: why it failed; null = it succeeded. `text`: the first line of
   *  the response of an `exchange`, at most 256 bytes. */
  | {
      readonly type: 'probed'
      readonly id: number
      readonly errno: Errno | null
      readonly text: string
    }
  /** The last process of a run is gone, after its leader. */
  | {
      readonly type: 'gone'
      readonly daemon: string
      readonly run: number
      readonly outputOpen: boolean
    }
  /** The leader of a run with inherited stdio was stopped by a signal (job control). */
  | {
      readonly type: 'stopped'
      readonly daemon: string
      readonly run: number
      readonly signal: number
    }
  /** The output of a run is closed, after an `exited` or `gone` that said that it was open. */
  | { readonly type: 'output-closed'; readonly daemon: string; readonly run: number }
  | OutputEvent
  | { readonly type: 'wake' }
  /** The kernel killed for memory; `count` in all. At most two events a second. */
  | { readonly type: 'oom-kills'; readonly count: number }
  /** Processes that descend from pitcrew and belong to no known run, at most 16; each once. */
  | { readonly type: 'unattributed'; readonly pids: readonly number[] }
  | ClientEvent
  | WatcherEvent
  | HelperEnd

/** What the init gives to the host. */
export interface Handlers {
  handle(event: HostEvent): void
  /** Called after a failed call. `problem`: the error. `shutdownAsked`: TERM, INT or a hangup came
   *  before. */
  recover(problem: string, shutdownAsked: boolean): void
}
