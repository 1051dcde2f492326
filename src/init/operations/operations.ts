/** Performs operations: changes of configuration files (apply, rollback, a change on disk) and
 *  reloads. `core/operations/transaction.ts` decides, this carries it out: file work by a helper,
 *  checks and reloads by command runs, restarts by requests to the core.
 *
 *  Transactions of a bundle are performed one after the other, in the order of their requests; so
 *  two of them never write at the same time. File work is done in order, too.
 *
 *  The image "operations" has this code. It is loaded at the boot of a bundle with `config:`, or for
 *  the first operation. */
import type { OperationsView } from '../../control/server/control-plane.ts'
import type { Daemon } from '../../core/daemon/phases.ts'
import type { Note } from '../../core/effect.ts'
import type { FileAnswer, FileWork } from '../../core/operations/file-work.ts'
import {
  type Facts,
  newTransaction,
  type OperationEffect,
  type OperationEvent,
  type OperationRequest,
  type Stepped,
  type Transaction,
} from '../../core/operations/operation.ts'
import { stepTransaction } from '../../core/operations/transaction.ts'
import type { DaemonSpec, Plan } from '../../core/plan/plan.ts'
import { replacePlan } from '../../core/supervisor/replan.ts'
import type { StepContext } from '../../core/supervisor/step-context.ts'
import type { Request, Ticket } from '../../core/ticket.ts'
import { describeErrno } from '../../errors.ts'
import type { HelperEnd } from '../../host/helper.ts'
import type { Host } from '../../host/host.ts'
import { stateFolders } from '../../host/places.ts'
import type { ControlGuard } from '../control/control-guard.ts'
import type { DaemonServices } from '../image/auxiliary.ts'
import type { UntimedEvent } from '../loop/event-queue.ts'
import type { Tasks } from '../loop/tasks.ts'
import type { Timers } from '../loop/timers.ts'
import type { Reporter } from '../report/reporter.ts'
import { describeOperation } from './change-words.ts'
import { ConfigFiles } from './config-files.ts'
import { Reloads } from './reload.ts'

/** The timeout of file work, in milliseconds. */
const workMs = 10_000
/** The boot waits this long for the disk, in milliseconds. */
const recoveryMs = 3000
/** After this time work that has failed is repeated, in milliseconds. */
const repeatMs = 5000
/** The longest answer to file work, in bytes. */
const answerBytesMax = 256 * 1024
/** How many transactions may wait. */
const waitingMax = 32

const timer = { kind: 'operation', what: 'transaction' } as const

export interface OperationParts {
  readonly host: Host
  readonly tasks: Tasks
  readonly timers: Timers
  readonly reporter: Reporter
  readonly control: ControlGuard
  readonly state: StepContext
  /** Loads what serves daemons: command runs and probes. */
  readonly services: () => DaemonServices
  /** Which daemon inherits what, by another plan. */
  readonly useClaims: (plan: Plan) => void
  readonly dispatch: (event: UntimedEvent) => void
}

export class Operations implements OperationsView {
  readonly #parts: OperationParts
  readonly #reloads: Reloads
  /** The folder of the bundle's files that outlive this process. */
  readonly folder: string
  readonly files: ConfigFiles
  /** The transaction under way, and those that wait. */
  #current: Transaction | null = null
  readonly #waiting: Transaction[] = []
  /** The token of the restart that the current transaction has requested; 0 = none. */
  #token = 0
  /** Work that failed, and is repeated. */
  readonly #unfinished: FileWork[] = []
  /** File work that is to be done, in order; the first is under way. */
  readonly #works: { readonly work: FileWork; readonly client: number; readonly of: number }[] = []
  /** The helper that works on files; 0 = none. */
  #task = 0
  /** A shutdown has begun. */
  #isOver = false
  /** What the last recovery has reported. */
  #noted: readonly string[] = []
  /** Called when daemons can start; null = they can. */
  #begun: (() => void) | null = null

  constructor(parts: OperationParts) {
    this.#parts = parts
    parts.state.replacePlan = replacePlan
    this.folder = folderOf(parts)
    this.#reloads = new Reloads(parts.host, parts.services)
    this.files = new ConfigFiles(parts, this.folder, {
      work: (work) => this.#order(work, 0, 0),
      apply: (daemon, path) => this.#applyFromDisk(daemon, path),
      restart: (daemon, why) => this.#restart(daemon, why),
      isBusy: (daemon) => this.#isBusy(daemon),
    })
  }

