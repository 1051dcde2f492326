/** Promises about the events that wait in pitcrew's own queue. */
import type { Facts } from '../judge/facts.ts'
import { first, type Promised } from './promise.ts'

/** Of all daemons together, and of each. */
const commonMax = 8
const ownMax = 2

export const queueBounded: Promised = {
  sentence:
    'However much comes, its own queue holds no more than eight events and two for each daemon, beside signals from before its start',
  broken: (facts) => {
    const max = commonMax + ownMax * facts.specs.length + earlySignals(facts)
    return first(facts.calls, ({ mostWaiting, event, atMs }) =>
      mostWaiting > max ? `${mostWaiting} wait at ${atMs} (${event.type}), not ${max}` : null,
    )
  },
}

function earlySignals({ calls, boot }: Facts): number {
  const bootIndex = boot?.index ?? 0
  return calls.filter(({ event, index }) => event.type === 'signal' && index < bootIndex).length
}
