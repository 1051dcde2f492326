/** The control plane: who is connected, what he asks, and who does it. A bug in the work of a verb
 *  is answered as such and said once, and nobody else notices. */
import type { Ticket } from '../../core/supervisor/ticket.ts'
import { describeError } from '../../errors.ts'
import type { Peer } from '../../host/control.ts'
import { failure, internal } from '../protocol/failure.ts'
import type { Handlers } from '../protocol/handlers.ts'
import {
  type AnswerLine,
  type Failure,
  type Greeting,
  lineBytesMax,
  protocolVersion,
  requestsMax,
  requestsOfDaemonsMax,
} from '../protocol/protocol.ts'
import { readRequest } from './read-request.ts'
import type { VerbName } from '../protocol/verbs.ts'
import { Changes } from '../verbs/changes.ts'
import { Followers } from '../verbs/followers.ts'
import { lookHandlers } from '../verbs/queries.ts'
import { Waits } from '../verbs/waits.ts'
import { accessOf, refusal } from './access.ts'
import { Batches, batchKey } from './batches.ts'
import { Call } from './call.ts'
import { type Caller, Client } from './connection.ts'
import type { Control, Recorded, Supervisor } from './control-plane.ts'
import { streamHandlers } from '../verbs/connection-verbs.ts'
import { Ticker, tickKey } from './ticker.ts'

type AnyHandler = (call: Call, args: unknown) => void

export class Server implements Control {
  readonly #supervisor: Supervisor
  readonly #ticker: Ticker
  readonly #batches: Batches
  readonly #changes: Changes
  readonly #waits: Waits
  readonly #followers: Followers
  readonly #handlers: Handlers
  readonly #clients: Map<number, Client> = new Map()
  /** Verbs whose bugs were said. */
  readonly #said: Set<VerbName> = new Set()

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor
    this.#ticker = new Ticker(supervisor)
    this.#batches = new Batches(supervisor, (call, error) => this.#break(call, 'status', error))
    this.#changes = new Changes(supervisor)
    this.#waits = new Waits(supervisor)
    this.#followers = new Followers(supervisor)
    this.#handlers = {
      ...lookHandlers(supervisor, this.#batches),
      ...this.#changes.handlers,
      ...this.#waits.handlers,
      ...this.#followers.handlers,
      ...streamHandlers(supervisor, (client) => this.#clients.delete(client.id)),
    }
  }

  connected(id: number, peer: Peer): void {
    const { host, state, version, pid } = this.#supervisor
    const controlOf = (name: string) => state.daemons.get(name)?.spec.control ?? 'none'
    const access = accessOf(peer, host.uid, controlOf)
    if (access === null) return this.#close(id, refusal)
    const { daemon, run } = peer
    // Outside of our PID namespace nobody has a number.
    const { uid, kin } = peer
    const isDescendant = kin !== 'none'
    const caller: Caller = { uid, pid: peer.pid || null, daemon, run, access, isDescendant }
    const client = new Client(this.#supervisor, this.#ticker, id, caller)
    this.#clients.set(id, client)
    const { name } = state.plan
    const greeting: Greeting = { pitcrew: protocolVersion, version, name, pid, access, daemon }
    client.send(JSON.stringify(greeting))
  }

  line(id: number, text: string | null): void {
    const client = this.#clients.get(id)
    if (client === undefined) return
    if (text === null) return this.#drop(client, tooLong)
    const { access, daemon } = client.caller
    const read = readRequest(text, access, daemon)
    if (read.id === null) return client.fail(read.failed) // Not even an id.
    const problem = 'failed' in read ? read.failed : this.#refuse(client, read.id)
    if (problem !== null) {
      // Another request may have this id: it has no answer yet.
      if (client.calls.has(read.id)) return client.fail(problem)
      return client.send(JSON.stringify({ id: read.id, failed: problem } satisfies AnswerLine))
    }
    if ('verb' in read) this.#do(client, read.id, read.verb, read.args)
  }

  gone(id: number): void {
    this.#clients.get(id)?.forget()
    this.#clients.delete(id)
  }

  stepped(): void {
    this.#waits.look()
  }

  accepted(token: number, ticket: Ticket, joined: boolean): void {
    this.#changes.accepted(token, ticket, joined)
  }

  ended(ticket: Ticket): void {
    this.#changes.ended(ticket)
  }

  recorded(entry: Recorded): void {
    this.#followers.recorded(entry)
  }

  elapsed(key: string): void {
    if (key === tickKey) return this.#ticker.tick()
    if (key === batchKey) return this.#batches.turn()
    const [client, id] = key.split(':').map(Number)
    const call = this.#clients.get(client as number)?.calls.get(id as number)
    call?.waiting?.timeOut(call)
  }

  finishing(exitCode: number): void {
    this.#waits.look()
    this.#followers.finish()
    for (const client of [...this.#clients.values()]) {
      const message = `cannot answer any more: pitcrew ends with exit code ${exitCode}`
      for (const call of [...client.calls.values()]) call.failed(failure('FAILED', message))
      this.#clients.delete(client.id)
      this.#supervisor.host.closeClient(client.id)
    }
  }

  /** Why nothing can be asked under this id, or at all. */
  #refuse({ calls, caller }: Client, id: number): Failure | null {
    if (calls.has(id)) {
      const message = `cannot take the request: its id ${id} is that of one that is open`
      return failure('REQUEST_INVALID', message, 'give each request an id of its own')
    }
    const isFull = calls.size >= requestsMax
    if (!isFull && (!caller.isDescendant || this.#ofDaemons() < requestsOfDaemonsMax)) return null
    const whose = isFull
      ? `${requestsMax} of this connection`
      : `${requestsOfDaemonsMax} of daemons`
    const message = `cannot take the request: ${whose} are open`
    return failure('BUSY', message, 'wait for answers, or cancel some')
  }

  /** How many requests of processes of daemons are open. */
  #ofDaemons(): number {
    let open = 0
    for (const { caller, calls } of this.#clients.values()) {
      if (caller.isDescendant) open += calls.size
    }
    return open
  }

  #do(client: Client, id: number, verb: VerbName, args: unknown): void {
    const call = new Call(client, id)
    client.calls.set(id, call)
    try {
      const handle = this.#handlers[verb] as AnyHandler // The table has checked the arguments.
      handle(call, args)
    } catch (error) {
      this.#break(call, verb, error)
    }
  }

  #break(call: Call, verb: VerbName, error: unknown): void {
    call.failed(internal(verb))
    if (this.#said.has(verb)) return
    this.#said.add(verb)
    this.#supervisor.say(`internal error in "${verb}" of a client: ${describeError(error)}`)
  }

  #drop(client: Client, why: Failure): void {
    client.forget()
    this.#clients.delete(client.id)
    this.#close(client.id, why)
  }

  #close(id: number, why: Failure): void {
    const { host } = this.#supervisor
    host.send(id, JSON.stringify({ id: null, failed: why } satisfies AnswerLine))
    host.closeClient(id)
  }
}

const tooLong: Failure = failure(
  'REQUEST_INVALID',
  `cannot read the request: it has more than ${lineBytesMax / 1024} KiB`,
)
