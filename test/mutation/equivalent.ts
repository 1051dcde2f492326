/** Mutations that behave exactly as the original, with the reason: no test can detect them. A
 *  run reports entries that were detected or that do not exist any more. */
import type { Change } from './mutation.ts'

export interface Equivalent extends Omit<Change, 'to'> {
  /** Each is a mutation of its own. */
  readonly to: readonly string[]
  readonly why: string
}

export function changesOf({ to, ...rest }: Equivalent): Change[] {
  return to.map((one) => ({ ...rest, to: one }))
}

export const equivalents: readonly Equivalent[] = [
  {
    file: 'core/daemon/restart-policy.ts',
    inside: 'noStreak',
    from: 'export const noStreak: RestartStreak = { length: 0, share: 1, startedAtMs: [] }',
    to: [
      'export const noStreak: RestartStreak = { length: 0, share: 2, startedAtMs: [] }',
      'export const noStreak: RestartStreak = { length: 0, share: 0, startedAtMs: [] }',
    ],
    why: 'the first restart of a streak draws its share',
  },
  {
    file: 'core/daemon/restart-policy.ts',
    inside: 'backoffMs',
    from: 'return Math.min(restart.backoffMs * 2 ** Math.min(length, 30), restart.backoffMaxMs)',
    to: [
      'return Math.min(restart.backoffMs * 2 ** Math.min(length, 31), restart.backoffMaxMs)',
      'return Math.min(restart.backoffMs * 2 ** Math.min(length, 29), restart.backoffMaxMs)',
    ],
    why: 'from 1 ms on, the longest backoff there is (an hour) is reached after 22 restarts',
  },
  ...[
    ['atMs = 0', 'atMs = 1', 'atMs = -1'],
    ['followed = 0', 'followed = 1', 'followed = -1'],
    ['swept = 0', 'swept = 1', 'swept = -1'],
    ['#queueFromBefore = 0', '#queueFromBefore = 1'],
    [
      'waitingBefore: number | null = 0',
      'waitingBefore: number | null = 1',
      'waitingBefore: number | null = -1',
    ],
  ].map(([from = '', ...to]) => ({
    file: 'core/supervisor/step-context.ts',
    inside: '',
    from,
    to,
    why: 'each step begins with its own value',
  })),
  {
    file: 'core/supervisor/step-context.ts',
    inside: '',
    from: 'readonly hasTickets: boolean = false',
    to: ['readonly hasTickets: boolean = true'],
    why: 'it only spares the search for a ticket',
  },
  {
    file: 'core/supervisor/step-context.ts',
    inside: '',
    from: 'queueFrom = 0',
    to: ['queueFrom = -1'],
    why: 'an entry that does not exist is skipped',
  },
]
