/** The share of the deadline of each wave, computed independently of core/plan/deadline.ts: each
 *  wave has what it requests or an even share. */
import type { Facts } from '../judge/facts.ts'

/** When the wave of a daemon may be killed at the earliest, from the beginning of the shutdown. */
export function shareEndMs(facts: Facts, name: string): number {
  const { deadlineMs } = facts.plan
  const { waves } = facts
  const count = Math.max(0, ...waves.values()) + 1
  const flushMs = Math.min(250, deadlineMs / 20)
  const reapMs = Math.min(250, (deadlineMs - flushMs) / (8 * count))
  let endMs = 0
  for (let wave = 0; wave <= (waves.get(name) ?? 0); wave++) {
    const asks = facts.specs
      .filter((spec) => waves.get(spec.name) === wave)
      .map(({ stop }) => stop.graceMs ?? Number.POSITIVE_INFINITY)
    endMs += Math.min(Math.max(...asks) + reapMs, (deadlineMs - flushMs) / count)
  }
  return endMs - reapMs
}
