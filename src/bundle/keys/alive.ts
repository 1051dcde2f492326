/** How a daemon is seen to be alive while it is ready: by a look from outside, again and again. */
import type { AliveSpec, Probe } from '../../core/plan/plan.ts'
import { complain, inside, type Reader } from '../location.ts'
import { duration, fields, integer } from '../read.ts'
import type { Value } from '../tree.ts'
import { onlyOne, probeNames, probeReaders } from './probe.ts'
import { wordNames } from './ready.ts'

const minMs = 10
const maxMs = 3_600_000
const maxFailures = 100

export const alive: Reader<AliveSpec> = (value, place) => {
  const words = value.kind === 'map' ? value.entries.filter(isWord) : []
  for (const { key, at } of words) {
    const hint = 'use a probe; for a word that comes again and again: watchdog: 30s'
    complain(inside(place, key), at, 'is said once, and not that it is still alive', hint)
  }
  const rest: Value =
    value.kind === 'map'
      ? { ...value, entries: value.entries.filter((entry) => !isWord(entry)) }
      : value
  const found = aliveFields(rest, place)
  if (found === undefined || words.length > 0) return
  const chosen = onlyOne(rest, place, probeNames, ['interval', 'timeout', 'failures'], 'probe')
  const probe = chosen === undefined ? undefined : found[chosen.key as Probe['type']]
  if (probe === undefined) return
  const { interval = 10_000, timeout = 2000, failures = 3 } = found
  return { probe, intervalMs: interval, timeoutMs: timeout, failures }
}

function isWord({ key }: { readonly key: string }): boolean {
  return wordNames.includes(key)
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
