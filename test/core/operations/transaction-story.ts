/** Plays events on a transaction, and shows each step with its effects. */
import type { Daemon } from '../../../src/core/daemon/phases.ts'
import { noStreak } from '../../../src/core/daemon/restart-policy.ts'
import type { FileAnswer, FileWork } from '../../../src/core/operations/file-work.ts'
import {
  newTransaction,
  type OperationEffect,
  type OperationEvent,
  type OperationRequest,
  type Transaction,
} from '../../../src/core/operations/operation.ts'
import { stepTransaction } from '../../../src/core/operations/transaction.ts'
import { type DaemonSpec, type ReloadSpec, specDefaults } from '../../../src/core/plan/plan.ts'
import type { Ticket } from '../../../src/core/ticket.ts'

const path = '/etc/web.conf'
const old = { sha256: 'old', bytes: 3 }
const fresh = { sha256: 'new', bytes: 4 }

export interface Options {
  readonly request?: Partial<OperationRequest>
  readonly reload?: Partial<ReloadSpec>
  readonly spec?: Partial<DaemonSpec>
  /** What the present run was started with; the old content, if absent. */
  readonly startedWith?: string | null | undefined
  readonly daemon?: Partial<Daemon>
}

type Playable = OperationEvent | { readonly now: Partial<Daemon> } | { readonly afterMs: number }

/** The transaction, to be given events. */
export class Story {
  readonly lines: string[] = []
  transaction: Transaction
  ended: Ticket | null = null
  readonly #options: Options
  #daemon: Daemon
  #atMs = 1000

  constructor(options: Options = {}) {
    this.#options = options
    const reload = { ...specDefaults.reload, ...options.reload }
    const spec: DaemonSpec = {
      ...specDefaults,
      ready: { sign: { type: 'notify' }, timeoutMs: 10_000, intervalMs: 100 },
      ...options.spec,
      name: 'web',
      command: ['web'],
      config: [path],
      reload,
    }
    this.#daemon = { ...running(spec, 1, 7), ...options.daemon } as Daemon
    const request: OperationRequest = {
      verb: 'apply',
      daemon: 'web',
      path,
      source: { from: 'stdin' },
      ifMatch: null,
      confirmMs: null,
      isDry: false,
      client: 3,
      by: { kind: 'client', uid: 0, pid: 12, daemon: null },
      why: '',
      ...options.request,
    }
    const target = { folder: '/state/b', daemon: 'web', path, tx: '1-1' }
    this.transaction = newTransaction(request, target, 1, reload, this.#facts())
  }

  play(...events: readonly Playable[]): this {
    for (const event of events) {
      if ('now' in event) {
        this.#daemon = { ...this.#daemon, ...event.now } as Daemon
        continue
      }
      if ('afterMs' in event) {
        this.#atMs += event.afterMs
        continue
      }
      this.#atMs += 10
      const { next, effects } = stepTransaction(this.transaction, event, this.#facts())
      this.transaction = next
      for (const effect of effects) if (effect.type === 'end') this.ended = effect.ticket
      const words = `${describe(event).padEnd(18)} -> ${next.change.step}`
      this.lines.push([words.padEnd(36), effects.map(effectWords).join(', ')].join(' ').trimEnd())
    }
    return this
  }

  get text(): string {
    return `\n${this.lines.join('\n')}\n`
  }

  #facts() {
    const startedWith = 'startedWith' in this.#options ? this.#options.startedWith : 'old'
    return { atMs: this.#atMs, wallMs: this.#atMs, daemon: this.#daemon, startedWith }
  }
}

function running(spec: DaemonSpec, run: number, pid: number): Daemon {
  return {
    spec,
    run,
    last: null,
    streak: noStreak,
    phase: 'running',
    pid,
    startedAtMs: 0,
    readyAtMs: 0,
    status: '',
    statusBefore: null,
    extendedToMs: 0,
    sent: [],
  }
}

export const stopped = { phase: 'stopped', end: 'requested' } as unknown as Partial<Daemon>

export const begin: OperationEvent = { type: 'begin' }
export const prepared: OperationEvent = answer('prepare', {
  kind: 'prepared',
  before: old,
  after: fresh,
  candidate: '/etc/.web.conf.pitcrew-1',
  isSame: false,
  inPlace: false,
  canRestore: true,
  diff: '-a\n+b\n',
  lastGood: old,
  revision: 2,
})
export const preparedSame: OperationEvent = answer('prepare', {
  kind: 'prepared',
  before: old,
  after: old,
  candidate: '/etc/.web.conf.pitcrew-1',
  isSame: true,
  inPlace: false,
  canRestore: true,
  diff: '',
  lastGood: old,
  revision: 1,
})
export const stored: OperationEvent = answer('store', {
  kind: 'stored',
  inPlace: false,
  revision: 2,
})
export const committed: OperationEvent = answer('commit', { kind: 'committed' } as FileAnswer)
export const restored: OperationEvent = answer('restore', { kind: 'restored' } as FileAnswer)
export const good: OperationEvent = { type: 'checked', isGood: true, words: '' }
export const bad: OperationEvent = { type: 'checked', isGood: false, words: 'line 3: no such key' }
export const requested = (ticket: number): OperationEvent => ({ type: 'requested', ticket })

export function answer(kind: FileWork['kind'], given: FileAnswer): OperationEvent {
  return { type: 'worked', kind, answer: given }
}

/** The end of a restart's ticket. */
export function ended(id: number, outcome: Ticket['outcome']): OperationEvent {
  return { type: 'ended', ticket: { id, outcome } as Ticket }
}

export function ready(id: number, run: number, pid: number): OperationEvent {
  return ended(id, { kind: 'done', now: { run, pid }, changed: true, tookMs: 5 })
}

export function failed(id: number, why: string): OperationEvent {
  return ended(id, { kind: 'failed', why, tookMs: 5 })
}

function describe(event: OperationEvent): string {
  switch (event.type) {
    case 'worked':
      return `${event.kind}: ${event.answer.kind}`
    case 'checked':
      return event.isGood ? 'check passed' : 'check failed'
    case 'requested':
      return `ticket ${event.ticket}`
    case 'ended':
      return `${event.ticket.id} ${event.ticket.outcome.kind}`
    case 'reloaded':
    case 'verified':
      return event.problem === null ? event.type : `not ${event.type}`
    default:
      return event.type
  }
}

function effectWords(effect: OperationEffect): string {
  switch (effect.type) {
    case 'work':
      return effect.work.kind
    case 'check':
      return `check ${effect.candidate}`
    case 'arm':
      return `arm ${effect.afterMs} ms`
    case 'reload':
    case 'verify':
      return `${effect.type} run ${effect.run}`
    case 'end':
      return endWords(effect.ticket)
    default:
      return effect.type
  }
}

function endWords({ change, outcome }: Ticket): string {
  const words = change?.words ?? (outcome.kind === 'failed' ? outcome.why : '')
  const result = outcome.kind === 'superseded' ? 'superseded' : (change?.result ?? outcome.kind)
  return words === '' ? result : `${result}: ${words}`
}
