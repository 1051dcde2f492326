/** DESIGN §7: "Verbs that change something wait for the outcome"; each has a ticket with its requester, reason, old and
 *  new run, times and outcome. */
import { describe, expect, test } from 'vitest'
import { plan, type Some } from '../core/plans.ts'
import { Plane } from './plane.ts'

const notify = { sign: { type: 'notify' }, timeoutMs: 30_000, intervalMs: 100 } as const

function planeOf(daemons: Readonly<Record<string, Some>>): Plane {
  return new Plane(plan(daemons))
}

describe('a change', () => {
  test('restart: is answered when the next run is ready', () => {
    const plane = planeOf({ web: { ready: notify } })
    plane.ready('web')
    const client = plane.connect()
    const id = client.request('restart', { daemon: 'web', why: 'new\ncertificate' })
    plane.pass(10)
    plane.ends('web', 'TERM')
    plane.pass(30)
    expect(client.isOpen(id)).toBe(true)
    plane.ready('web')
    expect(client.answer(id).done).toMatchInlineSnapshot(`
      {
        "by": "uid 0, pid 12",
        "cause": null,
        "change": null,
        "changed": true,
        "daemon": "web",
        "exitCode": null,
        "joined": false,
        "lastLines": [],
        "now": {
          "pid": 102,
          "run": 2,
        },
        "old": {
          "pid": 101,
          "run": 1,
        },
        "outcome": "done",
        "readyMs": 30,
        "requests": 1,
        "stopMs": 10,
        "supersededBy": null,
        "ticket": 1,
        "tookMs": 40,
        "verb": "restart",
        "waitMs": 0,
        "why": "new certificate",
      }
    `)
  })

  test('is logged with its requester and reason', () => {
    const plane = planeOf({ web: {} })
    plane.connect().request('stop', { daemon: 'web', why: 'deploy' })
    plane.ends('web', 'TERM')
    expect(plane.log.at(-1)).toContain('web: stop (uid 0, pid 12: deploy): done')
  })

  test('that changes nothing is done at once, with changed: false', () => {
    const client = planeOf({ web: {} }).connect()
    expect(client.done('start', { daemon: 'web' })).toMatchObject({
      outcome: 'done',
      changed: false,
      now: { run: 1, pid: 101 },
    })
  })

  test('that fails gives the reason, the last lines of the daemon, and the ticket', () => {
    const plane = planeOf({ db: {}, web: { ready: notify } })
    const client = plane.connect()
    const id = client.request('restart', { daemon: 'web' })
    plane.ends('web', 'TERM')
    plane.lastLines = 'fatal: address in use\n'
    plane.ends('web', 3)
    expect(client.answer(id).failed).toEqual({
      code: 'FAILED',
      message: 'cannot restart web: exit code 3 before it was ready',
      hint: 'see "pitcrew explain web"',
      ticket: 1,
      lastLines: ['fatal: address in use'],
    })
  })

  test('is superseded by one with another goal: both are answered', () => {
    const plane = planeOf({ web: {} })
    const client = plane.connect()
    const restart = client.request('restart', { daemon: 'web' })
    const stop = client.request('stop', { daemon: 'web' })
    expect(client.answer(restart).failed).toEqual({
      code: 'SUPERSEDED',
      message: 'cannot restart web: replaced by stop (ticket 2)',
      hint: '"pitcrew ticket 2" shows its outcome',
      ticket: 1,
    })
    plane.ends('web', 'TERM')
    expect(client.answer(stop).done).toMatchObject({ ticket: 2, outcome: 'done', now: null })
  })

  test('is superseded by a shutdown, without a hint to its ticket', () => {
    const plane = planeOf({ web: {} })
    const client = plane.connect()
    const restart = client.request('restart', { daemon: 'web' })
    client.request('shutdown')
    expect(client.answer(restart).failed).toEqual({
      code: 'SUPERSEDED',
      message: 'cannot restart web: pitcrew is shutting down (ticket 2)',
      hint: null,
      ticket: 1,
    })
  })

  test('that is requested three times shares one ticket; each request is answered', () => {
    const plane = planeOf({ web: {} })
    const clients = [plane.connect(), plane.connect(), plane.connect()]
    const ids = clients.map((client) => client.request('restart', { daemon: 'web' }))
    plane.ends('web', 'TERM')
    const done = clients.map((client, index) => client.answer(ids[index] as number).done)
    expect(done.map((one) => one?.joined)).toEqual([false, true, true])
    expect(done.map((one) => one?.ticket)).toEqual([1, 1, 1])
    expect(done[0]).toMatchObject({ requests: 3, now: { run: 2 } })
    expect(plane.run('web')).toBe(2)
  })

  test('with wait: false is answered with its open ticket', () => {
    const plane = planeOf({ web: {} })
    const client = plane.connect()
    const { ticket } = client.done('restart', { daemon: 'web', wait: false })
    expect(client.done('ticket', { ticket })).toMatchObject({ outcome: 'open', verb: 'restart' })
    const id = client.request('ticket', { ticket, wait: true })
    expect(client.isOpen(id)).toBe(true)
    plane.ends('web', 'TERM')
    expect(client.answer(id).done).toMatchObject({ ticket, outcome: 'done' })
    expect(client.done('ticket', { ticket })).toMatchObject({ outcome: 'done' })
  })

  test('of an unknown daemon is refused, with a suggestion', () => {
    expect(planeOf({ web: {} }).connect().failed('stop', { daemon: 'wbe' })).toMatchObject({
      code: 'NO_SUCH_DAEMON',
      hint: 'did you mean "web"?',
    })
  })

  test('goes on after its client has disconnected', () => {
    const plane = planeOf({ web: {} })
    const client = plane.connect()
    client.request('restart', { daemon: 'web' })
    client.hangUp()
    plane.ends('web', 'TERM')
    expect(plane.run('web')).toBe(2)
    expect(plane.connect().done('ticket', { ticket: 1 })).toMatchObject({ outcome: 'done' })
  })

  test('by a daemon names the daemon as requester', () => {
    const plane = planeOf({ agent: { control: 'operate' }, web: {} })
    const agent = plane.connect({ uid: 1000, pid: 40, daemon: 'agent', run: 1, via: 'daemon-fd' })
    expect(agent.done('restart', { daemon: 'web', wait: false })).toMatchObject({
      by: 'daemon agent, pid 40',
    })
  })
})

