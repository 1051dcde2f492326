/** An apply, a rollback or a reload: one state machine that spans several runs of a daemon.
 *
 *      waiting ──> preparing ──> checking ──> storing ──> activating ──> verifying ──> confirming
 *                      │            │            │             │             │             │
 *                      v            v            v             └──────┬──────┴─────────────┤
 *                  rejected, unchanged, planned                  restoring            committing
 *                                                                     v                    v
 *                                      rolled back, rollback failed <─ reverting         applied
 *
 *  Pure, like the core: time and what is known of the daemon arrive with each event, and effects
 *  are plain data. It makes requests of the core like any client and changes no daemon itself. Each
 *  step on the disk is recorded there before it is taken (file-work.ts), so a transaction that ends
 *  with pitcrew is finished or undone at the next boot. */
import type { Daemon } from '../daemon/phases.ts'
import type { ReloadSpec } from '../plan/plan.ts'
import { describeRequester } from '../text/describe.ts'
import type { Outcome, Ticket } from '../ticket.ts'
import type { Change, ChangeResult, Step } from './change.ts'
import type { FileAnswer, FileWork } from './file-work.ts'
import {
  type Facts,
  type OperationEffect,
  type OperationEvent,
  runOf,
  type Stepped,
  type Transaction,
} from './operation.ts'

type EventOf<T extends OperationEvent['type']> = Extract<OperationEvent, { type: T }>

/** An event that has no meaning in the present step changes nothing. */
export function stepTransaction(
  transaction: Transaction,
  event: OperationEvent,
  facts: Facts,
): Stepped {
  const operation = new Operation(transaction, facts)
  if (transaction.change.step !== 'over') operation.take(event)
  return operation.stepped
}

/** The step under way. */
class Operation {
  #now: Transaction
  readonly #facts: Facts
  readonly #effects: OperationEffect[] = []

  constructor(transaction: Transaction, facts: Facts) {
    this.#now = transaction
    this.#facts = facts
  }

  get stepped(): Stepped {
    return { next: this.#now, effects: this.#effects }
  }

  take(event: OperationEvent): void {
    const { step } = this.#now.change
    switch (event.type) {
      case 'begin':
        return step === 'waiting' ? this.#begin() : undefined
      case 'worked':
        return this.#worked(event)
      case 'checked':
        return step === 'checking' ? this.#checked(event) : undefined
      case 'requested':
        if (step === 'activating' || step === 'reverting') this.#set({ awaited: event.ticket })
        return
      case 'ended':
        return this.#ended(event.ticket)
      case 'reloaded':
        return this.#reloaded(event)
      case 'verified':
        if (step !== 'verifying') return
        return event.problem === null ? this.#succeed() : this.#rollBack(event.problem)
      case 'died':
        return this.#died(event)
      case 'elapsed':
        return this.#elapsed()
      case 'confirm':
        if (step === 'confirming') this.#commit()
        return
      case 'cancel':
        return this.#cancel(event.words)
      case 'shutdown':
        return this.#shutDown(event.ticket)
      case 'recover':
        return this.#recover()
    }
  }

  // ---- forwards

  #begin(): void {
    const { request, target } = this.#now
    if (request.verb === 'reload') return this.#activate()
    this.#enter('preparing')
    const { source, ifMatch, isDry } = request
    this.#work({ kind: 'prepare', target, source, ifMatch, isDry }, request.client)
  }

  /** The answer to work of an earlier step is not awaited any more. */
  #worked({ kind, answer }: EventOf<'worked'>): void {
    if (workOf[this.#now.change.step] !== kind) return
    switch (kind) {
      case 'prepare':
        if (answer.kind === 'prepared') return this.#prepared(answer)
        return this.#reject(wordsOf(answer))
      case 'store':
        if (answer.kind === 'stored') return this.#stored(answer)
        this.#discard()
        return this.#reject(wordsOf(answer))
      case 'commit':
        return this.#committed(answer)
      case 'restore':
        return this.#restored(answer)
      default:
        return
    }
  }

  #prepared(answer: Extract<FileAnswer, { kind: 'prepared' }>): void {
    const { before, after, candidate, isSame, revision, diff } = answer
    this.#change({ before, after, revision, diff })
    this.#set({ candidate })
    const { request } = this.#now
    const isUnchanged = isSame && this.#runsWith(after.sha256)
    if (isSame && !isUnchanged && request.source.from !== 'disk') return this.#prepareFromDisk()
    if (request.isDry || isUnchanged) {
      this.#discard()
      return this.#finish(isUnchanged ? 'unchanged' : 'planned', '')
    }
    const { check, checkInPlace } = this.#reload
    if (check === null || checkInPlace) return this.#store()
    this.#enter('checking')
    this.#effects.push({ type: 'check', candidate })
  }

