/** How a daemon is seen to be alive while it is ready: by a look from outside, again and again. */
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
  const words = value.kind === 'map' ? value.entries.filter(isWord) : []
  for (const { key, offset } of words) {
    const hint = 'use a probe; for a word that comes again and again: watchdog: 30s'
    reportProblem(
      childLocation(location, key),
      offset,
      'is said once, and not that it is still alive',
      hint,
    )
  }
  const rest: Value =
    value.kind === 'map'
      ? { ...value, entries: value.entries.filter((entry) => !isWord(entry)) }
      : value
  const found = aliveFields(rest, location)
  if (found === undefined || words.length > 0) return
  const chosen = chooseOne(rest, location, probeNames, ['interval', 'timeout', 'failures'], 'probe')
  const probe = chosen === undefined ? undefined : found[chosen.key as Probe['type']]
  if (probe === undefined) return
  const { interval = 10_000, timeout = 2000, failures = 3 } = found
  return { probe, intervalMs: interval, timeoutMs: timeout, failures }
}

function isWord({ key }: { readonly key: string }): boolean {
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

/** WATCHDOG=1 must come at least this often, in milliseconds. */
export const watchdog: Reader<number> = duration(minMs, maxMs)
