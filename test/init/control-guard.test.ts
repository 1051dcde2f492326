/** The init's side of the control plane: whatever breaks there costs its clients their connection, and nobody else
 *  anything. */
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

test('it is loaded for the first client, and once', () => {
  const world = plane()
  expect(world.server).toBeNull()
  world.connect()
  const { server } = world
  expect(server).not.toBeNull()
  world.connect()
  expect(world.server).toBe(server)
})

describe('when it cannot be loaded', () => {
  test('the client is told, and the next one finds it tried again', () => {
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

describe('when it breaks', () => {
  test('its clients are told and dropped, the daemons go on, and the next client finds a new one', () => {
    const world = plane()
    const client = world.connect()
    client.ask('stop', { daemon: 'web' })
    const id = client.ask('wait', { daemon: 'db', for: 'stopped' })
    breakAt(world, 'stepped')
    world.ends('web', 'TERM')
    expect(client.answer(null).failed).toMatchObject({ code: 'INTERNAL' })
    expect([client.isClosed, client.isOpen(id)]).toEqual([true, true])
    expect(world.log.some((line) => line.includes('web: stop (uid 0, pid 12): done'))).toBe(true)
    expect(world.connect().done('ticket', { ticket: 1 })).toMatchObject({ outcome: 'done' })
  })

  test('while it is told of what is said about that, it is not told again', () => {
    const world = plane()
    world.connect()
    breakAt(world, 'recorded')
    world.ends('web', 1)
    expect(world.log.filter((line) => line.includes('internal error'))).toHaveLength(1)
  })
})

test('after a failure anywhere in pitcrew everybody connects anew, and tickets are known', () => {
  const world = plane()
  const client = world.connect()
  client.ask('restart', { daemon: 'web' })
  world.fail()
  expect(client.answer(null).failed).toMatchObject({ code: 'INTERNAL' })
  expect(client.isClosed).toBe(true)
  world.ends('web', 'TERM')
  const again = world.connect()
  expect(again.done('ticket', { ticket: 1 })).toMatchObject({ outcome: 'done', now: { run: 2 } })
  expect(again.done('restart', { daemon: 'db', wait: false })).toMatchObject({ outcome: 'open' })
})

test('a client whose logs are streamed is the host’s alone', () => {
  const world = plane()
  const client = world.connect()
  client.done('logs', { follow: true })
  world.fail()
  expect(client.isClosed).toBe(false)
})
