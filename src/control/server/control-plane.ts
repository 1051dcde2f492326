/** The boundary between the init (src/init) and its control plane, an image of its own that is
 *  loaded when the first client connects: what happens to the control plane (`ControlEvent`), and
 *  what it may use of the init (`Supervisor`). */
import type { Effect } from '../../core/effect.ts'
import type { OperationRequest } from '../../core/operations/operation.ts'
import type { State } from '../../core/supervisor/state.ts'
import type { Request, Ticket } from '../../core/ticket.ts'
import type { ClientEvent, LogSpec } from '../../host/control.ts'
import type { HelperEnd, HelperTask } from '../../host/helper.ts'
import type { Host, NotifyFields } from '../../host/host.ts'
import type { Errno } from '../../host/system.ts'

export interface ControlPlane {
  handle(event: ControlEvent): void
}

export type MakeControlPlane = (supervisor: Supervisor) => ControlPlane

export type ControlEvent =
  | ClientEvent
  /** The core has made a ticket for a request, or has joined the request to one. */
  | Extract<Effect, { type: 'accepted' }>
  /** A ticket has its outcome. */
  | { readonly type: 'ended'; readonly ticket: Ticket }
  /** Steps were made: the state may have changed. */
  | { readonly type: 'stepped' }
  /** The journal has a new entry. */
  | { readonly type: 'recorded'; readonly entry: NewEntry }
  /** A timer of the control plane is due. */
  | { readonly type: 'elapsed'; readonly key: string }
  /** All output is written: every client is answered now, and pitcrew exits with this code. */
  | { readonly type: 'finishing'; readonly exitCode: number }

export interface Supervisor {
  readonly host: Pick<
    Host,
    | 'now'
    | 'pid'
    | 'uid'
    | 'send'
    | 'queued'
    | 'usage'
    | 'readNotify'
    | 'receiveContent'
    | 'dropContent'
  >
  /** In the host's time. */
  readonly startedAtMs: number
  /** Read only, and only during a call. */
  readonly state: State
  /** The last tickets that have ended, oldest first. */
  readonly endedTickets: readonly Ticket[]
  readonly journal: JournalView
  /** The last unrequested death of each daemon that had one. */
  readonly deaths: ReadonlyMap<string, KeptDeath>
  /** The event `elapsed` follows. A key has one timer: to arm it again replaces it. */
  readonly timers: {
    arm(timer: ControlTimer, atMs: number): void
    disarm(timer: ControlTimer): void
  }
  /** Hands a request to the core.
   *  @returns The token of the event `accepted` that answers it in a later call. */
  request(request: Omit<Request, 'token'>): number
  /** null before the first operation. */
  readonly operations: OperationsView | null
  /** @returns The open ticket. null: too many operations wait, or pitcrew shuts down. */
  requestOperation(request: OperationRequest): Ticket | null
  /** @param take Gets the end of the task in a later call; or null at once, when no helper can be
   *  started. */
  startTask(task: HelperTask, take: (end: HelperEnd | null) => void): void
  /** Takes what a run reports of itself, in the fields of sd_notify. */
  takeMessage(daemon: string, run: number, fields: NotifyFields): void
  /** Closes a connection when what is queued for it has been sent. */
  closeClient(client: number): void
  /** Hands a connection over to the host, which sends lines of daemons on it. */
  streamLogs(client: number, spec: LogSpec): Errno | null
  /** Prints a line of pitcrew's own. */
  log(text: string): void
}

/** Changes of configuration files, and reloads. */
export interface OperationsView {
  /** The open tickets, that of the operation under way first. Each ends with the event `ended`. */
  readonly open: readonly Ticket[]
  /** The folder of the bundle's files that outlive pitcrew: that of file work. */
  readonly folder: string
  /** `not-awaited`: it is open, and waits for no confirmation. */
  confirm(ticket: number): 'confirmed' | 'not-awaited' | 'unknown'
  /** Undoes a change that is not over. `too-late`: it is being undone, or recorded, already.
   *  @param words Why: "cancelled by uid 0, pid 12". */
  cancel(ticket: number, words: string): 'cancelled' | 'too-late' | 'unknown'
  readonly files: {
    /** The configuration files of a daemon. */
    stateOf(daemon: string): readonly FileState[]
  }
}

/** What is known of a configuration file. */
export interface FileState {
  readonly path: string
  /** What the file on disk has, as SHA-256; null = there is none, or it is not watched. */
  readonly sha256: string | null
  /** The file on disk has another content than the present run uses. */
  readonly differs: boolean
  /** Why the content on disk was not accepted; null = it was, or was not tried. */
  readonly rejected: string | null
  /** The last content that a run was verified with, as SHA-256; null = none. */
  readonly lastGood: string | null
}

interface ControlTimer {
  readonly kind: 'control'
  readonly key: string
}

/** An unrequested death. */
export interface KeptDeath {
  /** In the host's time. */
  readonly atMs: number
  readonly record: DeathRecord
  /** Why the run could not be started; null = it was started. */
  readonly startFailure: string | null
}

export interface DeathRecord {
  readonly run: number
  /** 0 = it could not be started. */
  readonly pid: number
  /** "code 3", "KILL, probably out of memory", "not ready in time" */
  readonly cause: string
  readonly uptimeMs: number
  /** Processor time and peak memory; null = the run is not over yet. */
  readonly cpuMs: number | null
  readonly memoryKib: number | null
  /** The last status that the run reported (sd_notify); '' = none. */
  readonly status: string
  /** The last lines that the run printed, oldest first. */
  readonly lastLines: readonly string[]
  /** What follows: "restarting in 200 ms". */
  readonly next: string
  /** What may help; absent where nothing is known. */
  readonly remedy?: string
}

/** Each entry is the JSON text of an `Entry` (answers.ts), since most are only passed on. */
export interface JournalView {
  /** The cursor of the newest entry: LIFE-N; N is 0 while this life has no entry. */
  readonly cursor: string
  /** Where the journal's file may be, best first. */
  readonly paths: readonly string[]
  /** The entries in memory, oldest first, without a gap: all, or the last ones. */
  kept(): readonly string[]
}

/** A new entry of the journal. */
export interface NewEntry {
  readonly daemon: string | null
  /** The entry's text, made on demand. */
  text(): string
}
