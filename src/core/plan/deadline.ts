/** One deadline for a whole shutdown or restart, split by plan and never a sum.
 *
 *      |---- wave 0 ----|------- wave 1 -------|-- flush --|
 *      stop        KILL | stop            KILL |  output   | deadline
 *
 *  A wave is what can stop at the same time; the next one begins when it is gone, or earlier
 *  where nothing depends on the rest of it. Who asks for little time gets all of it; the others
 *  share what is left evenly, so that a wave of patient daemons cannot eat the grace of the next.
 */

import type { Order } from './order.ts'
import type { Plan } from './plan.ts'

/** Waiting for what was killed to be gone: milliseconds where the kernel is well. */
const reapMsMax = 250
const flushMsMax = 250

export interface DeadlineSplit {
  /** For each wave, in milliseconds after the shutdown began: when what is left of it is killed. */
  readonly killAtMs: readonly number[]
  /** What no wave asks for: a stop may be extended by it. */
  readonly spareMs: number
  /** For the output at the end. */
  readonly flushMs: number
}

/** Splits the deadline of a bundle over the waves in which it stops: each asks for as much time as
 *  the most patient of its daemons. */
export function splitShutdown(plan: Plan, order: Order): DeadlineSplit {
  const graces: number[] = []
  for (const { name, stop } of plan.daemons) {
    const wave = order.wave.get(name) as number
    graces[wave] = Math.max(graces[wave] ?? 0, stop.graceMs ?? Number.POSITIVE_INFINITY)
  }
  return splitDeadline(plan.deadlineMs, graces)
}

/** How much of the deadline a single daemon has for its stop: all of it, where it asks for no less.
 */
export function graceWithin(deadlineMs: number, graceMs: number | null): number {
  const asked = graceMs ?? Number.POSITIVE_INFINITY
  const { killAtMs } = splitDeadline(deadlineMs, [asked])
  return Math.min(asked, killAtMs[0] ?? 0)
}

/**
 * Splits a deadline.
 *
 * @param deadlineMs   From the request to the end of everything.
 * @param wavesGraceMs For each wave, the longest grace that a daemon of it asks for; Infinity =
 *          all there is.
 */
export function splitDeadline(deadlineMs: number, wavesGraceMs: readonly number[]): DeadlineSplit {
  const flushMs = Math.min(flushMsMax, deadlineMs / 20)
  const reapMs = Math.min(reapMsMax, (deadlineMs - flushMs) / (8 * wavesGraceMs.length))
  const shares = shareOut(
    deadlineMs - flushMs,
    wavesGraceMs.map((graceMs) => graceMs + reapMs),
  )
  let endMs = 0
  const killAtMs = shares.map((shareMs) => {
    endMs += shareMs
    return endMs - reapMs
  })
  return { killAtMs, spareMs: deadlineMs - flushMs - endMs, flushMs }
}

/** Gives each what it asks for where an even share of what is left allows it, and that share
 *  otherwise. */
function shareOut(total: number, asks: readonly number[]): number[] {
  const bySize = asks.map((ask, index) => ({ ask, index })).sort((a, b) => a.ask - b.ask)
  const shares = asks.map(() => 0)
  let left = total
  bySize.forEach(({ ask, index }, done) => {
    const share = Math.min(ask, left / (asks.length - done))
    shares[index] = share
    left -= share
  })
  return shares
}
