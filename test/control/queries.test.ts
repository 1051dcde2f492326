/** `status` and `explain`: the truth about each state, in figures and in words. */
import { describe, expect, test } from 'vitest'
import { plan, type Some } from '../core/plans.ts'
import { Plane } from './plane.ts'

const ready = {
  sign: { type: 'tcp', host: '127.0.0.1', port: 80 },
  timeoutMs: 30_000,
  intervalMs: 100,
} as const
const notify = { sign: { type: 'notify' }, timeoutMs: 30_000, intervalMs: 100 } as const

function explain(plane: Plane, daemon: string): string {
  const { state, why, remedies } = plane.connect().done('explain', { daemon }) as {
    state: string
    why: string[]
    remedies: string[]
  }
  return [`${daemon}: ${state}`, ...why, ...remedies.map((one) => `> ${one}`)].join('\n')
}

function planeOf(daemons: Readonly<Record<string, Some>>): Plane {
  return new Plane(plan(daemons))
}

describe('status', () => {
  test('has an item for each daemon, in the order of the bundle', () => {
    const plane = planeOf({ db: { ready: notify }, web: { after: ['db'] } })
    plane.pass(1500)
    const { daemons, ...rest } = plane.connect().done('status')
    expect(rest).toMatchInlineSnapshot(`
      {
        "cursor": "1795280400000-1",
        "name": "bundle",
        "outputStall": null,
        "pid": 1,
        "stopping": null,
        "uptimeMs": 1500,
        "version": "unbuilt",
      }
    `)
    expect(daemons).toMatchInlineSnapshot(`
      [
        {
          "killMs": null,
          "kind": "daemon",
          "lastDeath": null,
          "name": "db",
          "nextAttemptMs": null,
          "pid": 101,
          "readyMs": null,
          "restarts": 0,
          "run": 1,
          "state": "running",
          "status": "",
          "ticket": null,
          "uptimeMs": 1500,
          "usage": null,
          "waitsFor": null,
        },
        {
          "killMs": null,
          "kind": "daemon",
          "lastDeath": null,
          "name": "web",
          "nextAttemptMs": null,
          "pid": null,
          "readyMs": null,
          "restarts": 0,
          "run": 0,
          "state": "waiting",
          "status": "",
          "ticket": null,
          "uptimeMs": null,
          "usage": null,
          "waitsFor": "db",
        },
      ]
    `)
  })

  test('of some daemons, with their resource use', () => {
    const plane = planeOf({ db: {}, web: {} })
    plane.usages = [{ daemon: 'web', run: 1, cpuMs: 12.4, memoryKib: 4096, processes: 2 }]
    const { daemons } = plane.connect().done('status', { daemons: ['web'], usage: true })
    expect(daemons).toMatchObject([
      { name: 'web', usage: { cpuMs: 12, memoryKib: 4096, processes: 2 } },
    ])
  })

  test('of an unknown daemon fails, with a suggestion', () => {
    expect(
      planeOf({ web: {} })
        .connect()
        .failed('status', { daemons: ['wep'] }),
    ).toEqual({
      code: 'NO_SUCH_DAEMON',
      message: 'cannot find daemon "wep"',
      hint: 'did you mean "web"?',
    })
  })

  test('of a skipped daemon names the dependency that has failed', () => {
    const plane = planeOf({ db: { ready }, web: { after: ['db'] }, other: {} })
    plane.ends('db', 1)
    const { daemons } = plane.connect().done('status', { daemons: ['web'] })
    expect(daemons).toMatchObject([{ state: 'skipped', waitsFor: 'db' }])
  })

  test('of a death has its cause, last status, last lines and consequence', () => {
    const plane = planeOf({ db: {}, web: { restart: { policy: 'always' } } })
    plane.pass(4000)
    plane.lastLines = 'listening\nfatal: address in use\n'
    plane.ends('web', 3)
    plane.pass(50)
    const { daemons } = plane.connect().done('status', { daemons: ['web'] })
    expect(daemons).toMatchInlineSnapshot(`
      [
        {
          "killMs": null,
          "kind": "daemon",
          "lastDeath": {
            "agoMs": 50,
            "cause": "code 3",
            "lastLines": [
              "listening",
              "fatal: address in use",
            ],
            "next": "restarting in 200 ms",
            "run": 1,
            "status": "",
            "uptimeMs": 4000,
          },
          "name": "web",
          "nextAttemptMs": 150,
          "pid": null,
          "readyMs": null,
          "restarts": 0,
          "run": 1,
          "state": "backoff",
          "status": "",
          "ticket": 1,
          "uptimeMs": null,
          "usage": null,
          "waitsFor": null,
        },
      ]
    `)
  })

  test('during a shutdown has the time until the deadline', () => {
    const plane = planeOf({ web: {} })
    plane.handle({ type: 'signal', signal: 15, hangup: false })
    plane.pass(1000)
    expect(plane.connect().done('status')).toMatchObject({
      stopping: { leftMs: 8000 },
      daemons: [{ state: 'stopping' }],
    })
  })
})

