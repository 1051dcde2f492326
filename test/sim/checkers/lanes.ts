/** Promises about who may start, and when: see follower.ts. */
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
  'Nobody is started before what it is after is started, ready or done, as "after:" says',
  'not met',
)

export const nobodyForgotten: Promised = never(
  'Whoever wants to start is started in the moment in which nothing is in its way any more',
  'forgotten',
)

export const failureSpreads: Promised = never(
  'Who failed for good fails those after it, unless it is optional; who comes back frees them',
  'not skipped',
  'skipped wrongly',
)

export const guardHolds: Promised = never(
  'Those after a guard are told to stop in the moment in which it is down, and only then',
  'not held',
  'held wrongly',
)

export const restartsStop: Promised = never(
  'Who runs is told to stop when a restart is asked for, or its guard is down, or it is unfit',
  'not stopped',
  'stopped wrongly',
)

export const byPolicyOnly: Promised = never(
  'Nobody is started again unasked, but by its policy: no job that is done, and never main',
  'unasked',
)

export const backoffKept: Promised = never(
  'After a death the next run waits for its backoff: at first the initial one at most, then twice as long, and never longer than the maximum',
  'delay',
  'too early',
)

export const backoffGrows: Promised = never(
  'The time before the next run never shrinks before a run was ready for the calm time',
  'shrinks',
)

export const limitKept: Promised = never(
  'The policy starts a daemon no more often than its limit allows, in any window',
  'limit',
)

export const givenUpRight: Promised = never(
  'It is given up when its limit is reached, and not before',
  'given up',
)

export const endsWithThem: Promised = never(
  'When main ends, or a critical one is over for good, or one that says so is given up, all ends at once',
  'ends all',
)

export const endsWithAll: Promised = never(
  'When every daemon is over for good, it ends',
  'all over',
)

export const endsForReason: Promised = never(
  'It ends only when it is told to, when main or a critical one is over, or all are',
  'ends for nothing',
)

export const announcedOnce: Promised = never(
  'Whoever supervises it is told once that all are ready, when they are ready, done or missing where they may be',
  'announced',
)
