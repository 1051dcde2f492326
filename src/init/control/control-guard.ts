/** The init's side of the control plane (src/control), which is loaded for the first client: until
 *  then it costs nothing. It is shielded: whatever breaks in it costs its clients their connection,
 *  and nobody else anything. */
import type { Control, MakeControl, Supervisor } from '../../control/server/control-plane.ts'
import type { Daemon } from '../../core/daemon/phases.ts'
import type { Effect } from '../../core/effect.ts'
import type { Event } from '../../core/event.ts'
import type { State } from '../../core/supervisor/state.ts'
import type { Ticket } from '../../core/supervisor/ticket.ts'
import { describeError } from '../../errors.ts'
import type { Host, HostEvent } from '../../host/host.ts'
import type { NotifyFields } from '../../host/readiness.ts'
import { version } from '../../version.ts'
import { seldomOf } from '../image/seldom-image.ts'
import type { Tasks } from '../loop/tasks.ts'
import type { Timers } from '../loop/timers.ts'
import type { Voice } from '../report/reporter.ts'
import { afterFailure, atTheEnd } from './refusals.ts'

type ClientEvent = Extract<HostEvent, { type: 'client' | 'line' | 'client-gone' }>
type Accepted = Extract<Effect, { type: 'accepted' }>
/** An event that has happened now. */
export type Told = Event extends infer E ? (E extends unknown ? Omit<E, 'atMs'> : never) : never

/** How long a helper may take to read the end of the journal, in milliseconds. */
const readMs = 5000
/** Tickets that have ended and are known by their number. */
const endedMax = 200

export class ControlLink {
  readonly #host: Host
  readonly #tasks: Tasks
  readonly #timers: Timers
  readonly #voice: Voice
  readonly #state: State
  readonly #tell: (event: Told) => void
  readonly #startedAtMs: number
  #make: MakeControl | null = null
  #control: Control | null = null
  /** Whom we have not closed: told of when the control plane cannot tell them. */
  readonly #clients: Set<number> = new Set()
  readonly #ended: Ticket[] = []
  /** The run of each daemon whose MAINPID was reported. */
  readonly #mainPids: Map<string, number> = new Map()
  /** All were answered: who comes now is told so. */
  #isOver = false
  /** Numbers are never used again, whatever breaks. */
  #tokens = 0

  /** @param tell Takes what clients ask for, as events of the core. */
  constructor(
    host: Host,
    tasks: Tasks,
    timers: Timers,
    voice: Voice,
    state: State,
    tell: (event: Told) => void,
  ) {
    this.#host = host
    this.#tasks = tasks
    this.#timers = timers
    this.#voice = voice
    this.#state = state
    this.#tell = tell
    this.#startedAtMs = host.now()
  }

  handle(event: ClientEvent): void {
    const { client } = event
    if (this.#isOver && event.type !== 'client-gone') return this.#refuse(client)
    if (event.type === 'client') {
      this.#clients.add(client)
      this.#control ??= this.#load()
    }
    // That it came was lost in a failure of ours: it waits for what never comes.
    if (event.type === 'line' && !this.#clients.has(client)) return this.#fail(client)
    if (event.type === 'client-gone') this.#clients.delete(client)
    this.#do((control) => {
      if (event.type === 'client') control.connected(client, event.peer)
      else if (event.type === 'line') control.line(client, event.text)
      else control.gone(client)
    })
  }

  accepted({ token, ticket, joined }: Accepted): void {
    this.#do((control) => control.accepted(token, ticket, joined))
  }

