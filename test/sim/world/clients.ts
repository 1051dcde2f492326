/** Clients of the control socket, modelled on native/control/client_turn.c: connections and
 *  their pending events. Their requests go through pitcrew's own control plane, as lines of its
 *  protocol. */
import type { Peer } from '../../../src/host/control.ts'
import type { HostEvent } from '../../../src/host/host.ts'
import type { Act } from './schedule.ts'

type Asking = Extract<Act, { type: 'ask' }>
type Intrusion = Extract<Act, { type: 'intrude' }>

const operatorPeer: Peer = {
  uid: 0,
  pid: 900,
  relation: 'none',
  daemon: null,
  run: 0,
  via: 'socket',
}

/** The pid by which the checkers recognize a hostile client. */
export const hostilePid = 666

function peerOf({ as, daemon }: Intrusion): Peer {
  const isOfDaemon = as === 'daemon'
  const uid = as === 'nobody' ? 65_534 : as === 'other-user' ? 1000 : 0
  const relation = isOfDaemon ? 'run' : 'none'
  const of = { daemon: isOfDaemon ? daemon : null, run: isOfDaemon ? 1 : 0 }
  return { uid, pid: hostilePid, relation, ...of, via: 'socket' }
}

export class Clients {
  isListening: boolean = false
  /** Callers and their connections. */
  readonly #open: Map<number, number> = new Map()
  #connections = 0
  #requests = 0
  #events: HostEvent[] = []

  ask({ caller, verb, daemon, wait }: Asking): void {
    if (!this.isListening) return
    const client = this.#open.get(caller) ?? this.#connect(caller)
    const args = daemon === null ? { wait } : { daemon, wait }
    const text = JSON.stringify({ id: ++this.#requests, verb, args })
    this.#events.push({ type: 'line', client, text })
  }

  /** @returns The connection; null if pitcrew does not listen. */
  intrude(intrusion: Intrusion): number | null {
    if (!this.isListening) return null
    const client = this.#connect(intrusion.caller, peerOf(intrusion))
    for (const text of intrusion.lines) this.#events.push({ type: 'line', client, text })
    return client
  }

  /** @returns The closed connection; null if there is none. */
  hangUp(caller: number): number | null {
    const client = this.#open.get(caller)
    if (client === undefined) return null
    this.#open.delete(caller)
    this.#events.push({ type: 'client-gone', client, lagged: false })
    return client
  }

  #connect(caller: number, peer: Peer = operatorPeer): number {
    const client = ++this.#connections
    this.#open.set(caller, client)
    this.#events.push({ type: 'client', client, peer })
    return client
  }

  /** Adds an event. */
  push(event: HostEvent): void {
    this.#events.push(event)
  }

  get isPending(): boolean {
    return this.#events.length > 0
  }

  next(): HostEvent | undefined {
    return this.#events.shift()
  }

  /** Whether pitcrew can send to it. */
  isOpen(client: number): boolean {
    return [...this.#open.values()].includes(client)
  }

  /** pitcrew closes a connection: its pending events are dropped. */
  close(client: number): void {
    for (const [caller, id] of this.#open) if (id === client) this.#open.delete(caller)
    this.#events = this.#events.filter((event) => !('client' in event) || event.client !== client)
  }
}
