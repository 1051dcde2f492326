/** Where a daemon stands, as a patient observer sees it: from what came to pitcrew, what it did, and the contract's own
 *  words. None of pitcrew's arithmetic is in here. */
import type { AfterSpec, DaemonSpec } from '../../../src/core/plan/plan.ts'
import type { RunFacts, When } from './facts.ts'

export type DaemonState =
  | { readonly is: 'not begun' }
  | Wanted
  /** Its spawn was ordered, and what came of it is not told. */
  | { readonly is: 'spawning'; readonly run: RunFacts }
  | { readonly is: 'up'; readonly run: RunFacts; readonly readyAtMs: number | null }
  | {
      readonly is: 'ending'
      readonly run: RunFacts
      readonly isAsked: boolean
      readonly next: Wanted | Over
    }
  | Over

/** It is to be spawned: not before `earliestMs`, and until `latestMs` if nothing is in its way. */
export interface Wanted {
  readonly is: 'wanted'
  /** `both`: by its policy, and somebody asked for it while it waited for others. */
  readonly why: 'boot' | 'asked' | 'held' | 'policy' | 'both'
  /** After the end of the run before, where that is not over yet. */
  readonly earliestMs: number
  readonly latestMs: number
}

export interface Over {
  readonly is: 'over'
  /** `asked`: somebody asked for it. */
  readonly end: 'done' | 'failed' | 'skipped' | 'asked'
}

/** What the policy has to remember of a daemon. */
export interface RestartStreak {
  /** Restarts in a row, at least and at most: some ends are so near to the calm time that either is right. */
  least: number
  most: number
  /** What it waited for the last time; 0 = this would be the first. */
  lastDelayMs: number
  /** When it was started by the policy; of those in doubt, whether somebody asked for them. */
  starts: { readonly atMs: number; readonly isSure: boolean }[]
}

export const newStreak = (): RestartStreak => ({ least: 0, most: 0, lastDelayMs: 0, starts: [] })

export type DependencyOutlook = 'clear' | 'waits' | 'failed'

/** @param of Where the daemon of that name stands; null = it is not selected. */
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
  if (stands.is === 'over' && stands.end !== 'asked') {
    return stands.end === 'done' ? 'met' : 'failed'
  }
  if (stands.is !== 'up') return 'not yet'
  if (until === 'started') return 'met'
  if (kind === 'job' || until === 'done') return 'not yet'
  return stands.readyAtMs === null ? 'not yet' : 'met'
}

/** It has ended for good: who was stopped by an operator may be started again by him. */
export function isForGood(stands: DaemonState): boolean {
  return stands.is === 'over' && stands.end !== 'asked'
}

/** The time before the next run, when so many came before it in the row: without the share that is left to chance. */
export function fullDelayMs({ restart }: DaemonSpec, length: number): number {
  let ms = restart.backoffMs
  for (let times = 0; times < length && ms < restart.backoffMaxMs; times++) ms += ms
  return Math.min(ms, restart.backoffMaxMs)
}

/** The least that chance may make of it. */
export const leastShare = 0.75

/** Whether the end of a run is a good one, as far as its exit says. */
export function isGoodEnd({ spec, exit, signals }: RunFacts): boolean {
  if (exit === null || exit.failure !== undefined) return false
  const sent = signals.filter(({ index }) => index < exit.index).map(({ signal }) => signal)
  if (exit.signal !== 0) return sent.includes(exit.signal)
  const { success } = spec.stop
  return exit.code === 0 || success.includes(exit.code) || sent.includes(exit.code - 128)
}

/** Since when pitcrew could know that a run was up; null = not yet. One that gives no sign is ready then. */
export function upSince({ claims, isSlow, executed }: RunFacts): When | null {
  const started = claims.find(({ what }) => what === 'started') ?? null
  if (!isSlow || started === null) return started
  return executed !== null && executed.index < started.index ? started : executed
}

/** Since when it was ready, as far as that was told. */
export function readySince(run: RunFacts): When | null {
  if (run.spec.ready === null) return upSince(run)
  return run.claims.find(({ what }) => what === 'ready') ?? null
}

/** Its end is the end of everything, where nobody asked for it. */
export function endsAll(
  { main, critical, kind, restart }: DaemonSpec,
  stands: DaemonState,
): boolean {
  if (main) return stands.is === 'over' || (stands.is === 'ending' && !stands.isAsked)
  if (stands.is !== 'over' || stands.end === 'asked') return false
  if (stands.end === 'done' && kind === 'job') return false
  if (critical) return true
  return stands.end === 'failed' && restart.then === 'shutdown' && restart.limit !== null
}
