/** `restart`: what follows when a daemon ends without a request. */
import { type RestartSpec, specDefaults } from '../../core/plan/plan.ts'
import { type Reader, reportMismatch, reportProblem } from '../location.ts'
import { quote } from '../problems.ts'
import { duration, fields, oneOf, text } from '../read.ts'

type Policy = RestartSpec['policy']

/** The keys as written; their defaults depend on other keys of the daemon. */
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

/** A policy, or a map. */
export const restart: Reader<Partial<Restart>> = (value, location) => {
  if (value.kind !== 'text') return restartFields(value, location)
  const found = policy(value, location)
  return found === undefined ? undefined : { policy: found }
}

/** @param meantToEnd Whether the daemon is a job or the main daemon. */
export function completeRestart(found: Partial<Restart>, meantToEnd: boolean): RestartSpec {
  return {
    policy: found.policy ?? (meantToEnd ? 'never' : 'always'),
    ...(found.backoff ?? { backoffMs: defaultInitialMs, backoffMaxMs: defaultMaxMs }),
    limit: found.limit ?? null,
    calmMs: found.calm ?? defaultCalmMs,
    // biome-ignore lint/suspicious/noThenProperty: a key of the plan, which is never awaited.
    then: found.then ?? 'leave',
  }
}

/** `none`, a duration (the initial one), or `{ initial, max }`. */
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
    const hint = 'raise max, or lower initial'
    return reportProblem(location, value.offset, 'max is less than initial', hint)
  }
  const backoffMs = initial ?? Math.min(defaultInitialMs, max ?? defaultInitialMs)
  return { backoffMs, backoffMaxMs: max ?? Math.max(backoffMs, defaultMaxMs) }
}

const backoffTime: Reader<number> = duration(1, maxBackoffMs)

const backoffFields: Reader<Partial<{ initial: number; max: number }>> = fields<{
  initial: number
  max: number
}>({ initial: backoffTime, max: backoffTime })

/** `5 in 1m`, or `none`. */
const limit: Reader<RestartSpec['limit']> = (value, location) => {
  if (value.kind === 'text' && value.text === 'none') return null
  if (value.kind !== 'text') {
    return reportMismatch(location, value, 'TIMES in DURATION', 'write 5 in 1m')
  }
  const written = text(value, location)
  if (written === undefined) return
  const [, digits, window] = /^(\d+) +in +(\S+)$/.exec(written) ?? []
  if (digits === undefined || window === undefined) {
    return reportMismatch(location, value, 'TIMES in DURATION, or none', 'write 5 in 1m')
  }
  const times = Number(digits)
  if (times < 1 || times > maxTimes) {
    const hint = times === 0 ? 'to disable restarts, write policy: never' : null
    const message = `${quote(digits)} times is not from 1 to ${maxTimes}`
    return reportProblem(location, value.offset, message, hint)
  }
  const windowMs = duration(minWindowMs, maxWindowMs)({ ...value, text: window }, location)
  return windowMs === undefined ? undefined : { times, windowMs }
}

const restartFields: Reader<Partial<Restart>> = fields<Restart>({
  policy,
  backoff,
  limit,
  calm: duration(0, maxBackoffMs),
  // biome-ignore lint/suspicious/noThenProperty: a key of the bundle file, which is never awaited.
  then: oneOf(['leave', 'shutdown']),
})
