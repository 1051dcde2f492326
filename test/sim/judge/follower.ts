/** Follows a trace up to the shutdown with a model of each daemon's state, of what may happen
 *  next, and of what must have happened. Each deviation is a finding, which a promise of
 *  checkers/scheduling.ts or checkers/policy.ts reports. Only for traces without planted faults
 *  in which pitcrew kept up with the events. */
import type { DaemonSpec } from '../../../src/core/plan/plan.ts'
import { AfterCall } from './after-call.ts'
import type { Claim } from './claims.ts'
import {
  type DaemonState,
  endsAll,
  isForGood,
  stateOf,
  upSince,
  type Wanted,
} from './daemon-state.ts'
import type { Facts, Request, RunFacts, When } from './facts.ts'
import type { Find, Finding } from './findings.ts'
import { Policy } from './policy.ts'
import { kept } from './timeline.ts'
import type { Call, Moment } from './trace.ts'

export interface Followed {
  readonly findings: readonly { readonly finding: Finding; readonly how: string }[]
  /** The calls after which a daemon required pitcrew to wake up by itself. */
  readonly reasons: ReadonlySet<number>
}

const nothing: Followed = { findings: [], reasons: new Set() }

export const follow: (facts: Facts) => Followed = kept((facts) => {
  return canFollow(facts) ? new Follower(facts).follow() : nothing
})

/** With few daemons pitcrew is never behind: an alarm that is due belongs to a timer. */
export function canFollow({ isBroken, boot, isBehind, specs, calls }: Facts): boolean {
  if (isBroken || boot === null) return false
  const early = calls.filter(({ index }) => index < boot.index).length
  return !isBehind || (specs.length <= 5 && early <= 10)
}

class Follower {
  readonly #facts: Facts
  readonly #specs: Map<string, DaemonSpec> = new Map()
  readonly #stands: Map<string, DaemonState> = new Map()
  readonly #policy: Policy
  readonly #afterCall: AfterCall
  readonly #requestsAt: Map<number, Request[]> = new Map()
  readonly #runsAt: Map<number, RunFacts> = new Map()
  readonly #stopOrderedAt: Map<number, RunFacts> = new Map()
  readonly #claimsAt: Map<number, When & Claim> = new Map()
  /** Daemons with a request for a restart or a stop in the current call, and its time. */
  readonly #requestedAt: Map<string, number> = new Map()
  /** Daemons that are requested to stop and were not ordered to yet. */
  readonly #toStop: Set<string> = new Set()
  readonly #held: Set<string> = new Set()
  readonly #reasons: Set<number> = new Set()
  readonly #find: Find
  readonly #findings: { finding: Finding; how: string }[] = []
  #call: (When & Call) | null = null
  #isAnnounced = false

  constructor(facts: Facts) {
    this.#facts = facts
    const find = (finding: Finding, how: string): void => {
      this.#findings.push({ finding, how })
    }
    this.#find = find
    this.#policy = new Policy(facts, find)
    this.#afterCall = new AfterCall(facts, this.#specs, this.#stands, find)
    for (const spec of facts.specs) {
      this.#specs.set(spec.name, spec)
      this.#stands.set(spec.name, { is: 'not begun' })
    }
    for (const run of facts.runs) {
      this.#runsAt.set(run.spawned.index, run)
      if (run.stopOrdered !== null) this.#stopOrderedAt.set(run.stopOrdered.index, run)
    }
    for (const claim of facts.claims) this.#claimsAt.set(claim.index, claim)
    for (const request of facts.requests) {
      const others = this.#requestsAt.get(request.index)
      if (others === undefined) this.#requestsAt.set(request.index, [request])
      else others.push(request)
    }
  }

  follow(): Followed {
    const { trace, boot, shutdown, finish } = this.#facts
    const end = Math.min(shutdown?.index ?? trace.length, finish?.index ?? trace.length)
    for (let index = 0; index < end; index++) {
      const moment = trace[index] as Moment
      if (index === boot?.index) this.#begin(moment.atMs)
      else if (moment.what === 'call') this.#called(moment)
      else this.#did(moment, index)
    }
    this.#ended()
    return { findings: this.#findings, reasons: this.#reasons }
  }

  #begin(atMs: number): void {
    for (const name of this.#specs.keys()) this.#want(name, 'boot', atMs)
  }

  #want(name: string, why: Wanted['why'], atMs: number): void {
    this.#stands.set(name, { is: 'wanted', why, earliestMs: atMs, latestMs: atMs })
  }

