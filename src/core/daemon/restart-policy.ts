/** What follows the end of a run that nobody asked for: another run, and when; or none.
 *
 *  Restarts that follow each other are a streak: the time before the next one doubles with each, up to
 *  a maximum, until a run was ready for a calm time. So a daemon that crashes once in a month is
 *  back after the first, short time, and one that always crashes at once costs next to nothing. */
import type { Exit } from '../event.ts'
import type { DaemonSpec } from '../plan/plan.ts'

/** The restarts in a streak. */
export interface RestartStreak {
  /** Ends that were answered with another run. */
  readonly length: number
  /** Its share of each backoff, from 3/4 to 1: daemons that die of one cause shall not come back in
   *  one moment. One share for a whole streak, so that the time before the next run never shrinks. */
  readonly share: number
  /** When runs were started by the policy, as far as the limit looks back; in any streak. */
  readonly startedAtMs: readonly number[]
}

export const noStreak: RestartStreak = { length: 0, share: 1, startedAtMs: [] }

export type Verdict =
  | { readonly kind: 'retry'; readonly afterMs: number; readonly streak: RestartStreak }
  /** For good: it has done its work, the policy says so, it is main, or everything ends. */
  | { readonly kind: 'over'; readonly why: 'done' | 'policy' | 'main' | 'shutdown' }
  /** Given up. */
  | {
      readonly kind: 'over'
      readonly why: 'limit'
      readonly times: number
      readonly windowMs: number
    }

/** How a run ended, as far as the policy cares. */
export interface RunEnd {
  readonly atMs: number
  /** With an exit code that counts as success, and without a fault. */
  readonly fine: boolean
  /** How long it was ready before. */
  readonly readyForMs: number
  /** Nothing is started any more. */
  readonly isEnding: boolean
}

export function verdictOn(spec: DaemonSpec, streak: RestartStreak, ended: RunEnd): Verdict {
  const { policy, limit, calmMs } = spec.restart
  if (spec.main) return { kind: 'over', why: 'main' }
  if (ended.fine && (spec.kind === 'job' || policy === 'on-failure')) {
    return { kind: 'over', why: 'done' }
  }
  if (policy === 'never') return { kind: 'over', why: 'policy' }
  if (ended.isEnding) return { kind: 'over', why: 'shutdown' }
  const isReset = ended.readyForMs >= calmMs
  const length = isReset ? 0 : streak.length
  const share = length === 0 ? shareFrom(ended.atMs) : streak.share
  const afterMs = backoffMs(spec, length) * share
  if (limit === null)
    return { kind: 'retry', afterMs, streak: { ...streak, length: length + 1, share } }
  // The next start counts, too: it would be the last of its window.
  const since = ended.atMs + afterMs - limit.windowMs
  const startedAtMs = streak.startedAtMs.filter((atMs) => atMs > since)
  if (startedAtMs.length >= limit.times) return { kind: 'over', why: 'limit', ...limit }
  return { kind: 'retry', afterMs, streak: { length: length + 1, share, startedAtMs } }
}

/** A run was started by the policy. */
export function startedByPolicy(
  spec: DaemonSpec,
  streak: RestartStreak,
  atMs: number,
): RestartStreak {
  if (spec.restart.limit === null) return streak
  return { ...streak, startedAtMs: [...streak.startedAtMs, atMs] }
}

function backoffMs({ restart }: DaemonSpec, length: number): number {
  return Math.min(restart.backoffMs * 2 ** Math.min(length, 30), restart.backoffMaxMs)
}

/** Chance arrives with the time: the digits of the clock below a microsecond. */
function shareFrom(atMs: number): number {
  return 1 - ((atMs * 1000) % 1) / 4
}

/** Whether an end counts as success: 0, a code of `stop.success`, or what a signal of ours led to. */
export function isSuccess(
  spec: DaemonSpec,
  sent: readonly number[],
  { code, signal }: Exit,
): boolean {
  if (signal !== 0) return sent.includes(signal)
  return code === 0 || spec.stop.success.includes(code) || sent.includes(code - 128)
}
