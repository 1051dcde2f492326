/** DESIGN §3, Bounded work: queues are bounded and coalesce; a shutdown goes to the front. */
import { describe, expect, test } from 'vitest'
import type { Event } from '../../src/core/event.ts'
import { EventQueue } from '../../src/init/loop/event-queue.ts'

const web = { daemon: 'web', run: 1 } as const
const ready: Event = { type: 'ready', ...web, atMs: 1 }
const exited: Event = {
  type: 'exited',
  ...web,
  code: 4,
  signal: 0,
  gone: false,
  outputOpen: true,
  atMs: 5,
}
const term: Event = { type: 'signal', signal: 'TERM', hangup: false, atMs: 9 }

function pinged(atMs: number, extendMs: number | null = null, run = 1): Event {
  return { type: 'watchdog-ping', daemon: 'web', run, extendMs, atMs }
}

function queueOf(...events: readonly Event[]): EventQueue {
  const queue = new EventQueue()
  for (const event of events) queue.push(event)
  return queue
}

function all(queue: EventQueue): Event[] {
  const events: Event[] = []
  for (let event = queue.first; event !== undefined; event = queue.first) {
    events.push(event)
    queue.remove(event)
  }
  return events
}

test('of a thousand pings of a run only the newest is kept', () => {
  const pings = Array.from({ length: 1000 }, (_, atMs) => pinged(atMs))
  expect(all(queueOf(ready, ...pings))).toEqual([ready, pinged(999)])
})

test('pings of other runs, and those that extend a timeout, are kept apart', () => {
  const events = [pinged(1), pinged(2, 500), pinged(3, null, 2)]
  expect(all(queueOf(...events))).toEqual(events)
})

test('of the statuses of a run only the newest of each kind is kept', () => {
  const said = (status: string | null, change: 'reloading' | null): Event => {
    return { type: 'status-reported', ...web, status, change, atMs: 0 }
  }
  const events = [said('a', null), said(null, 'reloading'), said('b', null)]
  expect(all(queueOf(...events))).toEqual([said('b', null), said(null, 'reloading')])
})

test('an event that was removed is not replaced', () => {
  const queue = queueOf(pinged(1))
  queue.remove(queue.first as Event)
  queue.push(pinged(2))
  expect(all(queue)).toEqual([pinged(2)])
})

test.each<[string, Event]>([
  ['TERM', term],
  ['a hangup', { type: 'signal', signal: 'HUP', hangup: true, atMs: 9 }],
  [
    'a request for a shutdown',
    {
      type: 'request',
      verb: 'shutdown',
      daemon: null,
      by: { kind: 'hangup' },
      why: '',
      token: 0,
      atMs: 9,
    },
  ],
])('%s goes to the front', (_, event) => {
  expect(all(queueOf(ready, pinged(1), event))).toEqual([event, ready, pinged(1)])
})

test('any other signal goes to the back', () => {
  const usr1: Event = { ...(term as Extract<Event, { type: 'signal' }>), signal: 'USR1' }
  expect(all(queueOf(ready, usr1))).toEqual([ready, usr1])
})

describe('clearing the queue after a failure', () => {
  test('keeps the ends of runs, which the host may have forgotten', () => {
    const spawned: Event = { type: 'spawned', ...web, pid: 7, atMs: 0 }
    const queue = queueOf(spawned, ready, exited)
    const end = { ...web, pid: 7, exit: { code: 4, signal: 0 }, gone: true, ready: true }
    queue.clear()
    expect(queue.size).toBe(0)
    expect(queue.withEnds([])).toEqual([end])
    expect(queue.withEnds([])).toEqual([])
  })

  test('keeps the ends that a failed reconciliation contained', () => {
    const end = { ...web, pid: 7, exit: { code: 4, signal: 0 }, gone: true, ready: false }
    const alive = { ...end, run: 2, exit: null, gone: false }
    const rest = { atMs: 0, shutdownRequested: false, outputStall: null }
    const queue = queueOf({ type: 'reconcile', live: [end, alive], ...rest })
    queue.clear()
    expect(queue.withEnds([])).toEqual([end])
  })

  test('prefers what the host still knows', () => {
    const queue = queueOf(exited)
    queue.clear()
    const alive = { ...web, pid: 7, exit: { code: 4, signal: 0 }, gone: false, ready: true }
    expect(queue.withEnds([alive])).toEqual([alive])
  })
})

test('after a failure an end keeps the reason why its program was not executed', () => {
  const failure = { step: 'exec', errno: 'EACCES' }
  const queue = queueOf({ ...exited, code: 127, failure })
  queue.clear()
  expect(queue.withEnds([])).toMatchObject([{ ...web, exit: { code: 127, failure } }])
})