  #called(call: When & Call): void {
    if (this.#call !== null) this.#checkAfterCall(this.#call, call.atMs)
    this.#call = call
    this.#requestedAt.clear()
    this.#held.clear()
    const { event, index, atMs } = call
    for (const request of this.#requestsAt.get(index) ?? []) this.#request(request, atMs)
    if (event.type !== 'executed' && event.type !== 'exited' && event.type !== 'gone') return
    const stands = this.#stands.get(event.daemon)
    if (stands === undefined || !('run' in stands) || stands.run.run !== event.run) return
    if (event.type === 'executed') return this.#executed(stands, atMs)
    if (event.type === 'exited' && stands.is === 'up') this.#ends(event.daemon, atMs, false)
    if (event.type === 'gone' || event.gone) this.#settle(event.daemon, atMs)
    this.#unskip(atMs)
  }

  #request({ daemon: name, verb }: Request, atMs: number): void {
    const stands = this.#stands.get(name)
    if (stands === undefined || stands.is === 'not begun') return
    if (verb === 'stop') return this.#stopAsked(name, stands, atMs)
    this.#toStop.delete(name)
    if (stands.is === 'over') {
      this.#policy.reset(name)
      return this.#want(name, 'requested', atMs)
    }
    if (verb === 'restart') this.#requestedAt.set(name, atMs)
    if (stands.is === 'wanted') {
      const waitsForTime = stands.why === 'policy' && stands.latestMs > atMs
      if (waitsForTime) this.#policy.reset(name)
      else this.#policy.doubt(name)
      const why = stands.why === 'policy' ? 'both' : stands.why
      this.#want(name, waitsForTime ? 'requested' : why, atMs)
    } else if (stands.is === 'ending') {
      this.#policy.reset(name)
      const next = { is: 'wanted', why: 'requested', earliestMs: 0, latestMs: 0 } as const
      this.#stands.set(name, { ...stands, next })
    }
  }