  /** The file has the content already, but the run does not use it: it was written by hand. */
  #prepareFromDisk(): void {
    const { request, target } = this.#now
    const source = { from: 'disk' } as const
    this.#set({ request: { ...request, source } })
    this.#work({ kind: 'prepare', target, source, ifMatch: null, isDry: request.isDry })
  }

  /** Whether the present run was started with this content. A daemon that does not run will be. */
  #runsWith(sha256: string): boolean {
    const { daemon, startedWith } = this.#facts
    if (!('pid' in daemon)) return isDownOnPurpose(daemon)
    if (startedWith === undefined) return this.#now.request.source.from !== 'disk'
    return startedWith === sha256
  }

  #checked({ isGood, words }: EventOf<'checked'>): void {
    if (isGood) return this.#now.isStored ? this.#activate() : this.#store()
    const cause = `its check has refused it: ${words}`
    if (this.#now.isStored) return this.#rollBack(cause)
    this.#discard()
    this.#reject(cause)
  }

  #store(): void {
    const { request, target, change } = this.#now
    this.#enter('storing')
    const isOnDisk = request.source.from === 'disk'
    const { before, after } = change
    if (after === null) throw new Error('a content is stored that was not prepared')
    this.#work({ kind: 'store', target, before, after, isOnDisk, ...this.#author() })
  }

  #stored({ inPlace, revision }: Extract<FileAnswer, { kind: 'stored' }>): void {
    this.#set({ isStored: true })
    this.#change({ revision })
    if (inPlace) this.#change({ words: 'the file was written in place' })
    if (this.#reload.check === null || !this.#reload.checkInPlace) return this.#activate()
    this.#enter('checking')
    this.#effects.push({ type: 'check', candidate: this.#now.request.path })
  }

  #activate(): void {
    const { daemon } = this.#facts
    if (isDownOnPurpose(daemon)) {
      const words = 'it does not run, and reads the file at its next start'
      if (this.#now.request.verb === 'reload') return this.#reject('it does not run')
      this.#change({ words })
      return this.#commit()
    }
    this.#enter('activating')
    this.#set({ isActivated: true })
    this.#use()
  }

  /** Makes the daemon use the content that the file has. One that does not run is started. */
  #use(): void {
    const { daemon } = this.#facts
    const isReloaded = this.#reload.by.type !== 'restart' && daemon.phase === 'running'
    this.#set({ awaited: 0, run: isReloaded ? daemon.run : 0 })
    this.#effects.push(isReloaded ? { type: 'reload', run: daemon.run } : { type: 'restart' })
  }

  #ended({ id, outcome }: Ticket): void {
    const { awaited, change } = this.#now
    if (id !== awaited || outcome.kind === 'open' || outcome.kind === 'ended') return
    if (outcome.kind === 'superseded') {
      // A later request for the same daemon decides. A stop does not verify anything.
      if (outcome.verb === 'restart' || outcome.verb === 'start') {
        return this.#set({ awaited: outcome.by })
      }
      const cause = `a ${outcome.verb} was requested before it was verified`
      return change.step === 'reverting' ? this.#reverted(null) : this.#rollBack(cause)
    }
    const problem = outcome.kind === 'failed' ? outcome.why : null
    if (outcome.kind === 'done') this.#set({ run: outcome.now?.run ?? 0 })
    if (change.step === 'reverting') return this.#reverted(problem)
    if (change.step !== 'activating') return
    if (problem !== null) return this.#rollBack(problem)
    this.#verify(this.#facts.daemon.spec.ready !== null || this.#facts.daemon.spec.kind === 'job')
  }

  #reloaded({ problem }: EventOf<'reloaded'>): void {
    const { step } = this.#now.change
    if (step === 'reverting') return this.#reverted(problem)
    if (step !== 'activating') return
    if (problem !== null) return this.#rollBack(`its reload has failed: ${problem}`)
    this.#verify(false)
  }

  /** @param isReady Its readiness has shown that it works. */
  #verify(isReady: boolean): void {
    const { verify, settleMs } = this.#reload
    this.#enter('verifying')
    if (verify !== null) {
      this.#effects.push({ type: 'verify', run: this.#now.run, probe: verify })
    } else if (isReady) this.#succeed()
    else this.#effects.push({ type: 'arm', afterMs: settleMs })
  }

  #elapsed(): void {
    const { step } = this.#now.change
    if (step === 'confirming') {
      const { confirmMs } = this.#now.request
      return this.#rollBack(`it was not confirmed in ${String((confirmMs ?? 0) / 1000)} s`)
    }
    if (step !== 'verifying') return
    const { daemon } = this.#facts
    const isAlive = daemon.phase === 'running' && daemon.run === this.#now.run
    return isAlive ? this.#succeed() : this.#rollBack('its run has ended')
  }

  #died({ run, words }: EventOf<'died'>): void {
    const { change, run: ours } = this.#now
    if (run !== ours) return
    if (change.step === 'verifying') return this.#rollBack(words)
    // A reload that ended the daemon. A restart has a ticket, which tells.
    const { awaited } = this.#now
    if (awaited > 0) return
    if (change.step === 'activating') return this.#rollBack(words)
    if (change.step === 'reverting') this.#use()
  }

  #succeed(): void {
    const { request, target } = this.#now
    if (request.verb === 'reload') return this.#finish('applied', '')
    if (request.confirmMs === null) return this.#commit()
    this.#enter('confirming')
    const { atMs, wallMs } = this.#facts
    this.#change({ confirmByMs: atMs + request.confirmMs })
    this.#effects.push({ type: 'arm', afterMs: request.confirmMs })
    const untilWallMs = wallMs + request.confirmMs
    this.#work({ kind: 'mark', target, step: 'confirming', untilWallMs })
  }

  #commit(): void {
    this.#enter('committing')
    this.#change({ confirmByMs: null })
    const { target, isActivated } = this.#now
    this.#work({ kind: 'commit', target, isVerified: isActivated, ...this.#author() })
  }

  #committed(answer: FileAnswer): void {
    const { words } = this.#now.change
    if (answer.kind === 'committed') return this.#finish('applied', words)
    this.#finish('applied', `it is in use, but was not recorded: ${wordsOf(answer)}`)
  }

  // ---- backwards

  #rollBack(cause: string): void {
    this.#enter('restoring')
    this.#set({ cause })
    this.#change({ confirmByMs: null })
    const { request, target } = this.#now
    if (request.verb === 'reload') return this.#finish('rejected', cause)
    this.#work({ kind: 'restore', target, outcome: 'rolled back', cause, ...this.#author() })
  }

  #restored(answer: FileAnswer): void {
    const { cause, isActivated } = this.#now
    if (answer.kind === 'left') {
      return this.#finish('rollback failed', `${cause}; ${answer.why}`)
    }
    if (answer.kind !== 'restored') {
      const words = `${cause}; and the old content cannot be put back: ${wordsOf(answer)}`
      return this.#finish('rollback failed', words)
    }
    if (!isActivated) return this.#finish('rejected', cause)
    if (isDownOnPurpose(this.#facts.daemon)) return this.#finish('rolled back', cause)
    this.#enter('reverting')
    this.#use()
  }

  #reverted(problem: string | null): void {
    const { cause } = this.#now
    if (problem === null) return this.#finish('rolled back', cause)
    this.#finish('rollback failed', `${cause}; and with its old content: ${problem}`)
  }

  #cancel(words: string): void {
    const { step } = this.#now.change
    if (step === 'waiting') return this.#reject(words)
    if (step === 'preparing' || step === 'checking') {
      if (this.#now.isStored) return this.#rollBack(words)
      this.#discard()
      return this.#reject(words)
    }
    if (isUndone(step) || step === 'committing') return
    this.#rollBack(words)
  }

  /** What was not verified is undone: by this work, or at the next boot. */
  #shutDown(ticket: number): void {
    const { change, target, request } = this.#now
    const { step } = change
    const cause = 'pitcrew shuts down'
    if (step === 'committing') return // Its work is under way, and is repeated at the next boot.
    if (request.verb !== 'reload' && step !== 'waiting') {
      if (step === 'preparing' || (step === 'checking' && !this.#now.isStored)) this.#discard()
      else {
        this.#work({ kind: 'restore', target, outcome: 'rolled back', cause, ...this.#author() })
      }
    }
    this.#over('rolled back', cause, { kind: 'superseded', by: ticket, verb: 'shutdown' })
  }

  /** Everything that was under way is repeated, if that is safe, and else undone. */
  #recover(): void {
    const { change, target, request } = this.#now
    const cause = 'it was lost in an internal error of pitcrew'
    switch (change.step) {
      case 'waiting':
        return
      case 'preparing':
      case 'checking':
        if (this.#now.isStored) return this.#rollBack(cause)
        this.#discard()
        return this.#reject(cause)
      case 'confirming': {
        const leftMs = (change.confirmByMs ?? 0) - this.#facts.atMs
        this.#effects.push({ type: 'arm', afterMs: Math.max(0, leftMs) })
        return
      }
      case 'committing':
        return this.#commit()
      case 'restoring':
        return this.#rollBack(this.#now.cause)
      case 'reverting':
        return this.#use()
      default:
        if (request.verb === 'reload') return this.#reject(cause)
        this.#set({ target })
        return this.#rollBack(cause)
    }
  }

  // ---- the end

  #discard(): void {
    const { target, request } = this.#now
    if (request.verb !== 'reload') this.#work({ kind: 'discard', target })
  }

  #reject(words: string): void {
    this.#finish('rejected', words)
  }

  #finish(result: ChangeResult, words: string): void {
    const { atMs } = this.#facts
    const tookMs = atMs - this.#now.ticket.requestedAtMs
    const isDone = result === 'applied' || result === 'unchanged' || result === 'planned'
    if (!isDone) return this.#over(result, words, { kind: 'failed', why: words, tookMs })
    const now = runOf(this.#facts.daemon)
    this.#over(result, words, { kind: 'done', now, changed: result === 'applied', tookMs })
  }

  #over(
    result: ChangeResult,
    words: string,
    outcome: Exclude<Outcome, { kind: 'superseded' }> | Superseded,
  ): void {
    this.#enter('over')
    this.#change({ result, words, confirmByMs: null })
    const { ticket, request, change } = this.#now
    const tookMs = this.#facts.atMs - ticket.requestedAtMs
    const { change: _, ...rest } = ticket
    const ended: Ticket = {
      ...rest,
      outcome: outcome.kind === 'superseded' ? { ...outcome, tookMs } : outcome,
      ...(request.verb !== 'reload' && { change }),
    }
    this.#set({ ticket: ended })
    this.#effects.push({ type: 'end', ticket: ended })
  }

  // ---- parts

  get #reload(): ReloadSpec {
    return this.#facts.daemon.spec.reload
  }

  /** Ends the present step. What it waited for is abandoned. */
  #enter(step: Step): void {
    const { change, sinceMs } = this.#now
    const { atMs } = this.#facts
    if (change.step === 'verifying' || change.step === 'confirming') {
      this.#effects.push({ type: 'disarm' })
    }
    const isServed =
      change.step === 'checking' || change.step === 'activating' || change.step === 'verifying'
    if (isServed && (step === 'restoring' || step === 'over')) {
      this.#effects.push({ type: 'abandon' })
    }
    const past = { step: change.step, tookMs: atMs - sinceMs }
    this.#set({ sinceMs: atMs })
    this.#change({ step, steps: [...change.steps, past] })
  }

  #work(work: FileWork, client = 0): void {
    this.#effects.push({ type: 'work', work, client })
  }

  #author(): { readonly by: string; readonly why: string; readonly at: number } {
    const { by, why } = this.#now.request
    return { by: describeRequester(by), why, at: this.#facts.wallMs }
  }

  #set(fields: Partial<Transaction>): void {
    this.#now = { ...this.#now, ...fields }
  }

  #change(fields: Partial<Change>): void {
    const change = { ...this.#now.change, ...fields }
    this.#set({ change, ticket: { ...this.#now.ticket, change } })
  }
}

