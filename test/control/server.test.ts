/** Access, the form of requests, and their limits; FAULTS 33 and 34. */
import { describe, expect, test } from 'vitest'
import { requestsMax, requestsOfDaemonsMax } from '../../src/control/protocol/protocol.ts'
import type { Peer } from '../../src/host/control.ts'
import { plan, type Some } from '../core/plans.ts'
import { Plane } from './plane.ts'

const notify = { sign: { type: 'notify' }, timeoutMs: 30_000, intervalMs: 100 } as const

function planeOf(daemons: Readonly<Record<string, Some>>, uid = 0): Plane {
  return new Plane(plan(daemons), uid)
}

describe('access', () => {
  const bundle = { web: {}, viewer: { control: 'look' }, agent: { control: 'operate' } } as const
  const uid = 1000

  test.each<[client: string, peer: Partial<Peer>, access: 'operate' | 'look' | 'nothing']>([
    ['root', { uid: 0 }, 'operate'],
    ["pitcrew's own user", { uid }, 'operate'],
    ['another user', { uid: 1001 }, 'nothing'],
    ['a user without a number in our namespace', { uid: 65_534 }, 'nothing'],
    [
      'such a user with the process of a daemon',
      { uid: 65_534, daemon: 'agent', run: 1 },
      'nothing',
    ],
    ['a process from outside of our namespace', { uid: 0, pid: 0 }, 'operate'],
    ['a process of a daemon', { uid: 0, daemon: 'web', run: 1 }, 'look'],
    ['a process of a daemon that may look', { uid, daemon: 'viewer', run: 1 }, 'look'],
    ['a process of a daemon that may operate', { uid, daemon: 'agent', run: 1 }, 'operate'],
    ['the connection of a daemon', { uid: 5, daemon: 'viewer', run: 1, via: 'daemon-fd' }, 'look'],
    [
      'the connection of a daemon that may operate',
      { uid: 5, daemon: 'agent', run: 1, via: 'daemon-fd' },
      'operate',
    ],
    [
      'a process with only the mark of a daemon that may operate',
      { uid: 0, relation: 'marked', daemon: 'agent', run: 1 },
      'look',
    ],
    ['a descendant of pitcrew without a known run', { uid: 0, relation: 'descendant' }, 'look'],
    [
      'the same with a user without a number in our namespace',
      { uid: 65_534, relation: 'descendant' },
      'nothing',
    ],
    ['our parent, over an inherited connection', { uid: 1001, via: 'inherited' }, 'operate'],
  ])('%s: %o may %s', (_, peer, access) => {
    const plane = planeOf(bundle, uid)
    const client = plane.connect(peer)
    if (access !== 'nothing') {
      expect(client.lines[0]).toEqual({
        pitcrew: 1,
        version: 'unbuilt',
        name: 'bundle',
        pid: 1,
        access,
        daemon: peer.daemon ?? null,
      })
      expect(client.failed('ticket', { ticket: 9 }).code).toBe('NO_SUCH_TICKET')
      return
    }
    client.send('{"id":1,"verb":"status"}')
    expect(client.lines).toHaveLength(1)
    expect(client.lines[0]).toMatchObject({ id: null, failed: { code: 'NOT_PERMITTED' } })
    expect(client.isClosed).toBe(true)
  })

  test('a daemon with access "look" changes nothing, and gets the remedy', () => {
    const plane = planeOf(bundle)
    const client = plane.connect({ daemon: 'viewer', run: 1 })
    for (const verb of ['start', 'stop', 'restart', 'shutdown'] as const) {
      expect(client.failed(verb, { daemon: 7 })).toEqual({
        code: 'NOT_PERMITTED',
        message: `cannot ${verb}: the daemon viewer has only access "look"`,
        hint: 'a daemon needs "control: operate" in the bundle',
      })
    }
    expect(client.done('status')).toMatchObject({ name: 'bundle' })
    expect(plane.finished).toBeNull()
  })

  test('notify: a daemon reports its own state; other clients may not', () => {
    const plane = planeOf({ web: { ready: notify, control: 'look' } })
    const web = plane.connect({ uid: 7, daemon: 'web', run: 1, via: 'daemon-fd' })
    web.done('notify', { text: 'STATUS=reading\nREADY=1' })
    expect(plane.connect().done('status')).toMatchObject({
      daemons: [{ state: 'ready', status: 'reading' }],
    })
    expect(plane.connect().failed('notify', { text: 'READY=1' }).code).toBe('NOT_PERMITTED')
  })

  test('notify: a message of an ended run is ignored', () => {
    const plane = planeOf({
      web: { ready: notify, control: 'look', restart: { policy: 'always', backoffMs: 0 } },
    })
    const web = plane.connect({ daemon: 'web', run: 1, via: 'daemon-fd' })
    plane.ends('web', 1)
    web.done('notify', { text: 'READY=1' })
    expect(plane.connect().done('status')).toMatchObject({
      daemons: [{ run: 2, state: 'running' }],
    })
  })
})