  #stopAsked(name: string, stands: DaemonState, atMs: number): void {
    if (stands.is === 'up' || stands.is === 'spawning') {
      this.#toStop.add(name)
      if (stands.is === 'up') this.#requestedAt.set(name, atMs)
    } else if (stands.is === 'ending') this.#stands.set(name, { ...stands, next: stopped })
    else if (stands.is === 'wanted' || (stands.is === 'over' && stands.end === 'skipped')) {
      this.#stands.set(name, stopped)
    }
  }

  #executed(stands: DaemonState, atMs: number): void {
    if (stands.is !== 'up' || stands.run.spec.ready !== null) return
    this.#stands.set(stands.run.spec.name, { ...stands, readyAtMs: stands.readyAtMs ?? atMs })
  }

  /** A run ends by itself or is unhealthy: the policy decides what follows. */
  #ends(name: string, atMs: number, isFault: boolean): void {
    const stands = this.#stands.get(name)
    if (stands?.is !== 'up') return
    const next = this.#policy.verdict(stands.run, atMs, stands.readyAtMs, isFault)
    this.#stands.set(name, { is: 'ending', run: stands.run, isRequested: false, next })
  }

  #settle(name: string, atMs: number): void {
    const stands = this.#stands.get(name)
    if (stands?.is !== 'ending') return
    this.#stands.set(name, later(stands.next, atMs))
  }

  #did(moment: Moment, index: number): void {
    const { atMs } = moment
    const claim = this.#claimsAt.get(index)
    const run = this.#runsAt.get(index)
    const stopping = this.#stopOrderedAt.get(index)
    if (run !== undefined) this.#spawned(run)
    if (stopping !== undefined) this.#ordered(stopping)
    if (claim !== undefined && this.#stands.has(claim.daemon)) this.#claimed(claim, atMs)
    this.#unskip(atMs)
    if (moment.what === 'announce' && moment.text === 'READY=1') this.#announced()
  }

  #spawned(run: RunFacts): void {
    const { spec, spawned } = run
    const name = spec.name
    const label = `${name} ${run.run}`
    const stands = this.#stands.get(name)
    if (stands?.is !== 'wanted') {
      return this.#find('unasked', `${label} is spawned, and it is ${stands?.is}`)
    }
    if (spawned.atMs < stands.earliestMs - 0.001) {
      this.#find('too early', `${label} is spawned before ${stands.earliestMs}`)
    }
    if (stands.why === 'policy') this.#policy.started(spec, spawned.atMs, true)
    if (stands.why === 'both') this.#policy.started(spec, spawned.atMs, false)
    // The turn of a daemon that could not be spawned at all is not in the trace.
    if (run.wasTried && this.#afterCall.outlook(spec) !== 'clear') {
      this.#find('not met', `${label} is spawned, and its dependencies are not met`)
    }
    this.#stands.set(name, { is: 'spawning', run })
    this.#afterCall.noteWait(spawned.atMs)
    if (!run.wasTried) this.#failedToStart(run, spawned.atMs)
  }

  /** A run is ordered to stop, which must have a reason. */
  #ordered(run: RunFacts): void {
    const { name } = run.spec
    const stands = this.#stands.get(name)
    if (stands?.is !== 'up') return
    const isToStop = this.#toStop.delete(name)
    const isAsked = this.#requestedAt.has(name) || isToStop
    if (!isAsked && !this.#held.has(name)) {
      this.#find('stopped wrongly', `${name} ${run.run} is stopped without a reason`)
    }
    if (isAsked) this.#policy.doubt(name)
    const why = isAsked ? 'requested' : 'held'
    const again = { is: 'wanted', why, earliestMs: 0, latestMs: 0 } as const
    const next = isToStop ? stopped : again
    this.#stands.set(name, { is: 'ending', run, isRequested: true, next })
  }

  #claimed(claim: When & Claim, atMs: number): void {
    const { daemon, run, what } = claim
    const stands = this.#stands.get(daemon) as DaemonState
    const isOfRun = 'run' in stands && stands.run.run === run
    switch (what) {
      case 'started': {
        if (stands.is !== 'spawning' || !isOfRun) return
        this.#stands.set(daemon, { is: 'up', run: stands.run, readyAtMs: readyAtStart(stands.run) })
        return
      }
      case 'ready':
        if (stands.is === 'up' && isOfRun) {
          this.#stands.set(daemon, { ...stands, readyAtMs: stands.readyAtMs ?? atMs })
        }
        return
      case 'start-failed':
        if (stands.is === 'spawning' && isOfRun) this.#failedToStart(stands.run, atMs)
        return
      case 'not-ready':
      case 'not-alive':
      case 'watchdog':
        return this.#ends(daemon, atMs, true)
      case 'held':
        return this.#isHeld(claim)
      case 'skipped':
        return this.#isSkipped(daemon)
    }
  }

  #failedToStart(run: RunFacts, atMs: number): void {
    const { name } = run.spec
    const next = this.#policy.verdict(run, atMs, null, false)
    this.#stands.set(name, this.#toStop.delete(name) ? stopped : later(next, atMs))
  }

  #isHeld({ daemon, other }: Claim): void {
    this.#held.add(daemon)
    const edge = this.#specs.get(daemon)?.after.find((one) => one.daemon === other)
    const guard = this.#specs.get(other)
    const stands = this.#stands.get(other)
    const isRight = edge !== undefined && guard?.guard && stands !== undefined
    if (!isRight || stateOf(edge, guard, stands) === 'met') {
      this.#find('held wrongly', `${daemon} is held, and ${other} is ready`)
    }
  }

  /** A skipped daemon is to start again once none of its dependencies has failed permanently. */
  #unskip(atMs: number): void {
    for (const [name, stands] of this.#stands) {
      if (stands.is !== 'over' || stands.end !== 'skipped') continue
      if (this.#afterCall.outlook(this.#specs.get(name) as DaemonSpec) !== 'failed') {
        // Whether a new restart streak begins is left open.
        this.#policy.doubt(name)
        this.#want(name, 'boot', atMs)
        this.#unskip(atMs)
      }
    }
  }

  #isSkipped(name: string): void {
    const spec = this.#specs.get(name) as DaemonSpec
    const stands = this.#stands.get(name)
    const isIdle = stands?.is === 'wanted' || stands?.is === 'over'
    // A daemon that is requested together with others may be decided before they are.
    const isAsked = this.#requestsAt.has(this.#call?.index ?? -1)
    if (!isIdle || (this.#afterCall.outlook(spec) !== 'failed' && !isAsked)) {
      this.#find('skipped wrongly', `${name} is skipped, and no dependency has failed`)
    }
    this.#stands.set(name, { is: 'over', end: 'skipped' })
  }

  #checkAfterCall(call: When & Call, nextMs: number): void {
    const { boot } = this.#facts
    if (boot === null || call.index + 1 < boot.index) return
    if (this.#afterCall.hasReason()) this.#reasons.add(call.index)
    this.#afterCall.check(call, nextMs, this.#requestedAt, this.#isAnnounced)
  }

  #announced(): void {
    if (this.#isAnnounced || !this.#afterCall.haveSettled())
      this.#find('announced', 'READY=1 is sent too early or twice')
    this.#isAnnounced = true
  }

  /** The shutdown, or the end without one. */
  #ended(): void {
    const { shutdown, finish, shutdownRequested, trace } = this.#facts
    const since = shutdown ?? finish
    if (since === null || (shutdownRequested !== null && shutdownRequested.index < since.index))
      return
    const all = [...this.#specs.values()]
    const stands = (spec: DaemonSpec): DaemonState => this.#stands.get(spec.name) as DaemonState
    const isRight =
      shutdown === null
        ? all.every((spec) => isForGood(stands(spec)))
        : all.some((spec) => endsAll(spec, stands(spec)))
    if (!isRight) this.#find('ends for nothing', `at ${trace[since.index]?.atMs}`)
  }
}

/** A run without `ready:` is ready when its program is executed. */
function readyAtStart(run: RunFacts): number | null {
  const { spec, spawned, isSlow, executed } = run
  if (spec.ready !== null) return null
  if (!isSlow) return spawned.atMs
  const started = upSince(run)
  return executed !== null && started?.index !== executed.index ? executed.atMs : null
}

const stopped = { is: 'over', end: 'requested' } as const

function later(next: Extract<DaemonState, { is: 'wanted' | 'over' }>, atMs: number): DaemonState {
  if (next.is === 'over') return next
  return { ...next, earliestMs: atMs + next.earliestMs, latestMs: atMs + next.latestMs }
}
