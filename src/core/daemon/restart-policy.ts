/** The restart policy: the verdict on a run that ended without a request. Either another run after
 *  a delay, or none.
 *
 *  Consecutive restarts form a streak: the delay doubles with each, up to a maximum, until a run
 *  was ready for long enough (`calmMs`). So a daemon that crashes once a month is back after the
 *  first, short delay, and one that crashes at every start costs next to nothing. */
import type { Exit } from '../event.ts'
import type { DaemonSpec } from '../plan/plan.ts'

/** Consecutive restarts by the policy. */
export interface RestartStreak {
  /** The number of restarts. */
  readonly length: number
  /** The share of each backoff that is waited, from 3/4 to 1: daemons that die of one cause do not
   *  come back at the same moment. One share for a whole streak, so that the delay never
   *  shrinks. */
  readonly share: number
  /** When the policy started runs, as far back as the window of the limit; in any streak. */
  readonly startedAtMs: readonly number[]
}

export const noStreak: RestartStreak = { length: 0, share: 1, startedAtMs: [] }

export type Verdict =
  | { readonly kind: 'retry'; readonly afterMs: number; readonly streak: RestartStreak }
  /** For good: its work is done, the policy is `never`, it is main, or the bundle ends. */
  | { readonly kind: 'over'; readonly why: 'done' | 'policy' | 'main' | 'shutdown' }
  /** Given up: it has reached the limit of restarts. */
  | {
      readonly kind: 'over'
      readonly why: 'limit'
      readonly times: number
      readonly windowMs: number
    }

/** The end of a run, as the policy sees it. */
export interface RunEnd {
  readonly atMs: number
  /** Its exit code counts as success, and it had no fault. */
  readonly succeeded: boolean
  /** How long it was ready before its end. */
  readonly readyForMs: number
  /** No daemon is started any more. */
  readonly isEnding: boolean
}

export function verdictOn(spec: DaemonSpec, streak: RestartStreak, ended: RunEnd): Verdict {
  const { policy, limit, calmMs } = spec.restart
  if (spec.main) return { kind: 'over', why: 'main' }
  if (ended.succeeded && (spec.kind === 'job' || policy === 'on-failure')) {
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
  // The next start counts, too: it is the last of its window.
  const since = ended.atMs + afterMs - limit.windowMs
  const startedAtMs = streak.startedAtMs.filter((atMs) => atMs > since)
  if (startedAtMs.length >= limit.times) return { kind: 'over', why: 'limit', ...limit }
  return { kind: 'retry', afterMs, streak: { length: length + 1, share, startedAtMs } }
}

/** The streak after a start by the policy. */
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

/** Randomness arrives with the time: the digits of the clock below a microsecond. */
function shareFrom(atMs: number): number {
  return 1 - ((atMs * 1000) % 1) / 4
}

/** Whether an end counts as success: code 0, a code of `stop.success`, or a signal from pitcrew. */
export function isSuccess(
  spec: DaemonSpec,
  sent: readonly number[],
  { code, signal }: Exit,
): boolean {
  if (signal !== 0) return sent.includes(signal)
  return code === 0 || spec.stop.success.includes(code) || sent.includes(code - 128)
}
