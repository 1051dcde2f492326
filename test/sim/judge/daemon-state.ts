/** The state of a daemon in the model of follower.ts, derived from the events to pitcrew, its
 *  actions and the contract, without pitcrew's own arithmetic. */
import type { AfterSpec, DaemonSpec } from '../../../src/core/plan/plan.ts'
import type { RunFacts, When } from './facts.ts'

export type DaemonState =
  | { readonly is: 'not begun' }
  | Wanted
  /** Its spawn was ordered, and the result is not reported yet. */
  | { readonly is: 'spawning'; readonly run: RunFacts }
  | { readonly is: 'up'; readonly run: RunFacts; readonly readyAtMs: number | null }
  | {
      readonly is: 'ending'
      readonly run: RunFacts
      readonly isRequested: boolean
      readonly next: Wanted | Over
    }
  | Over

/** It is to be spawned: not before `earliestMs`, and by `latestMs` if its dependencies allow it. */
export interface Wanted {
  readonly is: 'wanted'
  /** `both`: by its policy, and also by a request while it waited for dependencies. */
  readonly why: 'boot' | 'requested' | 'held' | 'policy' | 'both'
  /** Relative to the end of the previous run while that is not over. */
  readonly earliestMs: number
  readonly latestMs: number
}

export interface Over {
  readonly is: 'over'
  /** `requested`: stopped by request. */
  readonly end: 'done' | 'failed' | 'skipped' | 'requested'
}

/** The restart history of a daemon. */
export interface RestartStreak {
  /** The minimum and maximum number of restarts in a row: if an end is very near to the time of
   *  `calm`, both are right. */
  least: number
  most: number
  /** The last delay; 0 before the first restart. */
  lastDelayMs: number
  /** Starts by the policy; `isSure` is false if a request may have caused it. */
  starts: { readonly atMs: number; readonly isSure: boolean }[]
}

export const newStreak = (): RestartStreak => ({ least: 0, most: 0, lastDelayMs: 0, starts: [] })

export type DependencyOutlook = 'clear' | 'waits' | 'failed'

/** @param of The state of a daemon by name; null if it is not selected. */
export function dependencyOutlook(
  spec: DaemonSpec,
  of: (name: string) => { readonly spec: DaemonSpec; readonly stands: DaemonState } | null,
): DependencyOutlook {
  let outlook: DependencyOutlook = 'clear'
  for (const edge of spec.after) {
    const other = of(edge.daemon)
    if (other === null) continue
    const edgeIs = stateOf(edge, other.spec, other.stands)
    if (edgeIs === 'failed' && !other.spec.optional) return 'failed'
    if (edgeIs === 'not yet') outlook = 'waits'
  }
  return outlook
}

export function stateOf(
  { until }: AfterSpec,
  { kind }: DaemonSpec,
  stands: DaemonState,
): 'met' | 'failed' | 'not yet' {
  if (stands.is === 'over' && stands.end !== 'requested') {
    return stands.end === 'done' ? 'met' : 'failed'
  }
  if (stands.is !== 'up') return 'not yet'
  if (until === 'started') return 'met'
  if (kind === 'job' || until === 'done') return 'not yet'
  return stands.readyAtMs === null ? 'not yet' : 'met'
}

/** Whether it has ended permanently. A daemon that was stopped by request may be started again. */
export function isForGood(stands: DaemonState): boolean {
  return stands.is === 'over' && stands.end !== 'requested'
}

/** The delay before the next run after so many restarts in a row, without jitter. */
export function fullDelayMs({ restart }: DaemonSpec, length: number): number {
  let ms = restart.backoffMs
  for (let times = 0; times < length && ms < restart.backoffMaxMs; times++) ms += ms
  return Math.min(ms, restart.backoffMaxMs)
}

/** The minimum share that jitter leaves of a delay. */
export const leastShare = 0.75

/** Whether the exit of a run counts as success. */
export function isGoodEnd({ spec, exit, signals }: RunFacts): boolean {
  if (exit === null || exit.failure !== undefined) return false
  const sent = signals.filter(({ index }) => index < exit.index).map(({ signal }) => signal)
  if (exit.signal !== 0) return sent.includes(exit.signal)
  const { success } = spec.stop
  return exit.code === 0 || success.includes(exit.code) || sent.includes(exit.code - 128)
}

/** Since when pitcrew could know that a run is up, which makes it ready without `ready:`; null:
 *  not yet. */
export function upSince({ claims, isSlow, executed }: RunFacts): When | null {
  const started = claims.find(({ what }) => what === 'started') ?? null
  if (!isSlow || started === null) return started
  return executed !== null && executed.index < started.index ? started : executed
}

/** Since when it was ready according to the reports. */
export function readySince(run: RunFacts): When | null {
  if (run.spec.ready === null) return upSince(run)
  return run.claims.find(({ what }) => what === 'ready') ?? null
}

/** Whether its end, unless requested, ends pitcrew. */
export function endsAll(
  { main, critical, kind, restart }: DaemonSpec,
  stands: DaemonState,
): boolean {
  if (main) return stands.is === 'over' || (stands.is === 'ending' && !stands.isRequested)
  if (stands.is !== 'over' || stands.end === 'requested') return false
  if (stands.end === 'done' && kind === 'job') return false
  if (critical) return true
  return stands.end === 'failed' && restart.then === 'shutdown' && restart.limit !== null
}
