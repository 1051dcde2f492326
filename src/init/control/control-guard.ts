/** Shields the init from the control plane (src/control), which is loaded when the first client
 *  connects. Every call into it is guarded: a bug there costs clients their connections and nothing
 *  else. Kept here is what must outlive a control plane: the tickets that have ended, the numbers
 *  of requests, and which clients are connected. */
import type {
  ControlEvent,
  ControlPlane,
  JournalView,
  KeptDeath,
  MakeControlPlane,
  Supervisor,
} from '../../control/server/control-plane.ts'
import type { OperationRequest } from '../../core/operations/operation.ts'
import type { State } from '../../core/supervisor/state.ts'
import type { Request, Ticket } from '../../core/ticket.ts'
import { describeError, type ErrorCode } from '../../errors.ts'
import type { ClientEvent, LogSpec } from '../../host/control.ts'
import type { HelperEnd, HelperTask } from '../../host/helper.ts'
import type { Host } from '../../host/host.ts'
import type { Errno } from '../../host/system.ts'
import type { UntimedEvent } from '../loop/event-queue.ts'
import type { Tasks } from '../loop/tasks.ts'
import type { Timers } from '../loop/timers.ts'
import type { Operations } from '../operations/operations.ts'
import type { Reporter } from '../report/reporter.ts'

/** How many tickets that have ended are kept. */
const endedMax = 200

export class ControlGuard implements Supervisor {
  readonly host: Host
  readonly startedAtMs: number
  readonly state: State
  readonly endedTickets: Ticket[] = []
  readonly journal: JournalView
  readonly deaths: ReadonlyMap<string, KeptDeath>
  readonly timers: Timers
  readonly takeMessage: Supervisor['takeMessage']
  /** null before the first operation. */
  operations: Operations | null = null
  readonly #loadOperations: () => Operations
  readonly #tasks: Tasks
  readonly #reporter: Reporter
  readonly #dispatch: (event: UntimedEvent) => void
  #make: MakeControlPlane | null = null
  #plane: ControlPlane | null = null
  /** Clients that are answered here when the control plane cannot. */
  readonly #clients: Set<number> = new Set()
  /** The control plane has answered every client for the last time. */
  #isOver = false
  #lastToken = 0

  /** @param dispatch    Takes requests of clients, as events of the core.
   *  @param takeMessage Takes what a run reports of itself.
   *  @param loadOperations Loads what performs operations, on first use. */
  constructor(
    host: Host,
    tasks: Tasks,
    timers: Timers,
    reporter: Reporter,
    state: State,
    dispatch: (event: UntimedEvent) => void,
    takeMessage: Supervisor['takeMessage'],
    loadOperations: () => Operations,
  ) {
    this.host = host
    this.startedAtMs = host.now()
    this.state = state
    this.journal = reporter.journal
    this.deaths = reporter.deaths.last
    this.timers = timers
    this.takeMessage = takeMessage
    this.#loadOperations = loadOperations
    this.#tasks = tasks
    this.#reporter = reporter
    this.#dispatch = dispatch
  }

  handle(event: ControlEvent): void {
    // The most frequent event: most pitcrews have no client.
    if (this.#plane === null && event.type === 'stepped') return
    if (event.type === 'accepted' && this.operations?.accepted(event.token, event.ticket)) return
    if ('client' in event && !this.#isServed(event)) return
    if (event.type === 'ended') this.#keep(event.ticket)
    this.#guarded((plane) => plane.handle(event))
    if (event.type === 'finishing') this.#isOver = true
  }

  /** Something in pitcrew failed: the control plane's knowledge is not trusted any more. The next
   *  client gets a new control plane. */
  drop(): void {
    this.#plane = null
    this.#reporter.journal.listener = null
    for (const client of [...this.#clients]) this.#fail(client)
  }

  request(request: Omit<Request, 'token'>): number {
    const token = ++this.#lastToken
    this.#dispatch({ type: 'request', ...request, token })
    return token
  }

  requestOperation(request: OperationRequest): Ticket | null {
    return this.useOperations().request(request)
  }

  useOperations(): Operations {
    this.operations ??= this.#loadOperations()
    return this.operations
  }

  /** The result for a control plane that was dropped meanwhile is ignored. */
  startTask(task: HelperTask, take: (end: HelperEnd | null) => void): void {
    const plane = this.#plane
    const started = this.#tasks.start(task, (end) => {
      if (this.#plane === plane) this.#guarded(() => take(end))
    })
    if (typeof started === 'string') take(null)
  }

  closeClient(client: number): void {
    this.#clients.delete(client)
    this.host.closeClient(client)
  }

  streamLogs(client: number, spec: LogSpec): Errno | null {
    this.#clients.delete(client)
    return this.host.streamLogs(client, spec)
  }

  log(text: string): void {
    this.#reporter.log(text)
  }

  /** False: the client was answered here. */
  #isServed({ type, client }: ClientEvent): boolean {
    if (type === 'client-gone') {
      this.#clients.delete(client)
      return true
    }
    if (this.#isOver) {
      this.host.send(client, atTheEnd())
      this.closeClient(client)
      return false
    }
    if (type === 'line' || type === 'content') {
      if (this.#clients.has(client)) return true
      // Its `client` event was lost in a failure: no answer would ever come.
      this.#fail(client)
      return false
    }
    this.#clients.add(client)
    this.#plane ??= this.#load()
    return true
  }

  #keep(ticket: Ticket): void {
    this.endedTickets.push(ticket)
    if (this.endedTickets.length > endedMax) this.endedTickets.shift()
  }

  #guarded(work: (plane: ControlPlane) => void): void {
    if (this.#plane === null) return
    try {
      work(this.#plane)
    } catch (error) {
      // Drop it first: it would get the new entry of the journal.
      this.drop()
      this.log(
        `internal error in the control plane, clients are disconnected: ${describeError(error)}`,
      )
    }
  }

  #load(): ControlPlane | null {
    try {
      this.#make ??= this.host.loadControl() as MakeControlPlane
      const plane = this.#make(this)
      this.#reporter.journal.listener = (entry) => this.handle({ type: 'recorded', entry })
      return plane
    } catch (error) {
      this.drop()
      this.log(`internal error, cannot load the control plane: ${describeError(error)}`)
      return null
    }
  }

  /** Its requests get no answer any more. The one connection of a daemon (PITCREW_FD) is kept. */
  #fail(client: number): void {
    this.host.send(client, afterFailure())
    this.#clients.delete(client)
    if (!this.host.keepClient(client)) this.host.closeClient(client)
  }
}

function afterFailure(): string {
  return refusalLine(
    'INTERNAL',
    'cannot answer: an internal error; pitcrew keeps running',
    'repeat the request, on a new connection if this one is closed; see "pitcrew logs"',
  )
}

function atTheEnd(): string {
  return refusalLine('FAILED', 'cannot answer: pitcrew is ending', null)
}

/** A line of the protocol that replaces all answers on a connection. */
export function refusalLine(code: ErrorCode, message: string, hint: string | null): string {
  return JSON.stringify({ id: null, failed: { code, message, hint } })
}
