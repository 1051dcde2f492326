/** What pitcrew ordered of a run, read off the signals that it sent. */
import { signalNumbers } from '../../../src/core/signals.ts'
import type { Claim } from '../judge/claims.ts'
import type { RunFacts, Sent } from '../judge/facts.ts'

/** When it was asked to end, by the stop signal to its leader or by its stop command; null when it never was. */
export function stopOrder({ asked }: RunFacts): RunFacts['asked'] {
  return asked
}

/** The stop signal to the tree without its leader. */
export function restOrders({ signals, spec }: RunFacts): Sent[] {
  const number = signalNumbers[spec.stop.signal]
  return signals.filter(({ signal, to }) => signal === number && to === 'rest')
}

export function kills({ signals }: RunFacts): Sent[] {
  return signals.filter(({ signal }) => signal === signalNumbers.KILL)
}

/** Its process is there and does not do what it should. */
export function isFaultClaim(what: Claim['what']): boolean {
  return what === 'not-ready' || what === 'not-alive' || what === 'watchdog'
}
