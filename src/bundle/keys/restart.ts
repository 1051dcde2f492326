/** What follows when a daemon has ended by itself. */
import { type RestartSpec, specDefaults } from '../../core/plan/plan.ts'
import { type Reader, reportMismatch, reportProblem } from '../location.ts'
import { quote } from '../problems.ts'
import { duration, fields, oneOf, text } from '../read.ts'

type Policy = RestartSpec['policy']

/** What was written; a default depends on the daemon's other keys. */
export interface Restart {
  policy: Policy
  backoff: Pick<RestartSpec, 'backoffMs' | 'backoffMaxMs'>
  limit: RestartSpec['limit']
  calm: number
  then: RestartSpec['then']
}

const {
  backoffMs: defaultInitialMs,
  backoffMaxMs: defaultMaxMs,
  calmMs: defaultCalmMs,
} = specDefaults.restart
const maxBackoffMs = 3_600_000
const maxTimes = 1000
const minWindowMs = 10
const maxWindowMs = 86_400_000

const policy: Reader<Policy> = oneOf(['always', 'on-failure', 'never'])

/** A policy alone, or a map. */
export const restart: Reader<Partial<Restart>> = (value, location) => {
  if (value.kind !== 'text') return restartFields(value, location)
  const found = policy(value, location)
  return found === undefined ? undefined : { policy: found }
}

/** @param meantToEnd A job, or the main daemon: with its end something is over. */
export function completeRestart(found: Partial<Restart>, meantToEnd: boolean): RestartSpec {
  return {
    policy: found.policy ?? (meantToEnd ? 'never' : 'always'),
    ...(found.backoff ?? { backoffMs: defaultInitialMs, backoffMaxMs: defaultMaxMs }),
    limit: found.limit ?? null,
    calmMs: found.calm ?? defaultCalmMs,
    // biome-ignore lint/suspicious/noThenProperty: a key of the plan; nobody awaits one.
    then: found.then ?? 'leave',
  }
}

/** none, a duration (the first), or { initial, max }. */
const backoff: Reader<Restart['backoff']> = (value, location) => {
  if (value.kind === 'text') {
    if (value.text === 'none') return { backoffMs: 0, backoffMaxMs: 0 }
    const backoffMs = backoffTime(value, location)
    if (backoffMs === undefined) return
    return { backoffMs, backoffMaxMs: Math.max(backoffMs, defaultMaxMs) }
  }
  const found = backoffFields(value, location)
  if (found === undefined) return
  const { initial, max } = found
  if (initial !== undefined && max !== undefined && max < initial) {
    return reportProblem(
      location,
      value.offset,
      'max is less than initial',
      'raise max, or lower initial',
    )
  }
  const backoffMs = initial ?? Math.min(defaultInitialMs, max ?? defaultInitialMs)
  return { backoffMs, backoffMaxMs: max ?? Math.max(backoffMs, defaultMaxMs) }
}

const backoffTime: Reader<number> = duration(1, maxBackoffMs)

const backoffFields: Reader<Partial<{ initial: number; max: number }>> = fields<{
  initial: number
  max: number
}>({ initial: backoffTime, max: backoffTime })

/** `5 in 1m`, or none. */
const limit: Reader<RestartSpec['limit']> = (value, location) => {
  if (value.kind === 'text' && value.text === 'none') return null
  if (value.kind !== 'text')
    return reportMismatch(location, value, 'TIMES in DURATION', 'write 5 in 1m')
  const written = text(value, location)
  if (written === undefined) return
  const [, digits, window] = /^(\d+) +in +(\S+)$/.exec(written) ?? []
  if (digits === undefined || window === undefined) {
    return reportMismatch(location, value, 'TIMES in DURATION, or none', 'write 5 in 1m')
  }
  const times = Number(digits)
  if (times < 1 || times > maxTimes) {
    const hint = times === 0 ? 'write policy: never where no restart is wanted' : null
    return reportProblem(
      location,
      value.offset,
      `${quote(digits)} times is not from 1 to ${maxTimes}`,
      hint,
    )
  }
  const windowMs = duration(minWindowMs, maxWindowMs)({ ...value, text: window }, location)
  return windowMs === undefined ? undefined : { times, windowMs }
}

const restartFields: Reader<Partial<Restart>> = fields<Restart>({
  policy,
  backoff,
  limit,
  calm: duration(0, maxBackoffMs),
  // biome-ignore lint/suspicious/noThenProperty: a key of the bundle file; nobody awaits one.
  then: oneOf(['leave', 'shutdown']),
})
