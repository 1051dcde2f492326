/** Promises about when daemons start, stop and end pitcrew: see follower.ts. */
import type { Finding } from '../judge/findings.ts'
import { follow } from '../judge/follower.ts'
import type { Promised } from './promise.ts'

function never(sentence: string, ...findings: readonly Finding[]): Promised {
  return {
    sentence,
    broken: (facts) =>
      follow(facts).findings.find(({ finding }) => findings.includes(finding))?.how ?? null,
  }
}

export const afterMet: Promised = never(
  'A daemon does not start before its dependencies are started, ready or done, as `after:` says',
  'not met',
)

export const noneForgotten: Promised = never(
  'A daemon that is to start starts as soon as its dependencies allow it',
  'forgotten',
)

export const failureSpreads: Promised = never(
  'The dependents of a permanently failed daemon are skipped, unless it is optional; when it recovers, they start',
  'not skipped',
  'skipped wrongly',
)

export const guardHolds: Promised = never(
  'Dependents of a guard are stopped as soon as it is not ready, and only then',
  'not held',
  'held wrongly',
)

export const restartsStop: Promised = never(
  'A running daemon is stopped when a restart is requested, its guard is not ready, or it is unhealthy, and only then',
  'not stopped',
  'stopped wrongly',
)

export const byPolicyOnly: Promised = never(
  'A daemon is restarted without a request only by its policy; a job that is done and the main daemon never are',
  'unasked',
)

export const backoffKept: Promised = never(
  'After a death the next run waits for its backoff: at most the initial one at first, then twice as long, and never more than the maximum',
  'delay',
  'too early',
)

export const backoffGrows: Promised = never(
  'The backoff never decreases before a run was ready for the time of `calm`',
  'shrinks',
)

export const limitKept: Promised = never(
  'The policy starts a daemon at most as often as its limit allows in any window',
  'limit',
)

export const givenUpRight: Promised = never(
  'A daemon is given up when its limit is reached, and not before',
  'given up',
)

export const endsWithThem: Promised = never(
  'The end of the main daemon, a permanent end of a critical one, and a give-up with `then: shutdown` start the shutdown at once',
  'ends all',
)

export const endsWithAll: Promised = never(
  'When every daemon has ended permanently, pitcrew ends',
  'all over',
)

export const endsForReason: Promised = never(
  'pitcrew ends only on request, when the main or a critical daemon has ended, or when all have',
  'ends for nothing',
)

export const announcedOnce: Promised = never(
  'READY=1 is sent once, when every daemon is ready, done, or failed but optional',
  'announced',
)