describe('a line', () => {
  const why: readonly [line: string, id: number | null, message: RegExp][] = [
    ['', null, /must be a JSON object/],
    ['nonsense', null, /must be a JSON object/],
    ['[1]', null, /must be a JSON object/],
    ['null', null, /must be a JSON object/],
    ['{"id":', null, /must be a JSON object/],
    [`${'['.repeat(30_000)}`, null, /must be a JSON object/],
    ['{"verb":"status"}', null, /"id" must be a whole number/],
    ['{"id":1.5,"verb":"status"}', null, /"id" must be a whole number/],
    ['{"id":"1","verb":"status"}', null, /"id" must be a whole number/],
    ['{"id":1e300,"verb":"status"}', null, /"id" must be a whole number/],
    ['{"id":1}', 1, /"verb" must be a string/],
    ['{"id":1,"verb":"restat"}', 1, /cannot find verb "restat"/],
    ['{"id":1,"verb":"__proto__"}', 1, /cannot find verb/],
    ['{"id":1,"verb":"toString"}', 1, /cannot find verb/],
    ['{"id":1,"verb":"status","argh":{}}', 1, /unknown "argh"/],
    ['{"id":1,"verb":"status","args":[]}', 1, /cannot status: .*expected an object/],
    ['{"id":1,"verb":"status","args":{"x":1}}', 1, /cannot status: the request: unknown "x"/],
    ['{"id":1,"verb":"stop","args":{}}', 1, /cannot stop: daemon: expected text/],
    ['{"id":1,"verb":"wait","args":{"daemon":"web","timeoutMs":0}}', 1, /timeoutMs: expected mil/],
  ]

  test.each(why)('%s is refused, and the next line is served', (line, id, message) => {
    const client = planeOf({ web: {} }).connect()
    client.send(line)
    expect(client.answer(id).failed).toMatchObject({ code: 'REQUEST_INVALID' })
    expect(client.answer(id).failed?.message).toMatch(message)
    expect(client.done('events', { tail: 1 })).toMatchObject({ missed: false })
  })

  test('with an unknown verb gets a suggestion', () => {
    const client = planeOf({ web: {} }).connect()
    client.send('{"id":1,"verb":"restat"}')
    expect(client.answer(1).failed?.hint).toBe('did you mean "restart"?')
  })

  test('that is too long is answered, and the client is closed, since its end is unknown', () => {
    const client = planeOf({ web: {} }).connect()
    const id = client.request('wait', { daemon: 'web', for: 'stopped' })
    client.send(null)
    expect(client.answer(null).failed).toMatchObject({
      code: 'REQUEST_INVALID',
      message: 'cannot read the request: it is longer than 64 KiB',
    })
    expect(client.isClosed).toBe(true)
    expect(client.isOpen(id)).toBe(true)
  })

  test('of a client that has disconnected is ignored', () => {
    const plane = planeOf({ web: {} })
    const client = plane.connect()
    client.hangUp()
    client.send('{"id":1,"verb":"shutdown"}')
    expect(plane.finished).toBeNull()
    expect(client.of(1)).toEqual([])
  })
})