  /** Finishes or undoes what an earlier life left, and begins to watch.
   *  @param done Called when that is done, or the disk does not answer: daemons can start. */
  begin(done: () => void): void {
    this.#begun = () => {
      this.#begun = null
      done()
    }
    this.#orderRecovery()
  }

  #orderRecovery(): void {
    const daemons = [...this.#parts.state.daemons.values()]
      .filter(({ spec }) => spec.config.length > 0)
      .map(({ spec }) => ({ name: spec.name, paths: spec.config }))
    const nowWallMs = this.#parts.host.wallMs()
    this.#order({ kind: 'recover', folder: this.folder, nowWallMs, daemons }, 0, 0)
  }

  #recovered(answer: FileAnswer): void {
    const problem = `cannot read what is kept of configuration files: ${wordsOf(answer)}`
    const notes = answer.kind === 'recovered' ? answer.notes : [problem]
    // A disk that stays broken is reported once.
    for (const note of notes) if (!this.#noted.includes(note)) this.#parts.reporter.log(note)
    this.#noted = notes
    const lastGood = answer.kind === 'recovered' ? answer.lastGood : []
    if (this.#begun !== null) return this.files.begin(lastGood, () => this.#begun?.())
    this.files.know(lastGood)
    const undone = answer.kind === 'recovered' ? answer.transaction : null
    if (undone?.result === 'undone') this.files.replaced(undone.daemon, undone.path)
  }

  // ---- requests

  /** @returns The open ticket. null: too many transactions wait, or a shutdown has begun. */
  request(request: OperationRequest): Ticket | null {
    const daemon = this.#parts.state.daemons.get(request.daemon)
    if (daemon === undefined || this.#waiting.length >= waitingMax || this.#isOver) return null
    const id = ++this.#parts.state.ticketsMade
    const { folder } = this
    const tx = `${this.#parts.reporter.journal.life}-${String(id)}`
    const target = { folder, daemon: request.daemon, path: request.path, tx }
    const facts = this.#facts(daemon, request.path)
    const transaction = newTransaction(request, target, id, daemon.spec.reload, facts)
    this.#waiting.push(transaction)
    // The first step follows in the next call, so that the ticket is accepted before it ends.
    this.#parts.timers.arm({ kind: 'operation', what: 'begin' }, this.#parts.host.now())
    return transaction.ticket
  }

  /** The open tickets: the transaction under way first. */
  get open(): readonly Ticket[] {
    const all = this.#current === null ? this.#waiting : [this.#current, ...this.#waiting]
    return all.map(({ ticket }) => ticket)
  }

  confirm(ticket: number): 'confirmed' | 'not-awaited' | 'unknown' {
    const current = this.#current
    if (current?.ticket.id !== ticket) return this.#isOpen(ticket) ? 'not-awaited' : 'unknown'
    if (current.change.step !== 'confirming') return 'not-awaited'
    this.#take({ type: 'confirm' })
    return 'confirmed'
  }

  cancel(ticket: number, words: string): 'cancelled' | 'too-late' | 'unknown' {
    const current = this.#current
    if (current?.ticket.id === ticket) {
      const before = current.change.step
      this.#take({ type: 'cancel', words })
      return this.#current?.change.step === before ? 'too-late' : 'cancelled'
    }
    const at = this.#waiting.findIndex((one) => one.ticket.id === ticket)
    if (at === -1) return 'unknown'
    const [waiting] = this.#waiting.splice(at, 1)
    this.#perform(this.#stepOf(waiting as Transaction, { type: 'cancel', words }).effects)
    return 'cancelled'
  }

  #isOpen(ticket: number): boolean {
    return this.open.some(({ id }) => id === ticket)
  }

  #applyFromDisk(daemon: string, path: string): void {
    if (this.#isPending(daemon, path)) return
    this.request({
      verb: 'apply',
      daemon,
      path,
      source: { from: 'disk' },
      ifMatch: null,
      confirmMs: null,
      isDry: false,
      client: 0,
      by: { kind: 'file', path },
      why: '',
    })
  }

  #isBusy(daemon: string): boolean {
    return this.#current?.request.daemon === daemon
  }

  /** A transaction of the file is under way or waits: it will read the newest content, or the file
   *  is considered again when it has ended. */
  #isPending(daemon: string, path: string): boolean {
    const all = this.#current === null ? this.#waiting : [this.#current, ...this.#waiting]
    return all.some(({ request }) => request.daemon === daemon && request.path === path)
  }

  // ---- events

  /** The core has accepted a request of this one. */
  accepted(token: number, ticket: Ticket): boolean {
    if (token !== this.#token) return false
    this.#token = 0
    this.#take({ type: 'requested', ticket: ticket.id })
    // A ticket that was joined may have ended before.
    if (ticket.outcome.kind !== 'open') this.#take({ type: 'ended', ticket })
    return true
  }

  /** A note of the core. */
  noted(note: Note): void {
    switch (note.kind) {
      case 'ticket':
        return this.#take({ type: 'ended', ticket: note.ticket })
      case 'shutdown':
        return this.#shutDown()
      case 'started':
        return this.files.started(note.daemon, note.run)
      case 'ready':
        return this.files.verified(note.daemon)
      case 'died':
      case 'unfit':
      case 'start-failed': {
        const words = this.#parts.reporter.deaths.last.get(note.daemon)?.record.cause ?? note.kind
        this.files.failed(note.daemon, note.run, words)
        if (note.daemon !== this.#current?.request.daemon) return
        return this.#take({ type: 'died', run: note.run, words })
      }
      default:
        return
    }
  }

  /** The core has another plan, or has refused it. */
  replanned(problem: string | null): void {
    void problem
  }

  elapsed(what: 'transaction' | 'begin' | 'files'): void {
    if (what === 'transaction') this.#take({ type: 'elapsed' })
    else if (what === 'files') this.files.elapsed()
    else this.#beginNext()
  }

  /** After a failure inside pitcrew: the ends of helpers and commands are lost. */
  recover(): void {
    this.#token = 0
    // The transaction under way orders its own work again.
    for (const { work, of } of this.#works.splice(0)) {
      if (of !== this.#current?.ticket.id) this.#repeatLater(work)
    }
    // Its end would be ignored, and two works must not change files at the same time. A KILL is
    // safe at each of its steps.
    if (this.#task !== 0) this.#parts.host.cancelHelper(this.#task)
    this.#task = 0
    if (this.#begun !== null) this.#orderRecovery()
    if (this.#current !== null) this.#reloads.cancel(this.#current.request.daemon)
    this.files.recover()
    this.#take({ type: 'recover' })
    this.#parts.timers.arm({ kind: 'operation', what: 'begin' }, this.#parts.host.now())
  }

  #shutDown(): void {
    this.#isOver = true
    const ticket = this.#parts.state.shutdown?.ticket.id ?? 0
    this.#take({ type: 'shutdown', ticket })
    for (const waiting of this.#waiting.splice(0)) {
      this.#perform(this.#stepOf(waiting, { type: 'shutdown', ticket }).effects)
    }
    this.files.end()
  }

  // ---- the transaction under way

  #beginNext(): void {
    if (this.#current !== null || this.#isOver) return
    for (const work of this.#unfinished.splice(0)) this.#order(work, 0, 0)
    this.#current = this.#waiting.shift() ?? null
    this.#take({ type: 'begin' })
  }

  #take(event: OperationEvent): void {
    if (this.#current === null) return
    const { next, effects } = this.#stepOf(this.#current, event)
    this.#current = next
    this.#perform(effects)
  }

  #stepOf(transaction: Transaction, event: OperationEvent): Stepped {
    const { daemon, path } = transaction.request
    const facts = this.#facts(this.#parts.state.daemons.get(daemon) as Daemon, path)
    return stepTransaction(transaction, event, facts)
  }

  #facts(daemon: Daemon, path: string): Facts {
    const { host } = this.#parts
    const startedWith = this.files.startedWith(daemon.spec.name, path)
    return { atMs: host.now(), wallMs: host.wallMs(), daemon, startedWith }
  }

  #perform(effects: readonly OperationEffect[]): void {
    for (const effect of effects) this.#performOne(effect)
  }

  #performOne(effect: OperationEffect): void {
    const { timers, host } = this.#parts
    const reloads = this.#reloads
    switch (effect.type) {
      case 'work':
        return this.#order(effect.work, effect.client, this.#current?.ticket.id ?? 0)
      case 'check':
        return reloads.check(
          this.#spec,
          effect.candidate,
          ({ isGood, words }) => this.#take({ type: 'checked', isGood, words }),
          this.#current?.request.path,
        )
      case 'restart': {
        const { by, why, verb } = (this.#current as Transaction).request
        this.#token = this.#request(this.#spec.name, by, why === '' ? verb : `${verb}: ${why}`)
        return
      }
      case 'reload':
        return reloads.activate(this.#spec, effect.run, this.#spec.reload.by, (problem) =>
          this.#take({ type: 'reloaded', problem }),
        )
      case 'verify': {
        const untilMs = host.now() + this.#spec.reload.verifyMs
        return reloads.verify(this.#spec, effect.run, effect.probe, untilMs, (problem) =>
          this.#take({ type: 'verified', problem }),
        )
      }
      case 'arm':
        return timers.arm(timer, host.now() + effect.afterMs)
      case 'disarm':
        return timers.disarm(timer)
      case 'abandon':
        return reloads.cancel(this.#spec.name)
      case 'end':
        return this.#end(effect.ticket)
    }
  }

  get #spec(): DaemonSpec {
    const name = this.#current?.request.daemon ?? ''
    return (this.#parts.state.daemons.get(name) as Daemon).spec
  }

  #end(ticket: Ticket): void {
    const { reporter, control, timers, host } = this.#parts
    const ended = this.#current?.ticket.id === ticket.id ? this.#current : null
    reporter.reportOperation(ticket, describeOperation(ticket))
    control.handle({ type: 'ended', ticket })
    if (ended === null) return
    this.#current = null
    this.#token = 0
    this.files.changed(ended)
    timers.arm({ kind: 'operation', what: 'begin' }, host.now())
  }

  #request(daemon: string, by: Request['by'], why: string): number {
    return this.#parts.control.request({ verb: 'restart', daemon, by, why })
  }

  #restart(daemon: string, why: string): void {
    this.#request(daemon, { kind: 'policy' }, why)
  }

  // ---- file work, one after the other

  #order(work: FileWork, client: number, of: number): void {
    this.#works.push({ work, client, of })
    if (this.#works.length === 1) this.#startWork()
  }

  #startWork(): void {
    const next = this.#works[0]
    if (next === undefined) return
    const { work, client } = next
    const run = ['@files', JSON.stringify(work)]
    const started = this.#parts.tasks.start(
      {
        run,
        timeoutMs: work.kind === 'recover' ? recoveryMs : workMs,
        maxBytes: answerBytesMax,
        ...(client !== 0 && { stdin: client }),
      },
      (end) => this.#worked(answerOf(end)),
    )
    if (typeof started === 'number') this.#task = started
    else
      this.#worked({
        kind: 'failed',
        why: `no helper can be started: ${describeErrno(started)}`,
        remedy: null,
      })
  }

  #worked(answer: FileAnswer): void {
    this.#task = 0
    const done = this.#works.shift()
    this.#startWork()
    if (done === undefined) return
    const { work } = done
    const isWhole = answer.kind !== 'recovered' || answer.isWhole
    if (answer.kind === 'failed' || !isWhole) this.#repeatLater(work)
    if (work.kind === 'recover') this.#recovered(answer)
    else if (done.of === 0 && 'target' in work) this.#repeated(work, answer)
    else if (done.of === 0) this.files.worked(work, answer)
    else if (done.of === this.#current?.ticket.id)
      this.#take({ type: 'worked', kind: work.kind, answer })
    else if (answer.kind === 'failed') {
      this.#parts.reporter.log(`${work.kind} of its files has failed: ${answer.why}`)
    }
  }

  /** A work that ends a transaction is repeated until the disk accepts it: a content that was not
   *  verified must not stay, and a record that stays refuses the next transaction. */
  #repeatLater(work: FileWork): void {
    const isEnd =
      work.kind === 'recover' ||
      work.kind === 'commit' ||
      work.kind === 'restore' ||
      work.kind === 'discard'
    if (!isEnd || this.#isOver) return
    this.#unfinished.push(work)
    const { timers, host } = this.#parts
    timers.arm({ kind: 'operation', what: 'begin' }, host.now() + repeatMs)
  }

  #repeated(work: Extract<FileWork, { target: unknown }>, answer: FileAnswer): void {
    if (work.kind !== 'restore' || answer.kind !== 'restored') return
    const { daemon, path } = work.target
    this.#parts.reporter.log(`${daemon}: ${path} has its old content again`)
    if (answer.paths.length > 0) this.files.replaced(daemon, path)
  }
}

/** The first folder that can be made; its disk may still be full or read-only later. */
function folderOf({ host, reporter }: OperationParts): string {
  const folders = stateFolders(host)
  const folder =
    folders.find((one) => host.makeFolder(one) === null) ?? folders[0] ?? '/run/pitcrew'
  return `${folder}/${reporter.journal.name}`
}

function wordsOf(answer: FileAnswer): string {
  return 'why' in answer ? answer.why : `unexpected answer ${answer.kind}`
}

/** The answer in the output of the helper. */
function answerOf({ errno, code, signal, timedOut, text }: HelperEnd): FileAnswer {
  const failed = (why: string): FileAnswer => ({ kind: 'failed', why, remedy: null })
  if (timedOut) return failed(`the disk has not answered for ${workMs / 1000} s`)
  if (errno !== null) return failed(`its helper has failed: ${describeErrno(errno)}`)
  if (code !== 0 || signal !== 0) return failed('its helper has failed; see the log')
  try {
    return JSON.parse(text ?? '') as FileAnswer
  } catch {
    return failed('its helper gave no readable answer')
  }
}
