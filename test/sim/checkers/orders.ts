/** What pitcrew ordered of a run, read off the signals that it sent. */
import { signalNumbers } from '../../../src/core/signals.ts'
import type { RunFacts, Sent } from '../facts.ts'

/** The stop signal to the leader; null when it was never asked to end. */
export function stopOrder({ signals, spec }: RunFacts): Sent | null {
  const number = signalNumbers[spec.stop.signal]
  return signals.find(({ signal, to }) => signal === number && to === 'leader') ?? null
}

/** The stop signal to the whole tree. */
export function treeOrders({ signals, spec }: RunFacts): Sent[] {
  const number = signalNumbers[spec.stop.signal]
  return signals.filter(({ signal, to }) => signal === number && to === 'tree')
}

export function kills({ signals }: RunFacts): Sent[] {
  return signals.filter(({ signal }) => signal === signalNumbers.KILL)
}
