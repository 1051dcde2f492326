/** Who asks over the control socket, after native/control/client_turn.c: connections, and what of them waits to be told. What is
 *  asked goes through pitcrew's own control plane, in lines of its protocol. */
import type { Peer } from '../../../src/host/control.ts'
import type { HostEvent } from '../../../src/host/host.ts'
import type { Act } from './schedule.ts'

type Asking = Extract<Act, { type: 'ask' }>
type Intrusion = Extract<Act, { type: 'intrude' }>

const asOperator: Peer = { uid: 0, pid: 900, relation: 'none', daemon: null, run: 0, via: 'socket' }

/** By which the checkers know a hostile client. */
export const hostilePid = 666

function peerOf({ as, daemon }: Intrusion): Peer {
  const isOfDaemon = as === 'daemon'
  const uid = as === 'nobody' ? 65_534 : as === 'stranger' ? 1000 : 0
  const relation = isOfDaemon ? 'run' : 'none'
  const of = { daemon: isOfDaemon ? daemon : null, run: isOfDaemon ? 1 : 0 }
  return { uid, pid: hostilePid, relation, ...of, via: 'socket' }
}

export class Clients {
  isListening: boolean = false
  /** Those who ask, and their connections. */
  readonly #open: Map<number, number> = new Map()
  #connections = 0
  #requests = 0
  #events: HostEvent[] = []

  ask({ who, verb, daemon, wait }: Asking): void {
    if (!this.isListening) return
    const client = this.#open.get(who) ?? this.#connect(who)
    const args = daemon === null ? { wait } : { daemon, wait }
    const text = JSON.stringify({ id: ++this.#requests, verb, args })
    this.#events.push({ type: 'line', client, text })
  }

  /** @returns The connection; null when nobody listens. */
  intrude(intrusion: Intrusion): number | null {
    if (!this.isListening) return null
    const client = this.#connect(intrusion.who, peerOf(intrusion))
    for (const text of intrusion.lines) this.#events.push({ type: 'line', client, text })
    return client
  }

  /** @returns The connection that is closed; null when there is none. */
  hangUp(who: number): number | null {
    const client = this.#open.get(who)
    if (client === undefined) return null
    this.#open.delete(who)
    this.#events.push({ type: 'client-gone', client, lagged: false })
    return client
  }

  #connect(who: number, peer: Peer = asOperator): number {
    const client = ++this.#connections
    this.#open.set(who, client)
    this.#events.push({ type: 'client', client, peer })
    return client
  }

  /** What came of an append, or anything else that somebody outside tells. */
  tell(event: HostEvent): void {
    this.#events.push(event)
  }

  get areThere(): boolean {
    return this.#events.length > 0
  }

  next(): HostEvent | undefined {
    return this.#events.shift()
  }

  /** pitcrew sends a line. */
  isOpen(client: number): boolean {
    return [...this.#open.values()].includes(client)
  }

  /** pitcrew closes it: nothing more of it is told. */
  close(client: number): void {
    for (const [who, id] of this.#open) if (id === client) this.#open.delete(who)
    this.#events = this.#events.filter((event) => !('client' in event) || event.client !== client)
  }
}
