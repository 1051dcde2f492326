/** The only door to the operating system for the init. The C host (`native/`) implements it in
 *  the binary, a fake world in the tests. It has mechanisms and no policy: numbers, strings and
 *  arrays go in and out, and what to do about them is decided in `core/`.
 *
 *  The host's duties, in order:
 *  1. it calls `handle` with one HostEvent at a time, never while another call is under way;
 *  2. a call that throws, takes more than 100 ms of processor time or uses up the engine's memory
 *     is followed by one call of `recover`; the host's table of live runs is what is true then;
 *  3. an event whose call failed is not delivered again: `live()` tells what it said;
 *  4. TERM, INT and a hangup start the shutdown watchdog: see `startShutdownWatchdog`. */
import type { LiveRun, SpawnFailure, Started } from '../core/event.ts'
import type { ClientEvent, ControlHost } from './control.ts'
import type { HelperEnd, HelperTask } from './helper.ts'
import type { OutputEvent, OutputHost } from './output.ts'
import type { Errno, System } from './system.ts'

export type { LiveRun }

export interface Host extends System, ControlHost, OutputHost {
  /** Monotonic time in milliseconds, with fractions. Its zero means nothing. */
  now(): number
  /** Asks for one `wake` event at this time of `now()`; replaces what was asked before.
   *  Infinity = none. A time that has passed means: as soon as other events had their turn. */
  wakeAt(atMs: number): void

  /** Starts a run. A name with ":" in it is a helper's ("web:ready"): a run like any other, with
   *  its whole tree, and not a daemon's. Answers within 50 ms: that a command cannot be executed,
   *  too. One that stands still is slow: then `executed` follows, or `exited` with a failure. It is
   *  killed after 5 s, unless it has our stdio. */
  spawn(spec: SpawnSpec): SpawnAnswer
  /** Sends a signal (0 = only look) to a run, and nothing with it. `leader`: its first process.
   *  `tree`: its process group, and what left the group. */
  signal(daemon: string, run: number, signal: number, to: 'leader' | 'tree'): SignalAnswer
  /** Sends a stop signal with CONT behind it, or KILL, to each process of a run once, however often
   *  it is called. `rest`: the tree without its leader. All calls of a turn share one scan. */
  stop(daemon: string, run: number, signal: number, to: SignalTarget): SignalAnswer
  /** Starts a look from outside; the answer is one `probed` event. A probe of the same id that is
   *  under way is forgotten. Never waits: a socket that has a path is a helper's work. */
  probe(id: number, spec: ProbeSpec): Errno | null
  /** Forgets a probe: no event comes of it any more. */
  cancelProbe(id: number): void
  /** Sends a text to the NOTIFY_SOCKET that we were given ourselves, if there is one. */
  notify(text: string): void
  /** How often the kernel killed a process of our control group for memory; null = not known. */
  oomKills(): OomKills | null

  /** All runs that are not over, and those whose end was told in the call that failed. */
  liveRuns(): readonly LiveRun[]
  /** Splits a message of sd_notify that came another way, as those of NOTIFY_SOCKET are; `live()`
   *  keeps that the run is ready. null: the run is over, or the message has none of the fields. */
  readNotify(daemon: string, run: number, text: string): NotifyFields | null
  /** What a run whose leader has ended leaves to be told; null: it is not in the table any more. */
  runResources(daemon: string, run: number): RunResources | null
  /** The pids of a run that are still there, at most 16 of them. For a message only. */
  members(daemon: string, run: number): readonly number[]
  /** Stops reading a run's output; what is in the pipe now is still passed on. */
  closeOutput(daemon: string, run: number): void

  /** Names of the environment, in order; the position is the handle used in `SpawnSpec.env`. */
  envNames(): readonly string[]
  /** Keeps these entries for spawns but blanks them in our own /proc/PID/environ. */
  envHide(positions: readonly number[]): void

  /** Has a child do what may block or grow; its end is one `helper` event with this id, which is to
   *  be used once, and comes in a later call; none comes after `finish`. Several run at a time, more
   *  wait. What is written to one file is written in order. EBUSY: too many wait. ETIMEDOUT: an
   *  earlier child hangs at the same path and cannot be killed. EAGAIN: too many such children. */
  startHelper(id: number, task: HelperTask): Errno | null
  /** Ends a task: no event comes of it any more. */
  cancelHelper(id: number): void

  /** Loads the image with the control plane, once, and gives what it puts into
   *  `globalThis.pitcrewControl`. */
  loadControl(): unknown
  /** The same for the image of what most runs never need: `globalThis.pitcrewAuxiliary`. */
  loadAuxiliary(): unknown
  /** The same for the image that checks a plan: `globalThis.pitcrewCheck`. */
  loadCheck(): unknown

  /** Opens the file that `trace` appends lines to. Both may wait for a slow disk. */
  openTrace(path: string): Errno | null
  writeTrace(line: string): void

  /** How long the last word waits, pauses not counted: then all is killed, and the status is 70. */
  armShutdownWatchdog(afterMs: number): void
  /** Starts that clock: a shutdown has begun. TERM, INT and a hangup start it by themselves. */
  startShutdownWatchdog(): void
  /** Job control: stops us and our group until continued, but not where nothing would do that. */
  stopSelf(): void
  /** Puts a run's process group into the foreground of our terminal and continues it, if we are
   *  in the foreground ourselves; false otherwise. */
  foreground(daemon: string, run: number): boolean
}