describe('an id', () => {
  test('of an open request is refused for another; the first request keeps its answer', () => {
    const plane = planeOf({ web: {} })
    const client = plane.connect()
    const id = client.request('wait', { daemon: 'web', for: 'stopped' })
    client.send(`{"id":${id},"verb":"status"}`)
    expect(client.answer(null).failed).toMatchObject({ code: 'REQUEST_INVALID' })
    plane.ends('web', 1)
    expect(client.answer(id).done).toMatchObject({ state: 'failed' })
  })

  test('may be used again after its answer', () => {
    const client = planeOf({ web: {} }).connect()
    for (let times = 0; times < 2; times++) client.send('{"id":5,"verb":"status"}')
    // An item and the end, each time.
    expect(client.of(5)).toHaveLength(4)
  })
})

test('a client with too many open requests gets BUSY; other clients are served', () => {
  const plane = planeOf({ web: {} })
  const [busy, other] = [plane.connect(), plane.connect()]
  for (let n = 0; n < requestsMax; n++) busy.request('wait', { daemon: 'web', for: 'stopped' })
  expect(busy.failed('status')).toMatchObject({ code: 'BUSY' })
  expect(other.done('status')).toMatchObject({ name: 'bundle' })
  busy.hangUp()
  expect(plane.connect().done('status')).toMatchObject({ name: 'bundle' })
})

test('processes of daemons with too many open requests get BUSY; operators are served', () => {
  const plane = planeOf({ web: {} })
  const ofWeb = { daemon: 'web', run: 1 }
  const many = [plane.connect(ofWeb), plane.connect(ofWeb)] as const
  for (let n = 0; n < requestsOfDaemonsMax; n++) {
    many[n % 2 === 0 ? 0 : 1].request('wait', { daemon: 'web', for: 'stopped' })
  }
  expect(plane.connect(ofWeb).failed('status')).toMatchObject({ code: 'BUSY' })
  expect(plane.connect().done('status')).toMatchObject({ name: 'bundle' })
  many[0].hangUp()
  expect(many[1].done('status')).toMatchObject({ name: 'bundle' })
})

test('a bug in the handler of a verb fails its requests and is logged once; others are served', () => {
  const plane = planeOf({ web: {} })
  const client = plane.connect()
  const waiting = client.request('wait', { daemon: 'web', for: 'stopped' })
  Object.defineProperty(plane, 'usages', {
    get: () => {
      throw new Error('planted')
    },
  })
  for (let times = 0; times < 2; times++) {
    expect(client.failed('status', { usage: true })).toMatchObject({
      code: 'INTERNAL',
      message: 'cannot answer status: an internal error',
    })
  }
  const logged = plane.log.filter((line) => line.includes('internal error'))
  expect(logged).toHaveLength(1)
  expect(logged[0]).toContain('pitcrew: internal error in verb "status": ')
  expect(client.done('status')).toMatchObject({ name: 'bundle' })
  plane.ends('web', 1)
  expect(client.answer(waiting).done).toBeDefined()
})

describe('logs', () => {
  test('are answered, and then hand the connection over to the host', () => {
    const plane = planeOf({ web: {} })
    const client = plane.connect()
    expect(client.done('logs', { daemons: ['web'], tail: 10, follow: true })).toEqual({
      stream: 'lines',
    })
    expect(plane.streams).toEqual([
      { client: client.id, daemons: ['web'], tail: 10, sinceMs: 0, follow: true },
    ])
    expect(client.isClosed).toBe(false)
  })

  test('without arguments are all kept lines of all daemons', () => {
    const plane = planeOf({ web: {} })
    plane.connect().done('logs')
    expect(plane.streams).toMatchObject([{ daemons: [], tail: -1, sinceMs: 0, follow: false }])
  })

  test('are refused while another request is open, since its answer could not be sent', () => {
    const plane = planeOf({ web: {} })
    const client = plane.connect()
    client.request('wait', { daemon: 'web', for: 'stopped' })
    expect(client.failed('logs')).toMatchObject({ code: 'REQUEST_INVALID' })
    expect(plane.streams).toEqual([])
  })

  test('of an unknown daemon are refused', () => {
    expect(
      planeOf({ web: {} })
        .connect()
        .failed('logs', { daemons: ['wep'] }),
    ).toMatchObject({
      code: 'NO_SUCH_DAEMON',
    })
  })
})
