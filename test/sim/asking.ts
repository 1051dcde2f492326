/** Reads off a trace what was asked over the control socket, and what was answered: see facts.ts. */
import type { HostEvent } from '../../src/host/host.ts'
import type { Answer, Asked, When } from './facts.ts'
import type { Moment } from './trace.ts'

type Line = Extract<HostEvent, { type: 'line' }>
type Request = Pick<Asked, 'id' | 'verb'> & {
  readonly args: { readonly daemon?: string; readonly wait: boolean }
}

export class Asking {
  readonly all: Asked[] = []
  readonly #selected: readonly string[]
  /** Connections that pitcrew knows of. */
  readonly #greeted: Set<number> = new Set()
  /** Connections that are closed, by either side. */
  readonly #closed: Map<number, When> = new Map()

  constructor(selected: readonly string[]) {
    this.#selected = selected
  }

  /** null: it is about a daemon that is not there. */
  asked({ client, text }: Line, when: When & Pick<Asked, 'isLost' | 'isLate'>): Asked | null {
    const { id, verb, args } = JSON.parse(text ?? '') as Request
    const daemon = args.daemon ?? null
    if (daemon !== null && !this.#selected.includes(daemon)) return null
    const { wait } = args
    const isLost = when.isLost || !this.#greeted.has(client)
    // A line may be read when its connection is closed already.
    const closed = this.#closed.get(client) ?? null
    const asked = { ...when, isLost, client, id, verb, daemon, wait, answers: [], closed }
    this.all.push(asked)
    return asked
  }

  answered({ client, line }: Extract<Moment, { what: 'answer' }>, when: When): void {
    const { id, ...answer } = JSON.parse(line) as Answer & { readonly id?: number }
    this.#greeted.add(client)
    if (answer.done === undefined && answer.failed === undefined) return
    const asked = this.all.find((one) => one.client === client && one.id === id)
    asked?.answers.push({ atMs: when.atMs, index: when.index, ...answer })
  }

  closed(client: number, when: When): void {
    if (!this.#closed.has(client)) this.#closed.set(client, when)
    for (const asked of this.all) if (asked.client === client) asked.closed ??= when
  }
}
