/** Counts from outside how many events wait in pitcrew's own queue. */
import { EventQueue } from '../../../src/init/loop/event-queue.ts'

let most = 0

for (const name of ['push', 'pushFirst', 'pushLast'] as const) {
  const original = EventQueue.prototype[name]
  EventQueue.prototype[name] = function (event) {
    original.call(this, event)
    most = Math.max(most, this.size)
  }
}

/** The most that waited since the previous call. */
export function mostWaiting(): number {
  const waited = most
  most = 0
  return waited
}
