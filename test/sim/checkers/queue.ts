/** Promises about the events that wait in pitcrew's own queue. */
import type { Facts, When } from '../judge/facts.ts'
import { first, type Promised } from './promise.ts'

/** Of all daemons together, and of each. */
const commonMax = 8
const ownMax = 2

export const queueBounded: Promised = {
  sentence:
    'However much arrives, the queue of the loop holds no more than eight events, two for each daemon and one for each output that a run left open, beside signals from before the start',
  broken: (facts) => {
    const max = commonMax + ownMax * facts.specs.length + earlySignals(facts)
    return first(facts.calls, (call) => {
      const { mostWaiting, event, atMs } = call
      if (mostWaiting <= max || mostWaiting <= max + openOutputs(facts, call)) return null
      return `${mostWaiting} wait at ${atMs} (${event.type}), not ${max + openOutputs(facts, call)}`
    })
  },
}

/** Runs that are over and whose output was not closed yet: each has a timer that closes it. */
function openOutputs({ calls }: Facts, { index: before }: When): number {
  const open = new Set<string>()
  for (const { event, index } of calls) {
    if (index >= before) break
    if (event.type === 'output-closed') open.delete(`${event.daemon} ${event.run}`)
    const isEnd = event.type === 'exited' || event.type === 'gone'
    if (isEnd && event.outputOpen) open.add(`${event.daemon} ${event.run}`)
  }
  return open.size
}

function earlySignals({ calls, boot }: Facts): number {
  const bootIndex = boot?.index ?? 0
  return calls.filter(({ event, index }) => event.type === 'signal' && index < bootIndex).length
}
