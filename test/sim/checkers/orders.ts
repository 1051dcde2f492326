/** The orders that pitcrew gave to a run, derived from the signals that it sent. */
import { signalNumbers } from '../../../src/core/signals.ts'
import type { Claim } from '../judge/claims.ts'
import type { Facts, RunFacts, Sent } from '../judge/facts.ts'

/** When it was ordered to stop, by the stop signal to its leader or by its stop command; null if
 *  never. */
export function stopOrder({ stopOrdered }: RunFacts): RunFacts['stopOrdered'] {
  return stopOrdered
}

/** Whether its stop was decided, and the order for it had to wait behind other effects, when its
 *  exit came: then it ended by that order. */
export function wasStopDecided({ isBehind }: Facts, { claims }: RunFacts): boolean {
  return isBehind && claims.some(({ what }) => what === 'stopped')
}

/** Stop signals to the tree except its leader. */
export function restOrders({ signals, spec }: RunFacts): Sent[] {
  const number = signalNumbers[spec.stop.signal]
  return signals.filter(({ signal, to }) => signal === number && to === 'rest')
}

export function kills({ signals }: RunFacts): Sent[] {
  return signals.filter(({ signal }) => signal === signalNumbers.KILL)
}

/** The claim that a run is unhealthy. */
export function isFaultClaim(what: Claim['what']): boolean {
  return what === 'not-ready' || what === 'not-alive' || what === 'watchdog'
}
