/** The helper that parses a bundle, with the behaviour of its script. */
import { serializePlan } from '../../../src/core/plan/plan-text.ts'
import type { HelperEnd, HelperTask } from '../../../src/host/helper.ts'
import type { Schedule } from './schedule.ts'

/** @returns Its end, or why it cannot be started. */
export function parse(
  { helper: script, plan }: Schedule,
  id: number,
  { timeoutMs }: HelperTask,
): { readonly afterMs: number; readonly end: HelperEnd } | { readonly errno: string } {
  if (script === null || script.errno !== null) return { errno: script?.errno ?? 'ENOENT' }
  const timedOut = script.tookMs >= timeoutMs
  const isCut = timedOut || script.writes === 'too much'
  const exit = isCut ? { code: 0, signal: 9 } : script.exit
  const written = script.writes === 'plan' ? serializePlan(plan) : '{"plan":'
  const text = script.writes === 'too much' ? null : timedOut ? '' : written
  const errno = timedOut ? 'ETIMEDOUT' : null
  const end: HelperEnd = { type: 'helper', id, errno, ...exit, timedOut, text }
  return { afterMs: Math.min(script.tookMs, timeoutMs), end }
}
