/** A change of the bundle: one state machine over all daemons that differ. No other daemon is
 *  touched.
 *
 *      waiting ──> stopping ──> planning ──> starting ──> settling ──> applied
 *         │           │             │            │            │
 *         v           │             │            └─────┬──────┘
 *      rejected,      │             │                  v
 *      planned        │             │           stopping again ──> planning back
 *                     └──────┬──────┘                                    │
 *                            └──────────────> starting again <───────────┘
 *                                                   │
 *                                                   v
 *                                      rolled back, rollback failed
 *
 *  It makes requests of the core like any client, and one that only it makes: to put the other plan
 *  in force while those daemons are stopped. What is to be undone it derives from the daemons as
 *  they are, so a failure inside pitcrew on the way only leads back. A daemon that an operator has
 *  stopped gets its new keys and stays stopped. */
import type { Daemon } from '../daemon/phases.ts'
import type { DaemonChange, PlanChange } from '../plan/diff-plan.ts'
import type { DaemonSpec, Plan } from '../plan/plan.ts'
import type { State } from '../supervisor/state.ts'
import type { Outcome, Ticket } from '../ticket.ts'
import type { BundleReport, BundleStep, DaemonOutcome } from './bundle-report.ts'
import type { ChangeResult } from './change.ts'

/** A stop or a start may take its own time and this, in milliseconds. */
const spareMs = 10_000
/** How long a daemon without `ready:` may take to start, and a job to do its work. */
const startMs = 30_000
const jobMs = 600_000
/** After a failure inside pitcrew the daemons are reconciled first; and after a refusal of the old
 *  plan it is tried again, so often. In milliseconds. */
const againMs = 500
const attemptsMax = 5

export type BundleEffect = Readonly<
  | { type: 'request'; verb: 'stop' | 'start'; daemon: string }
  | { type: 'replan'; plan: Plan; restarts: readonly string[] }
  /** Arms the one timer of the change. */
  | { type: 'arm'; afterMs: number }
  | { type: 'disarm' }
  /** It is over: `report` has its outcome. */
  | { type: 'end' }
>

/** Requests of one verb, in an order: a daemon has its turn when all that it waits for are done. */
interface Round {
  readonly verb: 'stop' | 'start'
  /** How many others each daemon waits for. */
  readonly blockers: Map<string, number>
  /** The daemons that wait for this one. */
  readonly behind: ReadonlyMap<string, readonly string[]>
  /** The ticket that is awaited for each daemon whose turn has come; 0 = not made yet. */
  readonly awaited: Map<string, number>
  readonly limitMs: number
}

export class BundleChange {
  readonly #state: Pick<State, 'daemons' | 'plan'>
  readonly #old: Plan
  readonly #next: Plan
  readonly #change: PlanChange
  /** Up or done at the beginning: it is started again when the change is undone. */
  readonly #wasUp: Set<string> = new Set()
  readonly #leftStopped: Set<string> = new Set()
  /** Daemons that were requested to stop or to start, and what was requested last. */
  readonly #touched: Map<string, Round['verb']> = new Map()
  readonly #failed: Set<string> = new Set()
  #step: BundleStep = 'waiting'
  #result: ChangeResult | null = null
  #words = ''
  #round: Round | null = null
  #attempts = 0
  #effects: BundleEffect[] = []

  /** @param next With the selected daemons only. */
  constructor(state: Pick<State, 'daemons' | 'plan'>, next: Plan, change: PlanChange) {
    this.#state = state
    this.#old = state.plan
    this.#next = next
    this.#change = change
  }

