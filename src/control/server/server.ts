/** The control plane: connections, the requests on them, and the handlers of their verbs. A bug in
 *  a handler fails its request and is logged once a verb; nothing else notices. */
import { describeError } from '../../errors.ts'
import type { Peer } from '../../host/control.ts'
import { version } from '../../version.ts'
import { type Failure, failure, internal, noSuchDaemon } from '../protocol/failure.ts'
import {
  type AnswerLine,
  type Greeting,
  lineBytesMax,
  protocolVersion,
  requestsMax,
  requestsOfDaemonsMax,
} from '../protocol/protocol.ts'
import type { VerbName } from '../protocol/verbs.ts'
import { Changes } from '../verbs/changes.ts'
import { connectionHandlers } from '../verbs/connection-verbs.ts'
import { Followers } from '../verbs/followers.ts'
import { OperationVerbs } from '../verbs/operations.ts'
import { queryHandlers } from '../verbs/queries.ts'
import { Waits } from '../verbs/waits.ts'
import { accessDenied, accessOf } from './access.ts'
import { Batches, batchKey } from './batches.ts'
import { Call, Connection, callerOf, type Handlers } from './connection.ts'
import type { ControlEvent, ControlPlane, Supervisor } from './control-plane.ts'
import { announcesContent, readRequest } from './read-request.ts'
import { Ticker, tickKey } from './ticker.ts'

type AnyHandler = (call: Call, args: unknown) => void

export class Server implements ControlPlane {
  readonly #supervisor: Supervisor
  readonly #ticker: Ticker
  readonly #batches: Batches
  readonly #changes: Changes
  readonly #operations: OperationVerbs
  readonly #waits: Waits
  readonly #followers: Followers
  readonly #handlers: Handlers
  readonly #connections: Map<number, Connection> = new Map()
  /** Verbs with a bug that was logged. */
  readonly #broken: Set<VerbName> = new Set()

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor
    this.#ticker = new Ticker(supervisor)
    this.#batches = new Batches(supervisor, (call, error) => this.#break(call, 'status', error))
    this.#changes = new Changes(supervisor)
    this.#operations = new OperationVerbs(supervisor, this.#changes, ({ id }) => this.#end(id))
    this.#waits = new Waits(supervisor)
    this.#followers = new Followers(supervisor)
    this.#handlers = {
      ...queryHandlers(supervisor, this.#batches),
      ...this.#changes.handlers,
      ...this.#operations.handlers,
      ...this.#waits.handlers,
      ...this.#followers.handlers,
      ...connectionHandlers(supervisor, ({ id }) => this.#connections.delete(id)),
    }
  }

  handle(event: ControlEvent): void {
    switch (event.type) {
      case 'stepped':
        return this.#waits.check()
      case 'recorded':
        return this.#followers.recorded(event.entry)
      case 'client':
        return this.#connect(event.client, event.peer)
      case 'line':
        return this.#readLine(event.client, event.text)
      case 'content':
        return this.#operations.content(event.client, event.errno)
      case 'client-gone':
        return this.#forget(event.client)
      case 'accepted':
        return this.#changes.accepted(event)
      case 'ended':
        return this.#changes.ended(event.ticket)
      case 'elapsed':
        return this.#elapse(event.key)
      case 'finishing':
        return this.#finish(event.exitCode)
    }
  }

  #connect(id: number, peer: Peer): void {
    const { host, state } = this.#supervisor
    const controlOf = (name: string) => state.daemons.get(name)?.spec.control ?? 'none'
    const access = accessOf(peer, host.uid, controlOf)
    if (access === null) return this.#close(id, accessDenied)
    const connection = new Connection(this.#supervisor, this.#ticker, id, callerOf(peer, access))
    this.#connections.set(id, connection)
    const { name } = state.plan
    const { pid } = host
    const { daemon } = peer
    const greeting: Greeting = { pitcrew: protocolVersion, version, name, pid, access, daemon }
    connection.send(JSON.stringify(greeting))
  }

