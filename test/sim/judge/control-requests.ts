/** Derives the requests over the control socket and their answers from a trace: see facts.ts. */
import type { HostEvent } from '../../../src/host/host.ts'
import { hostilePid } from '../world/clients.ts'
import type { Answer, ControlRequest, Intruder, When } from './facts.ts'
import type { Moment } from './trace.ts'

type Line = Extract<HostEvent, { type: 'line' }>
type Request = Pick<ControlRequest, 'id' | 'verb'> & {
  readonly args: { readonly daemon?: string; readonly wait: boolean }
}

export class ControlRequests {
  readonly all: ControlRequest[] = []
  readonly intruders: Intruder[] = []
  readonly #selected: readonly string[]
  /** Connections that pitcrew has greeted. */
  readonly #greeted: Set<number> = new Set()
  /** Connections that either side has closed. */
  readonly #closed: Map<number, When> = new Map()

  constructor(selected: readonly string[]) {
    this.#selected = selected
  }

  /** @param failed The call failed. */
  connected(
    { client, peer }: Extract<HostEvent, { type: 'client' }>,
    failed: boolean,
    opened: When,
  ): void {
    // It disconnected before: its greeting is not in the trace, but its lines are read.
    if (!failed && this.#closed.has(client)) this.#greeted.add(client)
    if (peer.pid !== hostilePid) return
    const isOperator = peer.daemon === null && peer.uid === 0
    const access = isOperator ? 'operate' : peer.daemon === null ? 'none' : 'look'
    const closed = this.#closed.get(client) ?? null
    this.intruders.push({ client, access, opened, lines: [], answers: [], closed })
  }

  #intruder(client: number): Intruder | undefined {
    return this.intruders.find((one) => one.client === client)
  }

  /** null: a request for an unknown daemon, or of an intruder. */
  receive(
    { client, text }: Line,
    when: When & Pick<ControlRequest, 'isLost' | 'isLate'>,
  ): ControlRequest | null {
    const intruder = this.#intruder(client)
    if (intruder !== undefined) {
      intruder.lines.push({ atMs: when.atMs, index: when.index, text })
      return null
    }
    const { id, verb, args } = JSON.parse(text ?? '') as Request
    const daemon = args.daemon ?? null
    if (daemon !== null && !this.#selected.includes(daemon)) return null
    const { wait } = args
    const isLost = when.isLost || !this.#greeted.has(client)
    // A line may be read after its connection has been closed.
    const closed = this.#closed.get(client) ?? null
    const request = { ...when, isLost, client, id, verb, daemon, wait, answers: [], closed }
    this.all.push(request)
    return request
  }

  answered({ client, line }: Extract<Moment, { what: 'answer' }>, when: When): void {
    const { id, ...answer } = JSON.parse(line) as Answer & { readonly id?: number }
    this.#greeted.add(client)
    const { atMs, index } = when
    const isGreeting = 'pitcrew' in answer
    const intruder = this.#intruder(client)
    if (!isGreeting) intruder?.answers.push({ atMs, index, code: answer.failed?.code ?? null })
    if (intruder !== undefined) return
    if (answer.done === undefined && answer.failed === undefined) return
    const request = this.all.find((one) => one.client === client && one.id === id)
    request?.answers.push({ atMs, index, ...answer })
  }

  closed(client: number, when: When): void {
    if (!this.#closed.has(client)) this.#closed.set(client, when)
    for (const request of this.all) if (request.client === client) request.closed ??= when
    const intruder = this.#intruder(client)
    if (intruder !== undefined) intruder.closed ??= when
  }
}