  get report(): BundleReport {
    const { keys, daemons } = this.#change
    const same = this.#next.daemons.length - daemons.filter(({ does }) => does !== 'stop').length
    return {
      step: this.#step,
      result: this.#result,
      words: this.#words,
      keys,
      daemons: daemons.map((one) => ({ ...one, outcome: this.#outcomeOf(one) })),
      same,
    }
  }

  /** The effects since the last call. */
  takeEffects(): readonly BundleEffect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  begin(isDry: boolean): void {
    const { refused, keys, daemons } = this.#change
    if (refused !== null) return this.#end('rejected', refused)
    if (keys.length === 0 && daemons.length === 0) return this.#end('unchanged')
    if (isDry) return this.#end('planned')
    const stops: string[] = []
    for (const { name, does } of daemons) {
      const daemon = this.#daemon(name)
      if (daemon === undefined) continue
      const isUp = daemon.phase !== 'stopped'
      if (isUp || daemon.end === 'done') this.#wasUp.add(name)
      else if (does === 'restart' && daemon.end === 'requested') this.#leftStopped.add(name)
      // One that has ended by itself counts as stopped by request from then on.
      const isStopped = !isUp && daemon.end === 'requested'
      if (does !== 'in place' && !isStopped && does !== 'start') stops.push(name)
    }
    this.#begin('stopping', 'stop', stops)
  }

  /** The core has made or joined this ticket for a request. */
  requested(name: string, ticket: number): void {
    if (this.#round?.awaited.has(name)) this.#round.awaited.set(name, ticket)
  }

  ended({ id, verb, daemon: name, outcome }: Ticket): void {
    const round = this.#round
    const isOwn = name !== null && round?.awaited.get(name) === id
    if (name !== null && !isOwn) this.#otherEnded(name, verb, outcome)
    if (round === null || name === null || id === 0 || round.awaited.get(name) !== id) return
    switch (outcome.kind) {
      case 'done':
        return this.#done(round, name)
      case 'failed':
        return this.#fail(round, name, outcome.why)
      case 'superseded':
        return this.#superseded(round, name, outcome)
    }
  }

  /** The last request of another client counts, also when the change is undone. */
  #otherEnded(name: string, verb: Ticket['verb'], { kind }: Outcome): void {
    // After a failure inside pitcrew a stop may be an own one, whose ticket was lost.
    if (kind !== 'done' || this.#touched.get(name) !== 'start') return
    if (verb === 'stop') this.#leftStopped.add(name)
    else if (verb === 'start' || verb === 'restart') this.#leftStopped.delete(name)
  }

  /** A run of a daemon has failed, without a request. */
  died(name: string, words: string): void {
    if (this.#step !== 'starting' && this.#step !== 'settling') return
    const change = this.#change.daemons.find((one) => one.name === name)
    if (change === undefined || change.does === 'in place' || !this.#touched.has(name)) return
    this.#undo(`${name}: ${words}`)
  }

  replanned(problem: string | null): void {
    if (this.#step === 'planning') {
      if (problem !== null) return this.#undo(problem)
      const starts = this.#change.daemons
        .filter(({ name, does }) => isStarted(does) && !this.#leftStopped.has(name))
        .map(({ name }) => name)
      return this.#begin('starting', 'start', starts)
    }
    if (this.#step !== 'planning back') return
    if (problem === null) return this.#startAgain()
    if (++this.#attempts < attemptsMax) return this.#emit({ type: 'arm', afterMs: againMs })
    for (const { name } of this.#change.daemons) this.#failed.add(name)
    this.#end('rollback failed', `${this.#words}; the old bundle was refused: ${problem}`)
  }

  elapsed(): void {
    switch (this.#step) {
      case 'settling':
        return this.#end('applied')
      case 'stopping':
      case 'starting':
        return this.#undo(`${this.#awaitedWords()} has taken too long`)
      // The outcome of the order was lost: the plan in force tells it.
      case 'planning':
        if (this.#state.plan === this.#next) return this.replanned(null)
        return this.#undo('the plan could not be put in force')
      case 'planning back':
        return this.#state.plan === this.#old ? this.replanned(null) : this.#goBack()
      case 'stopping again':
      case 'starting again': {
        const round = this.#round
        if (round === null) return this.#goBack()
        for (const name of [...round.awaited.keys()]) this.#fail(round, name, 'it takes too long')
        return
      }
      default:
        return
    }
  }

  /** @returns Whether it is still possible. */
  cancel(words: string): boolean {
    if (this.isBackwards || this.#step === 'over') return false
    if (this.#step === 'waiting') this.#end('rejected', words)
    else this.#undo(words)
    return true
  }

  /** After a failure inside pitcrew: requests and their tickets may be lost. */
  recover(): void {
    if (this.#step === 'waiting' || this.#step === 'over') return
    if (this.#words === '') this.#words = 'an internal error of pitcrew'
    this.#round = null
    this.#step = 'stopping again'
    this.#emit({ type: 'arm', afterMs: againMs })
  }

  /** Whether it is being undone. */
  get isBackwards(): boolean {
    return (
      this.#step === 'stopping again' ||
      this.#step === 'planning back' ||
      this.#step === 'starting again'
    )
  }

  // ---- rounds

  #begin(step: BundleStep, verb: Round['verb'], names: readonly string[]): void {
    this.#step = step
    const round = this.#roundOf(verb, names)
    this.#round = round
    this.#emit({ type: 'arm', afterMs: round.limitMs })
    const first = names.filter((name) => round.blockers.get(name) === 0)
    for (const name of first) this.#ask(round, name)
    if (names.length === 0) this.#roundOver()
  }

  #roundOf(verb: Round['verb'], names: readonly string[]): Round {
    const blockers = new Map<string, number>(names.map((name) => [name, 0]))
    const behind = new Map<string, string[]>()
    const { deadlineMs } = this.#state.plan
    let limitMs = deadlineMs
    for (const name of names) {
      const { spec } = this.#daemon(name) as Daemon
      if (verb === 'start') limitMs = Math.max(limitMs, startLimitMs(spec))
      for (const { daemon: other } of spec.after) {
        if (!blockers.has(other)) continue
        // Starts follow the dependency, stops precede it.
        const [waits, before] = verb === 'start' ? [name, other] : [other, name]
        blockers.set(waits, (blockers.get(waits) ?? 0) + 1)
        behind.set(before, [...(behind.get(before) ?? []), waits])
      }
    }
    return { verb, blockers, behind, awaited: new Map(), limitMs: limitMs + spareMs }
  }

  #ask({ verb, awaited }: Round, daemon: string): void {
    this.#touched.set(daemon, verb)
    awaited.set(daemon, 0)
    this.#emit({ type: 'request', verb, daemon })
  }

  #done(round: Round, name: string): void {
    round.awaited.delete(name)
    round.blockers.delete(name)
    for (const other of round.behind.get(name) ?? []) {
      const left = (round.blockers.get(other) ?? 0) - 1
      round.blockers.set(other, left)
      if (left === 0) this.#ask(round, other)
    }
    if (round.blockers.size === 0) this.#roundOver()
    else this.#emit({ type: 'arm', afterMs: round.limitMs })
  }

  #fail(round: Round, name: string, why: string): void {
    if (!this.isBackwards) return this.#undo(`${name}: ${why}`)
    this.#failed.add(name)
    this.#done(round, name)
  }

  /** Another request came in between. */
  #superseded(
    round: Round,
    name: string,
    { verb, by }: Extract<Outcome, { kind: 'superseded' }>,
  ): void {
    if (verb === 'shutdown') return
    if (round.verb === 'stop') return this.#fail(round, name, `another request is to ${verb} it`)
    if (verb !== 'stop') return void round.awaited.set(name, by)
    this.#leftStopped.add(name)
    this.#done(round, name)
  }

  #roundOver(): void {
    this.#round = null
    switch (this.#step) {
      case 'stopping':
        return this.#replan('planning', this.#next)
      case 'starting':
        return this.#settle()
      case 'stopping again':
        return this.#replan('planning back', this.#old)
      case 'starting again':
        return this.#end(this.#failed.size === 0 ? 'rolled back' : 'rollback failed', this.#words)
    }
  }

  #replan(step: BundleStep, plan: Plan): void {
    this.#step = step
    const restarts = this.#change.daemons.filter(({ does }) => does === 'restart')
    this.#emit({ type: 'replan', plan, restarts: restarts.map(({ name }) => name) })
    this.#emit({ type: 'arm', afterMs: spareMs })
  }

  #settle(): void {
    let settleMs = 0
    for (const { name, does } of this.#change.daemons) {
      const daemon = this.#daemon(name)
      if (!isStarted(does) || daemon === undefined || !('pid' in daemon)) continue
      const { ready, reload } = daemon.spec
      if (ready === null) settleMs = Math.max(settleMs, reload.settleMs)
    }
    if (settleMs === 0) return this.#end('applied')
    this.#step = 'settling'
    this.#emit({ type: 'arm', afterMs: settleMs })
  }

  // ---- back

  #undo(words: string): void {
    this.#words = words
    this.#goBack()
  }

  #goBack(): void {
    if (this.#state.plan === this.#old) return this.#startAgain()
    const stops = this.#change.daemons
      .filter(({ name, does }) => isStarted(does) && this.#daemon(name)?.phase !== 'stopped')
      .map(({ name }) => name)
    this.#begin('stopping again', 'stop', stops)
  }

  /** The old plan is in force. */
  #startAgain(): void {
    const starts = [...this.#wasUp].filter((name) => this.#isToBeUpAgain(name))
    this.#begin('starting again', 'start', starts)
  }

  /** A job that is still done was not touched after all. */
  #isToBeUpAgain(name: string): boolean {
    const daemon = this.#daemon(name)
    if (daemon === undefined || !this.#touched.has(name) || this.#leftStopped.has(name))
      return false
    return daemon.phase !== 'stopped' || daemon.end !== 'done'
  }

  #end(result: ChangeResult, words: string = ''): void {
    this.#step = 'over'
    this.#result = result
    this.#words = words
    this.#emit({ type: 'disarm' })
    this.#emit({ type: 'end' })
  }

  #outcomeOf({ name, does }: DaemonChange): DaemonOutcome | null {
    if (this.#result === null || this.#result === 'planned') return null
    if (this.#failed.has(name)) return 'failed'
    if (this.#result !== 'applied') return this.#touched.has(name) ? 'back' : 'untouched'
    if (does === 'stop') return 'removed'
    if (does === 'in place') return 'in place'
    if (this.#leftStopped.has(name)) return 'left stopped'
    return does === 'start' ? 'started' : 'restarted'
  }

  #awaitedWords(): string {
    const { verb = '', awaited = new Map<string, number>() } = this.#round ?? {}
    return `the ${verb} of ${[...awaited.keys()].slice(0, 5).join(', ')}`
  }

  #daemon(name: string): Daemon | undefined {
    return this.#state.daemons.get(name)
  }

  #emit(effect: BundleEffect): void {
    this.#effects.push(effect)
  }
}

function isStarted(does: DaemonChange['does']): boolean {
  return does === 'start' || does === 'restart'
}

function startLimitMs({ kind, ready }: DaemonSpec): number {
  if (kind === 'job') return jobMs
  return ready?.timeoutMs ?? startMs
}