  ended(ticket: Ticket): void {
    this.#ended.push(ticket)
    if (this.#ended.length > endedMax) this.#ended.shift()
    this.#do((control) => control.ended(ticket))
  }

  stepped(): void {
    this.#do((control) => control.stepped())
  }

  elapsed(key: string): void {
    this.#do((control) => control.elapsed(key))
  }

  finishing(exitCode: number): void {
    this.#do((control) => control.finishing(exitCode))
    this.#isOver = true
  }

  /** Something in pitcrew failed: what the control plane knows is not trusted. The next client
   *  finds a new one. */
  drop(): void {
    this.#control = null
    this.#voice.journal.listener = null
    for (const client of [...this.#clients]) this.#fail(client)
  }

  #do(work: (control: Control) => void): void {
    if (this.#control === null) return
    try {
      work(this.#control)
    } catch (error) {
      // First: it is told what is said.
      this.drop()
      this.#voice.say(`internal error, clients are dropped: ${describeError(error)}`)
    }
  }

  #load(): Control | null {
    try {
      this.#make ??= this.#host.loadControl() as MakeControl
      const control = this.#make(this.#supervisor())
      this.#voice.journal.listener = (entry) => this.#do(() => control.recorded(entry))
      return control
    } catch (error) {
      this.drop()
      this.#voice.say(`internal error, no client can be served: ${describeError(error)}`)
      return null
    }
  }

  #supervisor(): Supervisor {
    const host = this.#host
    const { journal, deaths } = this.#voice
    return {
      host: {
        now: () => host.now(),
        uid: host.uid,
        send: (client, line) => host.send(client, line),
        queued: (client) => host.queued(client),
        closeClient: (client) => this.#close(client),
        streamLogs: (client, spec) => {
          this.#clients.delete(client)
          return host.streamLogs(client, spec)
        },
        usage: () => host.usage(),
      },
      version,
      pid: host.pid,
      startedAtMs: this.#startedAtMs,
      state: this.#state,
      ended: this.#ended,
      journal,
      readJournal: (maxBytes, take) => this.#readJournal(maxBytes, take),
      request: (request) => {
        const token = ++this.#tokens
        this.#tell({ type: 'request', ...request, token })
        return token
      },
      notify: (daemon, run, text) => this.#notify(daemon, run, text),
      lastDeath: (daemon) => {
        const death = deaths.last.get(daemon)
        if (death === undefined) return null
        const { record, atMs, startFailure } = death
        return { ...record, atMs, startFailure }
      },
      say: (text) => this.#voice.say(text),
      arm: (key, atMs) => this.#timers.arm({ kind: 'control', key }, atMs),
      disarm: (key) => this.#timers.disarm({ kind: 'control', key }),
    }
  }

  /** Not told to a control plane that has taken the place of the one that asked. */
  #readJournal(maxBytes: number, take: (text: string | null) => void): void {
    const asking = this.#control
    const answer = (text: string | null): void => {
      if (this.#control === asking) this.#do(() => take(text))
    }
    const task = { tail: this.#voice.journal.paths, maxBytes, timeoutMs: readMs }
    const started = this.#tasks.start(task, ({ errno, text }) => {
      answer(errno === null ? text : null)
    })
    if (typeof started === 'string') answer(null)
  }

  /** What a run reports of itself, in the fields of sd_notify. */
  takeMessage(name: string, run: number, fields: NotifyFields): void {
    const daemon = this.#state.daemons.get(name)
    if (daemon === undefined) return
    const { eventsOfMessage } = seldomOf(this.#host)
    for (const event of eventsOfMessage(daemon.spec, run, fields)) this.#tell(event)
    if (fields.MAINPID !== undefined) this.#checkMainPid(daemon, run, fields.MAINPID)
  }

  /** Another main process than the one that was started is not supported: said once a run. */
  #checkMainPid(daemon: Daemon, run: number, mainPid: string): void {
    const { name } = daemon.spec
    if (!('pid' in daemon) || daemon.run !== run || mainPid === String(daemon.pid)) return
    if (this.#mainPids.get(name) === run) return
    this.#mainPids.set(name, run)
    this.#voice.say(`${name}: ${seldomOf(this.#host).mainPidWords(daemon.pid, run, mainPid)}`)
  }

  /** Over its own connection: the host keeps that it is ready before the answer says so. */
  #notify(name: string, run: number, text: string): void {
    const fields = this.#host.readNotify(name, run, text)
    if (fields !== null) this.takeMessage(name, run, fields)
  }

  #refuse(client: number): void {
    this.#host.send(client, atTheEnd)
    this.#close(client)
  }

  /** Its requests are not answered any more. A daemon has one connection, which is kept. */
  #fail(client: number): void {
    this.#host.send(client, afterFailure)
    this.#clients.delete(client)
    if (!this.#host.keepClient(client)) this.#host.closeClient(client)
  }

  #close(client: number): void {
    this.#clients.delete(client)
    this.#host.closeClient(client)
  }
}