export interface OomKills {
  readonly count: number
  /** One `oom-kills` event follows on a growth, half a second to one later. */
  readonly isWatched: boolean
}

export interface RunResources {
  /** Processor time of the leader and of those that it waited for. */
  readonly cpuMs: number
  /** The most memory that one of them had. */
  readonly memoryKib: number
  /** The last whole lines of its output, at most 1 KiB, oldest first; '' = it printed nothing. */
  readonly lastLines: string
}

export type SignalTarget = 'leader' | 'rest' | 'tree'

/** `sent`, or `gone`: nobody of the run is left to be signalled. */
export type SignalAnswer = 'sent' | 'gone' | Errno

export interface SpawnSpec {
  readonly daemon: string
  readonly run: number
  /** The program and its arguments; or a number n: our own arguments from n on, byte for byte; or
   *  arguments for this program itself. */
  readonly command: readonly string[] | number | { readonly self: readonly string[] }
  /** Inherited entries by their position, new ones as "NAME=value". */
  readonly env: readonly (number | string)[]
  readonly cwd: string | null
  /** Names or numbers, looked up in /etc/passwd and /etc/group by the child; null = ours. */
  readonly user: string | null
  readonly group: string | null
  readonly umask: number | null
  /** Triples of RLIMIT_ number, soft and hard; -1 = unlimited. */
  readonly limits: readonly (readonly [resource: number, soft: number, hard: number])[]
  /** `pump`: stdin from /dev/null, stdout and stderr through our pipe, a session of its own.
   *  `null`: the same, with /dev/null for all three.
   *  `inherit`: all three are ours, a group of its own, in the foreground of our terminal. */
  readonly stdio: 'pump' | 'null' | 'inherit'
  /** How the run itself says that it is ready: one `ready` event comes of it. */
  readonly ready: ReadyChannel | null
  /** The run gets a NOTIFY_SOCKET of its own; with `ready: notify`, too. */
  readonly notify: boolean
  /** The run gets a connection to our control plane, whose number is in its PITCREW_FD: the daemon
   *  is known by it, whatever user it is. A `client` event tells of it when it first says
   *  something. */
  readonly control: boolean
}

/** How a run itself reports that it is ready. */
export type ReadyChannel =
  /** A newline on this descriptor of the run, 3 to 9. */
  | { readonly type: 'fd'; readonly fd: number }
  | { readonly type: 'notify' }
  /** A line of its output with this text in it; * stands for any text, ? for one character. */
  | { readonly type: 'log'; readonly text: string }

/** The fields of sd_notify(3) that are passed on; of one that is there several times the last. */
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
  /** What is sent when the connection is there; the first bytes of the answer come back. */
  | {
      readonly type: 'exchange'
      readonly host: string
      readonly port: number
      readonly request: string
    }

/** What could not be done, and why. The steps are in start-failure.ts. `head`: how a file begins
 *  that is there and cannot be executed. */
export type SpawnAnswer = Started | (SpawnFailure & { readonly head?: string })

export type HostEvent =
  /** A signal for pitcrew. `hangup`: the kernel says that our terminal is gone. */
  | { readonly type: 'signal'; readonly signal: number; readonly hangup: boolean }
  /** A run's leader ended. `gone`: and nothing of the run is left, so that no `gone` follows. */
  | {
      readonly type: 'exited'
      readonly daemon: string
      readonly run: number
      readonly code: number
      readonly signal: number
      readonly gone: boolean
      /** Somebody still holds its output. */
      readonly outputOpen: boolean
      readonly failure?: SpawnFailure
    }
  | { readonly type: 'executed'; readonly daemon: string; readonly run: number }
  /** The run said that it is ready, by its channel; once. */
  | { readonly type: 'ready'; readonly daemon: string; readonly run: number }
  /** A message of sd_notify from a process of the run, at most 4 KiB. Descriptors that came with
   *  it are closed, which is what BARRIER=1 waits for. */
  | {
      readonly type: 'notify'
      readonly daemon: string
      readonly run: number
      readonly fields: NotifyFields
    }
  /** What became of a probe. `errno`: why it did not succeed. `text`: the first bytes of the answer
   *  to an `ask`, up to the first end of a line, at most 256. */
  | {
      readonly type: 'probed'
      readonly id: number
      readonly errno: Errno | null
      readonly text: string
    }
  /** The last process of a run whose leader had ended before is gone, too. */
  | {
      readonly type: 'gone'
      readonly daemon: string
      readonly run: number
      readonly outputOpen: boolean
    }
  /** The leader of an inherited-stdio run was stopped by a signal (job control). */
  | {
      readonly type: 'stopped'
      readonly daemon: string
      readonly run: number
      readonly signal: number
    }
  | { readonly type: 'output-closed'; readonly daemon: string; readonly run: number }
  | OutputEvent
  | { readonly type: 'wake' }
  /** The kernel has killed for memory, so often by now. At most two a second. */
  | { readonly type: 'oom-kills'; readonly count: number }
  /** Processes that descend from us and are of no run that is known, at most 16; each once. */
  | { readonly type: 'unattributed'; readonly pids: readonly number[] }
  | ClientEvent
  | HelperEnd

/** What the init gives to the host. */
export interface Handlers {
  handle(event: HostEvent): void
  /** After a failed call. `problem` says what happened; `shutdownAsked`: TERM, INT or a hangup
   *  came. */
  recover(problem: string, shutdownAsked: boolean): void
}
