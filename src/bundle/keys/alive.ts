/** `alive`: the liveness probe of a daemon that is ready; and `watchdog`. */
import type { AliveSpec, Probe } from '../../core/plan/plan.ts'
import { childLocation, type Reader, reportProblem } from '../location.ts'
import { duration, fields, integer } from '../read.ts'
import type { Value } from '../tree.ts'
import { chooseOne, probeNames, probeReaders } from './probe.ts'
import { selfReportedNames } from './ready.ts'

const minMs = 10
const maxMs = 3_600_000
const maxFailures = 100

export const alive: Reader<AliveSpec> = (value, location) => {
  const misplaced = value.kind === 'map' ? value.entries.filter(isSelfReported) : []
  for (const { key, offset } of misplaced) {
    const message = 'shows readiness once, not that the daemon is still alive'
    const hint = 'use a probe, or watchdog: 30s for WATCHDOG=1 messages'
    reportProblem(childLocation(location, key), offset, message, hint)
  }
  const rest: Value =
    value.kind === 'map'
      ? { ...value, entries: value.entries.filter((entry) => !isSelfReported(entry)) }
      : value
  const found = aliveFields(rest, location)
  if (found === undefined || misplaced.length > 0) return
  const chosen = chooseOne(rest, location, probeNames, ['interval', 'timeout', 'failures'], 'probe')
  const probe = chosen === undefined ? undefined : found[chosen.key as Probe['type']]
  if (probe === undefined) return
  const { interval = 10_000, timeout = 2000, failures = 3 } = found
  return { probe, intervalMs: interval, timeoutMs: timeout, failures }
}

function isSelfReported({ key }: { readonly key: string }): boolean {
  return selfReportedNames.includes(key)
}

type AliveFields = Record<Probe['type'], Probe> & {
  interval: number
  timeout: number
  failures: number
}

const aliveFields: Reader<Partial<AliveFields>> = fields<AliveFields>({
  ...probeReaders,
  interval: duration(minMs, maxMs),
  timeout: duration(minMs, maxMs),
  failures: integer(1, maxFailures),
})

/** The longest time between two WATCHDOG=1 messages, in milliseconds. */
export const watchdog: Reader<number> = duration(minMs, maxMs)