  #readLine(client: number, text: string | null): void {
    const connection = this.#connections.get(client)
    if (connection === undefined) return
    if (text === null) return this.#close(client, tooLong)
    const { calls, caller } = connection
    const read = readRequest(text, caller.access, caller.daemon)
    const { id } = read
    if (id === null) return this.#refuse(connection, null, read.failed, text)
    const problem =
      'failed' in read
        ? read.failed
        : (this.#limitFailure(connection, id) ?? this.#unknownDaemonFailure(read))
    // An id that is in use belongs to the open request, which has its own answer.
    if (problem !== null) return this.#refuse(connection, calls.has(id) ? null : id, problem, text)
    if ('verb' in read) this.#begin(connection, id, read.verb, read.args)
  }

  /** A content that follows is not read as requests: the connection ends. */
  #refuse(connection: Connection, id: number | null, why: Failure, text: string): void {
    connection.fail(id, why)
    if (announcesContent(text)) this.#end(connection.id)
  }

  /** The request would exceed a limit, or its id is in use. */
  #limitFailure({ calls, caller }: Connection, id: number): Failure | null {
    if (calls.has(id)) {
      const message = `cannot accept the request: an open request has the id ${id}`
      return failure('REQUEST_INVALID', message, 'give each open request an id of its own')
    }
    const isFull = calls.size >= requestsMax
    if (!isFull && (!caller.isDescendant || this.#requestsOfDaemons() < requestsOfDaemonsMax))
      return null
    const full = isFull
      ? `this connection has ${requestsMax}`
      : `daemons have ${requestsOfDaemonsMax}`
    const message = `cannot accept the request: ${full} open requests`
    return failure('BUSY', message, 'wait for answers, or cancel requests')
  }

  /** The arguments name a daemon that does not exist. */
  #unknownDaemonFailure({ args }: { readonly args: object }): Failure | null {
    const known = this.#supervisor.state.daemons
    const { daemon, daemons = [] }: { daemon?: string; daemons?: readonly string[] } = args
    const names = daemon === undefined ? daemons : [daemon]
    const unknown = names.find((name) => !known.has(name))
    return unknown === undefined ? null : noSuchDaemon(unknown, [...known.keys()])
  }

  /** How many requests of daemons' processes are open. */
  #requestsOfDaemons(): number {
    let open = 0
    for (const { caller, calls } of this.#connections.values()) {
      if (caller.isDescendant) open += calls.size
    }
    return open
  }

  #begin(connection: Connection, id: number, verb: VerbName, args: unknown): void {
    const call = new Call(connection, id)
    connection.calls.set(id, call)
    try {
      const handle = this.#handlers[verb] as AnyHandler // The table has checked the arguments.
      handle(call, args)
    } catch (error) {
      this.#break(call, verb, error)
    }
  }

  #break(call: Call, verb: VerbName, error: unknown): void {
    call.failed(internal(verb))
    if (this.#broken.has(verb)) return
    this.#broken.add(verb)
    this.#supervisor.log(`internal error in verb "${verb}": ${describeError(error)}`)
  }

  #elapse(key: string): void {
    if (key === tickKey) return this.#ticker.tick()
    if (key === batchKey) return this.#batches.turn()
    const [client, id] = key.split(':').map(Number)
    const call = this.#connections.get(client as number)?.calls.get(id as number)
    call?.responder?.timeOut?.(call)
  }

  #finish(exitCode: number): void {
    this.#waits.check()
    this.#followers.finish()
    const message = `cannot answer: pitcrew ends with exit code ${exitCode}`
    for (const { id, calls } of [...this.#connections.values()]) {
      for (const call of [...calls.values()]) call.failed(failure('FAILED', message))
      this.#connections.delete(id)
      this.#supervisor.closeClient(id)
    }
  }

  #close(client: number, why: Failure): void {
    this.#forget(client)
    const line: AnswerLine = { id: null, failed: why }
    this.#supervisor.host.send(client, JSON.stringify(line))
    this.#supervisor.closeClient(client)
  }

  /** Ends a connection after what was sent on it. */
  #end(client: number): void {
    this.#forget(client)
    this.#supervisor.closeClient(client)
  }

  #forget(client: number): void {
    this.#operations.forget(client)
    this.#connections.get(client)?.endCalls()
    this.#connections.delete(client)
  }
}

const tooLong: Failure = failure(
  'REQUEST_INVALID',
  `cannot read the request: it is longer than ${lineBytesMax / 1024} KiB`,
)
