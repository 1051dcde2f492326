/** Answers that grow with the number of daemons: items in batches, one a turn, as fast as the client reads. */
import { expect, test } from 'vitest'
import { manyDaemons } from '../core/plans.ts'
import { Plane, type PlaneClient } from './plane.ts'

const count = 1000
const much = 512 * 1024

function namesOf(client: PlaneClient, id: number): string[] {
  return client.items(id).map((item) => (item as { name: string }).name)
}

test('status of a thousand daemons is sent as one item each, over many turns', () => {
  const plane = new Plane(manyDaemons(count, false))
  plane.msPerLine = 0.1
  const client = plane.connect()
  const id = client.request('status')
  plane.pass(100)
  expect(client.answer(id).done).toMatchObject({ name: 'bundle' })
  expect(namesOf(client, id)).toEqual(Array.from({ length: count }, (_, n) => `d${n}`))
  // A turn ends after 5 ms, with the batch under way.
  expect(plane.mostInTurn).toBeLessThanOrEqual(3 * 64)
})

test('events while items are sent come after the cursor of the answer', () => {
  const plane = new Plane(manyDaemons(count, false))
  plane.pass(1000)
  const client = plane.connect()
  plane.queued = much
  const id = client.request('status')
  plane.ends('d999', 3)
  plane.queued = 0
  plane.pass(100)
  expect(client.items(id).at(-1)).toMatchObject({ name: 'd999', state: 'failed' })
  const { cursor } = client.answer(id).done as { cursor: string }
  const events = client.request('events', { since: cursor })
  expect(client.items(events)).toMatchObject([{ type: 'died', daemon: 'd999' }])
})

test('a client that reads nothing gets LAGGED after ten seconds; others are served meanwhile', () => {
  const plane = new Plane(manyDaemons(count, false))
  const [slow, other] = [plane.connect(), plane.connect()]
  plane.queued = much
  const id = slow.request('status')
  plane.pass(9000)
  expect(slow.of(id)).toEqual([])
  expect(other.done('explain', { daemon: 'd0' })).toMatchObject({ state: 'ready' })
  plane.pass(2000)
  expect(slow.answer(id).failed).toMatchObject({ code: 'LAGGED' })
})

test('the more answers are under way, the less may wait for each client', () => {
  const plane = new Plane(manyDaemons(count, false))
  const [client, ...others] = [
    plane.connect(),
    ...Array.from({ length: 99 }, () => plane.connect()),
  ]
  plane.queued = much
  const id = client.request('status')
  for (const other of others) other.request('status')
  plane.queued = 40 * 1024
  plane.pass(100)
  expect(client.of(id)).toEqual([])
  for (const other of others) other.hangUp()
  plane.pass(100)
  expect(client.answer(id).done).toBeDefined()
})

test('a client that reads again gets the remaining items', () => {
  const plane = new Plane(manyDaemons(count, false))
  const client = plane.connect()
  plane.queued = much
  const id = client.request('status')
  plane.pass(5000)
  plane.queued = 0
  plane.pass(100)
  expect(client.answer(id).done).toBeDefined()
  expect(client.items(id)).toHaveLength(count)
})

test('after a cancel or a disconnect no more items are sent', () => {
  const plane = new Plane(manyDaemons(count, false))
  const [client, gone] = [plane.connect(), plane.connect()]
  plane.queued = much
  const [id, forgotten] = [client.request('status'), gone.request('status')]
  expect(client.done('cancel', { request: id })).toEqual({ cancelled: true })
  gone.hangUp()
  plane.queued = 0
  plane.pass(1000)
  expect(client.answer(id).failed).toMatchObject({ code: 'SUPERSEDED' })
  expect(client.items(id)).toEqual([])
  expect(gone.of(forgotten)).toEqual([])
})

test('status with usage waits for a scan of /proc that takes several turns', () => {
  const plane = new Plane(manyDaemons(3, false))
  const usage = { daemon: 'd1', run: 1, cpuMs: 5, memoryKib: 100, processes: 1 }
  plane.scans = [null, null, [usage]]
  const client = plane.connect()
  const id = client.request('status', { usage: true })
  plane.pass(10)
  expect(client.items(id)).toMatchObject([
    { usage: null },
    { usage: { cpuMs: 5 } },
    { usage: null },
  ])
  expect(plane.scans).toEqual([])
})
