/** The verb `wait`: answers at once if the daemon is in the awaited state, fails if it cannot get there, and answers
 *  later otherwise. */
import { describe, expect, test } from 'vitest'
import type { WaitFor } from '../../src/control/protocol/requests.ts'
import { plan, type Some } from '../core/plans.ts'
import { Plane, type PlaneClient } from './plane.ts'

const notify = { sign: { type: 'notify' }, timeoutMs: 30_000, intervalMs: 100 } as const

function planeOf(daemons: Readonly<Record<string, Some>>): Plane {
  return new Plane(plan(daemons))
}

function outcomes(client: PlaneClient, daemon: string): string {
  const words: WaitFor[] = ['started', 'ready', 'stopped', 'done']
  return words
    .map((word) => {
      const id = client.request('wait', { daemon, for: word })
      if (client.isOpen(id)) return `${word}: waits`
      const { done, failed } = client.answer(id)
      return `${word}: ${done === undefined ? failed?.message : done.state}`
    })
    .join('\n')
}

describe('at once', () => {
  test('for a daemon that is not ready', () => {
    const plane = planeOf({ web: { ready: notify } })
    expect(outcomes(plane.connect(), 'web')).toMatchInlineSnapshot(`
      "started: running
      ready: waits
      stopped: waits
      done: waits"
    `)
  })

  test('for a daemon that is ready', () => {
    const plane = planeOf({ web: { restart: { policy: 'always' } } })
    expect(outcomes(plane.connect(), 'web')).toMatchInlineSnapshot(`
      "started: ready
      ready: ready
      stopped: waits
      done: cannot wait until web is done: it is a daemon that is restarted whenever it ends, not a job"
    `)
  })

  test('for a job at work', () => {
    expect(outcomes(planeOf({ job: { kind: 'job' } }).connect(), 'job')).toMatchInlineSnapshot(`
      "started: running
      ready: waits
      stopped: waits
      done: waits"
    `)
  })

  test('for a job that is done', () => {
    const plane = planeOf({ job: { kind: 'job' }, web: {} })
    plane.ends('job')
    expect(outcomes(plane.connect(), 'job')).toMatchInlineSnapshot(`
      "started: done
      ready: done
      stopped: done
      done: done"
    `)
  })

  test('for a daemon that has failed, and for one that needs it', () => {
    const plane = planeOf({
      db: {},
      web: { after: [{ daemon: 'slow', until: 'ready' }] },
      slow: { ready: notify },
    })
    plane.ends('slow', 1)
    expect(outcomes(plane.connect(), 'slow')).toMatchInlineSnapshot(`
      "started: cannot wait until slow is started: it has failed and is not restarted
      ready: cannot wait until slow is ready: it has failed and is not restarted
      stopped: failed
      done: cannot wait until slow is done: it has failed and is not restarted"
    `)
    expect(outcomes(plane.connect(), 'web')).toMatchInlineSnapshot(`
      "started: cannot wait until web is started: slow, which it needs, has failed
      ready: cannot wait until web is ready: slow, which it needs, has failed
      stopped: skipped
      done: cannot wait until web is done: slow, which it needs, has failed"
    `)
  })

  test('for a daemon that was stopped on request, and may be started again', () => {
    const plane = planeOf({ web: {} })
    const client = plane.connect()
    client.request('stop', { daemon: 'web' })
    plane.ends('web', 'TERM')
    expect(outcomes(client, 'web')).toMatchInlineSnapshot(`
      "started: waits
      ready: waits
      stopped: stopped
      done: waits"
    `)
  })
})

