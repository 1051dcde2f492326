/** Compares restarts with `restart:` of the bundle. */
import type { DaemonSpec } from '../../../src/core/plan/plan.ts'
import {
  fullDelayMs,
  isGoodEnd,
  leastShare,
  newStreak,
  type Over,
  type RestartStreak,
  type Wanted,
} from './daemon-state.ts'
import type { Facts, RunFacts } from './facts.ts'
import type { Find } from './findings.ts'

/** Logged delays are whole milliseconds. */
const roundedMs = 0.501

export class Policy {
  readonly #facts: Facts
  readonly #find: Find
  readonly #streaks: Map<string, RestartStreak> = new Map()

  constructor(facts: Facts, find: Find) {
    this.#facts = facts
    this.#find = find
  }

  #streak(name: string): RestartStreak {
    const row = this.#streaks.get(name) ?? newStreak()
    this.#streaks.set(name, row)
    return row
  }

  /** A request begins a new restart streak. */
  reset(name: string): void {
    this.#streaks.delete(name)
  }

  /** A request while the daemon is running or about to: whether a new streak begins is left
   *  open. */
  doubt(name: string): void {
    const row = this.#streak(name)
    row.least = 0
    row.lastDelayMs = 0
    row.starts = row.starts.map((start) => ({ ...start, isSure: false }))
  }

  started({ name, restart }: DaemonSpec, atMs: number, isSure: boolean): void {
    const { limit } = restart
    const row = this.#streak(name)
    row.starts.push({ atMs, isSure })
    if (limit === null || !isSure) return
    const slackMs = this.#facts.lostMs + 0.001
    const inWindow = row.starts.filter(
      (start) => start.isSure && start.atMs > atMs - limit.windowMs + slackMs,
    )
    if (inWindow.length > limit.times) {
      this.#find('limit', `${name} is started ${inWindow.length} times in ${limit.windowMs} ms`)
    }
  }

  /** The delay of the next run after the end of a run, or why there is none. */
  verdict(run: RunFacts, atMs: number, readyAtMs: number | null, isFault: boolean): Wanted | Over {
    const { spec } = run
    const { policy } = spec.restart
    const isEarly = spec.kind === 'daemon' && readyAtMs === null
    const isGood = !isFault && !isEarly && run.failure === null && isGoodEnd(run)
    const end = isGood ? 'done' : 'failed'
    if (spec.main || policy === 'never') return { is: 'over', end }
    if (isGood && (spec.kind === 'job' || policy === 'on-failure')) return { is: 'over', end }
    const row = this.#streak(spec.name)
    this.#resetIfCalm(row, spec, readyAtMs === null ? 0 : atMs - readyAtMs)
    const leastMs = fullDelayMs(spec, row.least) * leastShare
    const mostMs = fullDelayMs(spec, row.most)
    const claimed = nextOf(run)
    if (claimed === 'given up') {
      this.#givenUp(run, row, atMs + leastMs)
      return { is: 'over', end: 'failed' }
    }
    row.least++
    row.most++
    if (typeof claimed !== 'number') {
      this.#find('delay', `${spec.name} ${run.run}: the delay of the restart is not logged`)
      return { is: 'wanted', why: 'policy', earliestMs: leastMs, latestMs: mostMs }
    }
    if (claimed < leastMs - roundedMs || claimed > mostMs + roundedMs) {
      this.#find('delay', `${spec.name} ${run.run}: ${claimed}, not ${leastMs} to ${mostMs} ms`)
    }
    if (claimed < row.lastDelayMs) {
      this.#find('shrinks', `${spec.name} ${run.run}: ${claimed} after ${row.lastDelayMs} ms`)
    }
    row.lastDelayMs = claimed
    const earliestMs = claimed - roundedMs
    return { is: 'wanted', why: 'policy', earliestMs, latestMs: claimed + roundedMs }
  }

  #resetIfCalm(row: RestartStreak, { restart }: DaemonSpec, readyForMs: number): void {
    const { calmMs } = restart
    const slackMs = calmMs === 0 ? 0 : this.#facts.lostMs + 0.001
    if (readyForMs < calmMs - slackMs) return
    row.least = 0
    row.lastDelayMs = 0
    if (readyForMs >= calmMs + slackMs) row.most = 0
  }

  #givenUp({ spec, run }: RunFacts, row: RestartStreak, nextMs: number): void {
    const { limit } = spec.restart
    const sinceMs = nextMs - (limit?.windowMs ?? 0) - this.#facts.lostMs - 0.001
    const inWindow = row.starts.filter(({ atMs }) => atMs > sinceMs)
    if (limit !== null && inWindow.length >= limit.times) return
    this.#find('given up', `${spec.name} ${run} is given up after ${inWindow.length} restarts`)
  }
}

/** pitcrew's claim about what follows the run. */
function nextOf({ claims }: RunFacts): number | 'given up' | 'over' | null {
  return claims.find(({ next }) => next !== null)?.next ?? null
}
