/** The guard of the control plane: a bug there costs its clients their connections, and nothing else. */
import { describe, expect, test } from 'vitest'
import type { ControlEvent } from '../../src/control/server/control-plane.ts'
import type { Server } from '../../src/control/server/server.ts'
import { Plane } from '../control/plane.ts'
import { plan } from '../core/plans.ts'

function plane(): Plane {
  return new Plane(plan({ web: {}, db: {} }))
}

/** Plants a bug in the control plane. */
function breakAt(world: Plane, type: ControlEvent['type']): void {
  const server = world.server as Server
  const handle = server.handle.bind(server)
  server.handle = (event) => {
    if (event.type === type) throw new Error('planted')
    handle(event)
  }
}

test('the control plane is loaded for the first client, and once', () => {
  const world = plane()
  expect(world.server).toBeNull()
  world.connect()
  const { server } = world
  expect(server).not.toBeNull()
  world.connect()
  expect(world.server).toBe(server)
})

describe('when the control plane cannot be loaded', () => {
  test('the client is answered and closed, and the next client is another attempt', () => {
    const world = plane()
    world.cannotLoad = true
    const client = world.connect()
    expect(client.lines).toEqual([
      { id: null, failed: expect.objectContaining({ code: 'INTERNAL' }) },
    ])
    expect(client.isClosed).toBe(true)
    expect(world.log.at(-1)).toContain('internal error, cannot load the control plane')
    world.ends('web', 1)
    expect(world.log.at(-1)).toContain('web: died')
    world.cannotLoad = false
    expect(world.connect().done('status')).toMatchObject({ name: 'bundle' })
  })
})

describe('when the control plane breaks', () => {
  test('its clients are answered and closed, daemons go on, and the next client gets a new one', () => {
    const world = plane()
    const client = world.connect()
    client.request('stop', { daemon: 'web' })
    const id = client.request('wait', { daemon: 'db', for: 'stopped' })
    breakAt(world, 'stepped')
    world.ends('web', 'TERM')
    expect(client.answer(null).failed).toMatchObject({ code: 'INTERNAL' })
    expect([client.isClosed, client.isOpen(id)]).toEqual([true, true])
    expect(world.log.some((line) => line.includes('web: stop (uid 0, pid 12): done'))).toBe(true)
    expect(world.connect().done('ticket', { ticket: 1 })).toMatchObject({ outcome: 'done' })
  })

  test('its failure is logged once, even if it breaks at each new log entry', () => {
    const world = plane()
    world.connect()
    breakAt(world, 'recorded')
    world.ends('web', 1)
    expect(world.log.filter((line) => line.includes('internal error'))).toHaveLength(1)
  })
})

test('after a failure anywhere in pitcrew clients are closed, and tickets are kept', () => {
  const world = plane()
  const client = world.connect()
  client.request('restart', { daemon: 'web' })
  world.fail()
  expect(client.answer(null).failed).toMatchObject({ code: 'INTERNAL' })
  expect(client.isClosed).toBe(true)
  world.ends('web', 'TERM')
  const again = world.connect()
  expect(again.done('ticket', { ticket: 1 })).toMatchObject({ outcome: 'done', now: { run: 2 } })
  expect(again.done('restart', { daemon: 'db', wait: false })).toMatchObject({ outcome: 'open' })
})

test('a connection that streams logs stays open when the control plane is dropped', () => {
  const world = plane()
  const client = world.connect()
  client.done('logs', { follow: true })
  world.fail()
  expect(client.isClosed).toBe(false)
})
