/** `stop`: how a daemon is stopped. */
import type { StopSpec } from '../../core/plan/plan.ts'
import type { Signal } from '../../core/signals.ts'
import type { Reader } from '../location.ts'
import { duration, fields, integer, uniqueList } from '../read.ts'
import { command } from './command.ts'
import { signal } from './signal.ts'

const maxGraceMs = 3_600_000

export const stop: Reader<StopSpec> = (value, location) => {
  const found = stopFields(value, location)
  if (found === undefined) return
  return {
    signal: found.signal ?? 'TERM',
    command: found.command ?? null,
    graceMs: found.grace ?? null,
    success: found.success ?? [],
  }
}

interface StopFields {
  signal: Signal
  command: string[]
  grace: number
  success: number[]
}

const stopFields: Reader<Partial<StopFields>> = fields<StopFields>({
  signal,
  command,
  grace: duration(0, maxGraceMs),
  success: uniqueList(integer(0, 255)),
})