describe('later', () => {
  test('when the daemon is ready, which is the default', () => {
    const plane = planeOf({ web: { ready: notify } })
    const client = plane.connect()
    const id = client.request('wait', { daemon: 'web' })
    expect(client.isOpen(id)).toBe(true)
    plane.ready('web')
    expect(client.answer(id).done).toEqual({ daemon: 'web', state: 'ready', run: 1, pid: 101 })
  })

  test('when the daemon is started again', () => {
    const plane = planeOf({ web: {} })
    const client = plane.connect()
    client.request('stop', { daemon: 'web' })
    plane.ends('web', 'TERM')
    const id = client.request('wait', { daemon: 'web', for: 'started' })
    client.request('start', { daemon: 'web' })
    expect(client.answer(id).done).toMatchObject({ run: 2 })
  })

  test('when the daemon has failed and is not restarted', () => {
    const plane = planeOf({ db: {}, web: { ready: notify } })
    const client = plane.connect()
    const id = client.request('wait', { daemon: 'web' })
    plane.ends('web', 1)
    expect(client.answer(id).failed).toEqual({
      code: 'FAILED',
      message: 'cannot wait until web is ready: it has failed and is not restarted',
      hint: 'see "pitcrew explain web"',
    })
  })

  test('when the timeout is over', () => {
    const plane = planeOf({ web: { ready: notify } })
    const client = plane.connect()
    const id = client.request('wait', { daemon: 'web', timeoutMs: 12_000 })
    plane.pass(12_000)
    expect(client.answer(id).failed).toEqual({
      code: 'TIMED_OUT',
      message: 'cannot wait any longer: web is running, not ready, after 12 s',
      hint: 'see "pitcrew explain web"',
    })
  })

  test('when the request is cancelled, with the state so far', () => {
    const plane = planeOf({ web: { ready: notify } })
    const client = plane.connect()
    const id = client.request('wait', { daemon: 'web' })
    client.request('cancel', { request: id })
    expect(client.answer(id).done).toMatchObject({ state: 'running' })
  })
})

test('progress: the dependency that it waits for, and the remaining time', () => {
  const plane = planeOf({ db: { ready: notify }, web: { after: ['db'] } })
  const client = plane.connect()
  const [web, db] = ['web', 'db'].map((daemon) =>
    client.request('wait', { daemon, progress: true }),
  )
  plane.pass(1000)
  expect(client.of(web as number)).toMatchObject([
    { progress: { state: 'waiting', waitsFor: 'db', leftMs: null, words: 'waits for db' } },
  ])
  expect(client.of(db as number)).toMatchObject([
    { progress: { leftMs: 29_000, words: 'started 1 s ago, not ready, 29 s left' } },
  ])
})

test('progress of a thousand requests is sent in one round a second, a limited number a turn', () => {
  const plane = planeOf({ web: { ready: notify } })
  const client = plane.connect()
  const ids = Array.from({ length: 1000 }, () =>
    client.request('wait', { daemon: 'web', progress: true }),
  )
  const notified = (): number => ids.filter((id) => client.of(id).length > 0).length
  plane.pass(1000)
  expect(notified()).toBe(32)
  // A request that is cancelled during the round gets none, and does not delay the others.
  const left = ids.pop() as number
  client.done('cancel', { request: left })
  plane.pass(40)
  expect(notified()).toBe(999)
  plane.pass(950)
  expect(client.of(ids[0] as number)).toHaveLength(1)
  plane.pass(10)
  expect(client.of(ids[0] as number)).toHaveLength(2)
})

test('a thousand requests that wait for one daemon cost one lookup a step', () => {
  const plane = planeOf({ web: { ready: notify }, db: {} })
  const clients = Array.from({ length: 1000 }, () => plane.connect())
  const ids = clients.map((client) => client.request('wait', { daemon: 'web' }))
  let lookups = 0
  const state = plane.supervisor?.state
  const { daemons } = state as NonNullable<typeof state>
  const get = daemons.get.bind(daemons)
  daemons.get = (name) => {
    lookups++
    return get(name)
  }
  plane.server?.handle({ type: 'stepped' })
  expect(lookups).toBe(1)
  plane.ready('web')
  expect(clients.every((client, index) => client.answer(ids[index] as number).done)).toBe(true)
})