describe('a start that cannot be executed', () => {
  test('fails with the reason in words', () => {
    const plane = planeOf({ db: {}, web: { restart: { policy: 'never' } } })
    plane.missing.add('web')
    plane.ends('web', 3)
    const client = plane.connect()
    expect(client.answer(client.request('start', { daemon: 'web' })).failed).toMatchInlineSnapshot(`
      {
        "code": "FAILED",
        "hint": "see "pitcrew explain web"",
        "message": "cannot start web: cannot execute /bin/web: no such file or directory (ENOENT)",
        "ticket": 1,
      }
    `)
  })
})

describe('a timeout', () => {
  test('is answered with the ticket, which stays open', () => {
    const plane = planeOf({ web: {} })
    const client = plane.connect()
    const id = client.request('stop', { daemon: 'web', timeoutMs: 2000 })
    plane.pass(1999)
    expect(client.isOpen(id)).toBe(true)
    plane.pass(1)
    expect(client.answer(id).failed).toEqual({
      code: 'TIMED_OUT',
      message: 'cannot wait any longer: stop web is not done after 2 s',
      hint: 'ticket 1 stays open: "pitcrew ticket 1 --wait" waits for it',
      ticket: 1,
    })
    plane.ends('web', 'TERM')
    expect(client.done('ticket', { ticket: 1 })).toMatchObject({ outcome: 'done' })
  })

  test('leaves no timer behind after an earlier answer', () => {
    const plane = planeOf({ web: {} })
    plane.pass(300)
    const client = plane.connect()
    client.request('stop', { daemon: 'web', timeoutMs: 2000, progress: true })
    plane.ends('web', 'TERM')
    plane.pass(300)
    expect(plane.wakesInMs).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('progress', () => {
  test('is sent once a second, to requests that want it', () => {
    const plane = planeOf({ web: { stop: { graceMs: 5000 } } })
    const [withProgress, without] = [plane.connect(), plane.connect()]
    const id = withProgress.request('stop', { daemon: 'web', progress: true })
    const other = without.request('stop', { daemon: 'web' })
    plane.pass(3000)
    expect(withProgress.of(id).map(({ progress }) => progress)).toMatchInlineSnapshot(`
      [
        {
          "daemon": "web",
          "leftMs": 4000,
          "sinceMs": 1000,
          "state": "stopping",
          "waitsFor": null,
          "words": "stopping, KILL in 4 s",
        },
        {
          "daemon": "web",
          "leftMs": 3000,
          "sinceMs": 2000,
          "state": "stopping",
          "waitsFor": null,
          "words": "stopping, KILL in 3 s",
        },
        {
          "daemon": "web",
          "leftMs": 2000,
          "sinceMs": 3000,
          "state": "stopping",
          "waitsFor": null,
          "words": "stopping, KILL in 2 s",
        },
      ]
    `)
    expect(without.of(other)).toEqual([])
  })

  test('of a shutdown counts the remaining daemons', () => {
    const plane = planeOf({ db: {}, web: {} })
    const client = plane.connect()
    const id = client.request('shutdown', { progress: true })
    plane.ends('web', 'TERM')
    plane.pass(1000)
    expect(client.of(id)).toMatchObject([
      { progress: { daemon: null, leftMs: 8000, words: 'stopping 1 daemon, 8 s left' } },
    ])
  })

  test('has no timer unless a request wants it', () => {
    const plane = planeOf({ web: {} })
    plane.pass(300)
    plane.connect().request('wait', { daemon: 'web', for: 'stopped' })
    expect(plane.wakesInMs).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('a cancelled request', () => {
  test('is answered with the state so far; the requested change goes on', () => {
    const plane = planeOf({ web: {} })
    const client = plane.connect()
    const id = client.request('restart', { daemon: 'web' })
    expect(client.done('cancel', { request: id })).toEqual({ cancelled: true })
    expect(client.answer(id).done).toMatchObject({ ticket: 1, outcome: 'open' })
    plane.ends('web', 'TERM')
    expect(plane.run('web')).toBe(2)
    client.answer(id)
  })

  test('must be open and of the same connection', () => {
    const plane = planeOf({ web: {} })
    const id = plane.connect().request('wait', { daemon: 'web', for: 'stopped' })
    expect(plane.connect().done('cancel', { request: id })).toEqual({ cancelled: false })
  })
})

describe('a ticket', () => {
  test('with an unknown number is not found', () => {
    expect(planeOf({ web: {} }).connect().failed('ticket', { ticket: 7 })).toMatchObject({
      code: 'NO_SUCH_TICKET',
    })
  })

  test('is kept from before the first client, up to the last 200', () => {
    const plane = planeOf({ web: { restart: { policy: 'always', backoffMs: 0 } }, db: {} })
    for (let times = 0; times < 210; times++) plane.ends('web', 1)
    const client = plane.connect()
    expect(client.failed('ticket', { ticket: 10 }).code).toBe('NO_SUCH_TICKET')
    expect(client.done('ticket', { ticket: 11 })).toMatchObject({ by: 'restart policy' })
  })
})

describe('a shutdown', () => {
  test('answers all open requests, and its own with the exit code', () => {
    const plane = planeOf({ web: {}, db: { ready: notify }, job: { kind: 'job' } })
    const client = plane.connect()
    const other = plane.connect()
    const restart = other.request('restart', { daemon: 'db' })
    const wait = other.request('wait', { daemon: 'job', for: 'done' })
    const stopped = other.request('wait', { daemon: 'web', for: 'stopped' })
    const events = other.request('events', { follow: true, tail: 0 })
    const shutdown = client.request('shutdown', { why: 'end of work' })
    const joined = other.request('shutdown')
    expect(other.answer(restart).failed).toMatchObject({ code: 'SUPERSEDED' })
    expect(other.answer(wait).failed).toMatchObject({
      code: 'FAILED',
      message: 'cannot wait until job is done: pitcrew is shutting down',
    })
    plane.ends('web', 4)
    expect(other.answer(stopped).done).toMatchObject({ state: 'stopped' })
    plane.ends('db', 'TERM')
    plane.ends('job', 'TERM')
    expect(plane.finished).toBe(4)
    expect(client.answer(shutdown).done).toMatchObject({ outcome: 'done', exitCode: 4 })
    expect(other.answer(joined).done).toMatchObject({ joined: true, exitCode: 4 })
    // The last entry is the ticket of the shutdown.
    const items = other.of(events).filter(({ item }) => item !== undefined)
    expect(items.at(-1)?.item).toMatchObject({ type: 'ticket', verb: 'shutdown', exitCode: 4 })
    expect(other.answer(events).done).toMatchObject({ missed: false })
    expect([client.isClosed, other.isClosed]).toEqual([true, true])
  })

  test('cannot be undone by a start', () => {
    const plane = planeOf({ web: {} })
    const client = plane.connect()
    client.request('shutdown')
    expect(client.failed('start', { daemon: 'web' })).toMatchObject({ code: 'SUPERSEDED' })
  })

  test('by a signal: open requests fail, and clients are closed', () => {
    const plane = planeOf({ web: { stop: { graceMs: 100 } } })
    const client = plane.connect()
    const id = client.request('wait', { daemon: 'web', for: 'stopped' })
    plane.handle({ type: 'signal', signal: 15, hangup: false })
    plane.pass(20_000)
    expect(client.answer(id).failed).toMatchObject({ code: 'FAILED' })
    expect(client.isClosed).toBe(true)
  })
})