describe('explain', () => {
  test('a running daemon', () => {
    const plane = planeOf({ web: {} })
    plane.pass(3210)
    expect(explain(plane, 'web')).toMatchInlineSnapshot(`
      "web: ready
      web has been running for 3.2 s (pid 101, run 1)"
    `)
  })

  test('a ready daemon', () => {
    const plane = planeOf({ web: { ready: notify } })
    plane.handle({
      type: 'notify',
      daemon: 'web',
      run: 1,
      fields: { READY: '1', STATUS: 'serving 3 clients' },
    })
    plane.pass(61_000)
    expect(explain(plane, 'web')).toMatchInlineSnapshot(`
      "web: ready
      web has been ready for 1 min 1 s (pid 101, run 1)
      its status: serving 3 clients"
    `)
  })

  test('a daemon that is not ready', () => {
    const plane = planeOf({ web: { ready } })
    plane.pass(12_000)
    expect(explain(plane, 'web')).toMatchInlineSnapshot(`
      "web: running
      web is running and not ready: started 12 s ago, 18 s left (pid 101, run 1)
      it is ready when 127.0.0.1 port 80 accepts a connection
      > "pitcrew logs web" shows its output"
    `)
  })

  test('a daemon that waits for others, which wait for others', () => {
    const plane = planeOf({
      disk: { kind: 'job' },
      db: { ready, after: [{ daemon: 'disk', until: 'done' }] },
      web: { after: ['db'] },
    })
    plane.pass(2000)
    expect(explain(plane, 'web')).toMatchInlineSnapshot(`
      "web: waiting
      web waits for db to be ready
      db waits for disk to be done
      disk has been running for 2 s (pid 101, run 1)"
    `)
  })

  test('a chain of dependencies is explained up to the eighth daemon', () => {
    const names = Array.from({ length: 12 }, (_, index) => `d${index}`)
    const daemons = Object.fromEntries(
      names.map((name, index): [string, Some] => [
        name,
        index === 0 ? { ready } : { after: [`d${index - 1}`] },
      ]),
    )
    expect(explain(planeOf(daemons), 'd11').split('\n')).toHaveLength(10)
    expect(explain(planeOf(daemons), 'd11')).toContain('> see "pitcrew explain d3"')
  })

  test('a daemon that died several times in a row', () => {
    const plane = planeOf({ db: {}, web: { restart: { policy: 'always' } } })
    plane.lastLines = 'fatal: address in use\n'
    for (let times = 0; times < 3; times++) {
      plane.ends('web', 3)
      plane.pass(times < 2 ? 2000 : 100)
    }
    expect(explain(plane, 'web')).toMatchInlineSnapshot(`
      "web: backoff
      web failed 3 times in a row: code 3, after 1.6 s (run 3)
      its last line: fatal: address in use
      next attempt in 700 ms
      > "pitcrew logs web" shows its output
      > "pitcrew start web" starts it now"
    `)
  })

  test('a daemon that was given up', () => {
    const limit = { times: 1, windowMs: 60_000 }
    const plane = planeOf({ db: {}, web: { restart: { policy: 'always', limit } } })
    plane.ends('web', 'SEGV')
    plane.pass(300)
    plane.ends('web', 'SEGV')
    expect(explain(plane, 'web')).toMatchInlineSnapshot(`
      "web: failed
      web has failed and is not restarted
      web failed 2 times in a row: SEGV, after 100 ms (run 2)
      the consequence: given up after 1 restart in 1 min
      > "pitcrew logs web" shows its output
      > "pitcrew start web" tries again"
    `)
  })

  test('a daemon that could not be started, and has no output', () => {
    const plane = planeOf({ db: {}, web: { restart: { policy: 'never' } } })
    plane.missing.add('web')
    plane.ends('web', 3)
    plane.connect().request('start', { daemon: 'web' })
    expect(explain(plane, 'web')).toMatchInlineSnapshot(`
      "web: failed
      web has failed and is not restarted
      web could not be started: cannot execute /bin/web: no such file or directory (ENOENT) (run 2)
      the consequence: restart policy is never
      > "pitcrew start web" tries again"
    `)
  })

  test('a stopped daemon, with the requester and the reason', () => {
    const plane = planeOf({ web: {} })
    const client = plane.connect()
    client.request('stop', { daemon: 'web', why: 'deploy' })
    plane.ends('web', 'TERM')
    expect(explain(plane, 'web')).toMatchInlineSnapshot(`
      "web: stopped
      web was stopped by uid 0, pid 12 (deploy)
      > "pitcrew start web" starts it"
    `)
  })

  test('a daemon that is stopping', () => {
    const plane = planeOf({ web: { stop: { graceMs: 5000 } } })
    plane.connect().request('restart', { daemon: 'web' })
    plane.pass(1200)
    expect(explain(plane, 'web')).toMatchInlineSnapshot(`
      "web: stopping
      web has been stopping for 1.2 s: KILL in 3.8 s
      then it is started again"
    `)
  })

  test('a daemon that KILL has not ended yet', () => {
    const plane = planeOf({ web: { stop: { graceMs: 500 } } })
    plane.connect().request('stop', { daemon: 'web' })
    plane.pass(600)
    expect(explain(plane, 'web')).toMatchInlineSnapshot(`
      "web: killing
      web was sent KILL and has not ended yet
      then it stays stopped"
    `)
  })

  test('a job that is done', () => {
    const plane = planeOf({ db: {}, job: { kind: 'job' } })
    plane.ends('job')
    expect(explain(plane, 'job')).toMatchInlineSnapshot(`
      "job: done
      job has finished its work (run 1)
      > "pitcrew start job" runs it again"
    `)
  })

  test('a skipped daemon, with the dependency that has failed, and its reason', () => {
    const plane = planeOf({ db: { ready }, web: { after: ['db'] }, other: {} })
    plane.lastLines = 'no space left\n'
    plane.ends('db', 1)
    expect(explain(plane, 'web')).toMatchInlineSnapshot(`
      "web: skipped
      web was not started: it needs db, which has failed
      db has failed and is not restarted
      db failed: code 1 before it was ready (run 1)
      its last line: no space left
      the consequence: restart policy is never
      > "pitcrew logs db" shows its output
      > "pitcrew start db" tries again"
    `)
  })

  test('during a shutdown, which is explained first', () => {
    const plane = planeOf({ web: {} })
    plane.handle({ type: 'signal', signal: 15, hangup: false })
    expect(explain(plane, 'web')).toMatchInlineSnapshot(`
      "web: stopping
      pitcrew is shutting down: 9 s left until its deadline
      web has been stopping for 0 ms: KILL in 8.5 s
      then it stays stopped"
    `)
  })
})
