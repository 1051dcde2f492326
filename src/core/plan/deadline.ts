/** Splits the one deadline of a shutdown or a restart over its waves.
 *
 *      |---- wave 0 ----|------- wave 1 -------|-- flush --|
 *      stop        KILL | stop            KILL |  output   | deadline
 *
 *  A wave is a set of daemons that can stop at the same time. The next one begins when it is gone,
 *  or earlier for daemons without dependents in the rest of it. A wave that needs little time gets
 *  all of it; the others share the rest evenly, so that a long grace cannot use up the time of the
 *  next wave.
 */

import type { Order } from './order.ts'
import type { Plan } from './plan.ts'

/** The time for killed processes to be gone. */
const reapMsMax = 250
const flushMsMax = 250

export interface DeadlineSplit {
  /** For each wave, when its remaining processes are killed, in milliseconds after the shutdown
   *  began. */
  readonly killAtMs: readonly number[]
  /** Time that no wave needs; a stop may be extended by it. */
  readonly spareMs: number
  /** The time for the last output. */
  readonly flushMs: number
}

/** Splits the deadline of a bundle. Each wave needs the longest grace of its daemons. */
export function splitShutdown(plan: Plan, order: Order): DeadlineSplit {
  const graces: number[] = []
  for (const { name, stop } of plan.daemons) {
    const wave = order.wave.get(name) ?? 0
    graces[wave] = Math.max(graces[wave] ?? 0, stop.graceMs ?? Number.POSITIVE_INFINITY)
  }
  return splitDeadline(plan.deadlineMs, graces)
}

/** The grace of a single daemon: its own, or what the deadline leaves. */
export function graceWithin(deadlineMs: number, graceMs: number | null): number {
  const stopMs = deadlineMs - flushMsOf(deadlineMs)
  return Math.min(graceMs ?? Number.POSITIVE_INFINITY, stopMs - reapMsOf(stopMs, 1))
}

/**
 * @param deadlineMs   From the request to the exit.
 * @param wavesGraceMs For each wave the longest grace of its daemons; Infinity = no limit.
 */
export function splitDeadline(deadlineMs: number, wavesGraceMs: readonly number[]): DeadlineSplit {
  const flushMs = flushMsOf(deadlineMs)
  const stopMs = deadlineMs - flushMs
  const reapMs = reapMsOf(stopMs, wavesGraceMs.length)
  const shares = shareOut(
    stopMs,
    wavesGraceMs.map((graceMs) => graceMs + reapMs),
  )
  let endMs = 0
  const killAtMs = shares.map((shareMs) => {
    endMs += shareMs
    return endMs - reapMs
  })
  return { killAtMs, spareMs: stopMs - endMs, flushMs }
}

function flushMsOf(deadlineMs: number): number {
  return Math.min(flushMsMax, deadlineMs / 20)
}

function reapMsOf(stopMs: number, waves: number): number {
  return Math.min(reapMsMax, stopMs / (8 * waves))
}

/** Gives each ask in full where an even share of the rest allows it, and that share otherwise. */
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