/** The work that a step waits for. The record of `confirming` is for the next boot only: without it
 *  the change is undone then. */
const workOf: Partial<Record<Step, FileWork['kind']>> = {
  preparing: 'prepare',
  storing: 'store',
  committing: 'commit',
  restoring: 'restore',
}

type Superseded = Omit<Extract<Outcome, { kind: 'superseded' }>, 'tookMs'>

/** An operator has stopped it, or it was not selected, or it has done its work: a new content does
 *  not start it. One that was given up is started: the content may be the remedy. */
function isDownOnPurpose(daemon: Daemon): boolean {
  switch (daemon.phase) {
    case 'stopped':
      return daemon.end !== 'failed' && daemon.end !== 'skipped'
    case 'starting':
      return daemon.want === 'down'
    case 'terminating':
    case 'killing':
      return daemon.next === 'requested'
    default:
      return false
  }
}

function isUndone(step: Step): boolean {
  return step === 'restoring' || step === 'reverting' || step === 'over'
}

/** Why file work has failed. */
function wordsOf(answer: FileAnswer): string {
  if (!('why' in answer)) return `unexpected answer ${answer.kind}`
  const remedy = 'remedy' in answer ? answer.remedy : null
  return remedy === null ? answer.why : `${answer.why}; ${remedy}`
}
