/** Checks, when a call into pitcrew is over and no work is left, that everything has been done
 *  that the states of the daemons require. */
import type { DaemonSpec } from '../../../src/core/plan/plan.ts'
import {
  type DaemonState,
  type DependencyOutlook,
  dependencyOutlook,
  endsAll,
  isForGood,
  stateOf,
} from './daemon-state.ts'
import type { Facts, When } from './facts.ts'
import type { Find } from './findings.ts'
import type { Call } from './trace.ts'

/** A wait of this length is reported, in milliseconds. */
const longWaitMs = 5000

export class AfterCall {
  readonly #facts: Facts
  readonly #specs: ReadonlyMap<string, DaemonSpec>
  readonly #stands: ReadonlyMap<string, DaemonState>
  readonly #find: Find
  /** Since when at least one daemon waits for another; null if none does. */
  #waitMs: number | null = null

  constructor(
    facts: Facts,
    specs: ReadonlyMap<string, DaemonSpec>,
    stands: ReadonlyMap<string, DaemonState>,
    find: Find,
  ) {
    this.#facts = facts
    this.#specs = specs
    this.#stands = stands
    this.#find = find
  }

  #of({ name }: DaemonSpec): DaemonState {
    return this.#stands.get(name) as DaemonState
  }

  outlook(spec: DaemonSpec): DependencyOutlook {
    return dependencyOutlook(spec, (name) => {
      const other = this.#specs.get(name)
      return other === undefined ? null : { spec: other, stands: this.#of(other) }
    })
  }

  /** @param nextMs The time of the next call.
   *  @param requested  The daemons with a request for a restart or a stop in this call. */
  check(
    call: When & Call,
    nextMs: number,
    requested: ReadonlyMap<string, number>,
    isAnnounced: boolean,
  ): void {
    const { atMs, doneAtMs, wakeAtMs } = call
    this.noteWait(doneAtMs)
    if (wakeAtMs <= doneAtMs && nextMs <= doneAtMs) return
    const all = [...this.#specs.values()]
    for (const spec of all) {
      const stands = this.#of(spec)
      if (stands.is === 'wanted') this.#checkWanted(spec, stands, doneAtMs, nextMs)
      if (stands.is !== 'up' && stands.is !== 'spawning') continue
      if (requested.has(spec.name) && stands.run.spawned.index < call.index) {
        this.#find('not stopped', `${spec.name} is to be stopped, and runs on`)
      }
      this.#checkGuards(spec)
      if (stands.is === 'spawning' && nextMs > doneAtMs + this.#facts.lostMs + this.#facts.lateMs) {
        this.#find('forgotten', `${spec.name} was spawned, and is not reported`)
      }
    }
    const end = all.find((spec) => endsAll(spec, this.#of(spec)))
    if (end !== undefined) this.#find('ends all', `${end.name} has ended at ${atMs}`)
    if (all.every((spec) => isForGood(this.#of(spec)))) this.#find('all over', `at ${atMs}`)
    if (!isAnnounced && this.haveSettled()) this.#find('announced', `not at ${atMs}`)
    this.#checkWaiters(doneAtMs, nextMs)
  }

  #checkWanted(
    spec: DaemonSpec,
    { why, latestMs }: Extract<DaemonState, { is: 'wanted' }>,
    doneAtMs: number,
    nextMs: number,
  ): void {
    const { name } = spec
    const outlook = this.outlook(spec)
    const isByTime = why === 'policy'
    const dueMs = isByTime ? latestMs + this.#facts.lostMs + this.#facts.lateMs : latestMs
    if (isByTime ? nextMs <= dueMs + 0.001 : doneAtMs < dueMs) return
    if (outlook === 'clear') this.#find('forgotten', `${name} waits without a reason`)
    if (outlook === 'failed') this.#find('not skipped', `${name} waits for a failed dependency`)
  }

  #checkGuards({ name, after }: DaemonSpec): void {
    for (const edge of after) {
      const guard = this.#specs.get(edge.daemon)
      if (!guard?.guard || stateOf(edge, guard, this.#of(guard)) === 'met') continue
      this.#find('not held', `${name} runs on, and its guard ${guard.name} is not ready`)
    }
  }

  /** The wait is over when no daemon waits, even if one waits again in the same call. */
  noteWait(atMs: number): void {
    if (!this.#isAnyWaiting(atMs)) this.#waitMs = null
  }

  #isAnyWaiting(atMs: number): boolean {
    return [...this.#specs.values()].some((spec) => {
      const stands = this.#of(spec)
      return stands.is === 'wanted' && stands.latestMs <= atMs && this.outlook(spec) === 'waits'
    })
  }

  /** A wait is reported after that time if there is a waiting daemon all the time. */
  #checkWaiters(doneAtMs: number, nextMs: number): void {
    if (!this.#isAnyWaiting(doneAtMs)) return
    this.#waitMs ??= doneAtMs
    const sinceMs = this.#waitMs
    // The alarm that ended its backoff may be late, and so may that of the report.
    const dueMs = sinceMs + longWaitMs + this.#facts.lostMs + 2 * this.#facts.lateMs
    if (nextMs <= dueMs) return
    const isReported = this.#facts.lines.some(
      ({ text, atMs }) => atMs >= sinceMs && atMs <= dueMs && text.includes(': waits for '),
    )
    if (!isReported) this.#find('wait not reported', `a daemon waits since ${sinceMs}`)
  }

  /** Whether a daemon requires pitcrew to wake up by itself. */
  hasReason(): boolean {
    return [...this.#specs.values()].some((spec) => {
      const stands = this.#of(spec)
      if (stands.is === 'wanted') return true
      if (stands.is !== 'up') return false
      const { alive, watchdogMs, ready } = spec
      return alive !== null || watchdogMs !== null || (ready !== null && stands.readyAtMs === null)
    })
  }

  /** Whether every daemon is ready, done, or failed but optional. */
  haveSettled(): boolean {
    return [...this.#specs.values()].every((spec) => {
      const stands = this.#of(spec)
      if (stands.is === 'up') return stands.readyAtMs !== null
      if (stands.is !== 'over') return false
      return stands.end === 'done' || (stands.end === 'failed' && spec.optional)
    })
  }
}
