/** Restarts in place, and how requests coalesce. */
import { describe, expect, test } from 'vitest'
import { bySignal, client, elapsed, exited, later, restart, spawned } from '../events.ts'
import { plan } from '../plans.ts'
import { beginMs, story, up } from '../story.ts'

const pair = plan({ web: {}, db: {} })
const web = plan({ web: {} })

test("only the named daemon's pid changes", () => {
  expect(
    story(up(pair), restart('web'), exited('web', 1), spawned('web', 2, 17)),
  ).toMatchInlineSnapshot(`
    given                   web: running, run 1, pid 7
                            db: running, run 1, pid 8
    restart web (uid 1000)  web: terminating, run 1, pid 7, then up
                            > TERM to web 1, arm escalate:web:1 4250 ms
    exited web 1: code 0    web: starting, run 2, wants up
                            > disarm escalate:web:1, report stopped, spawn web 2
    spawned web 2: pid 17   web: running, run 2, pid 17
                            > report started, report ticket 1 done by run 2
  `)
})

test('its dependents are not restarted: order concerns start and stop', () => {
  const bundle = plan({ db: {}, web: { after: ['db'] } })
  expect(
    story(up(bundle), restart('db'), exited('db', 1), spawned('db', 2, 17)),
  ).toMatchInlineSnapshot(`
    given                  db: running, run 1, pid 7
                           web: running, run 1, pid 8
    restart db (uid 1000)  db: terminating, run 1, pid 7, then up
                           > TERM to db 1, arm escalate:db:1 4250 ms
    exited db 1: code 0    db: starting, run 2, wants up
                           > disarm escalate:db:1, report stopped, spawn db 2
    spawned db 2: pid 17   db: running, run 2, pid 17
                           > report started, report ticket 1 done by run 2
  `)
})

describe('a request is satisfied by the next run that is spawned after it was made', () => {
  test('three requests before the stop is over are one restart', () => {
    expect(
      story(
        up(web),
        restart('web', bySignal('USR1')),
        restart('web', client(1001)),
        later(50, restart('web', client(1002))),
        exited('web', 1),
        spawned('web', 2, 17),
      ),
    ).toMatchInlineSnapshot(`
      0 ms   given                   web: running, run 1, pid 7
      0 ms   restart web (USR1)      web: terminating, run 1, pid 7, then up
                                     > TERM to web 1, arm escalate:web:1 4250 ms
      0 ms   restart web (uid 1001)
      50 ms  restart web (uid 1002)
      50 ms  exited web 1: code 0    web: starting, run 2, wants up
                                     > disarm escalate:web:1, report stopped, spawn web 2
      50 ms  spawned web 2: pid 17   web: running, run 2, pid 17
                                     > report started, report ticket 1 (3 requests) done by run 2
    `)
  })

  test('a request after the spawn of the new run is another restart', () => {
    expect(
      story(
        up(web),
        restart('web'),
        exited('web', 1),
        spawned('web', 2, 17),
        restart('web'),
        exited('web', 2),
        spawned('web', 3, 27),
      ),
    ).toMatchInlineSnapshot(`
      given                   web: running, run 1, pid 7
      restart web (uid 1000)  web: terminating, run 1, pid 7, then up
                              > TERM to web 1, arm escalate:web:1 4250 ms
      exited web 1: code 0    web: starting, run 2, wants up
                              > disarm escalate:web:1, report stopped, spawn web 2
      spawned web 2: pid 17   web: running, run 2, pid 17
                              > report started, report ticket 1 done by run 2
      restart web (uid 1000)  web: terminating, run 2, pid 17, then up
                              > TERM to web 2, arm escalate:web:2 4250 ms
      exited web 2: code 0    web: starting, run 3, wants up
                              > disarm escalate:web:2, report stopped, spawn web 3
      spawned web 3: pid 27   web: running, run 3, pid 27
                              > report started, report ticket 2 done by run 3
    `)
  })

  test('a request during the spawn is satisfied by that run', () => {
    expect(
      story(up(web), restart('web'), exited('web', 1), restart('web'), spawned('web', 2, 17)),
    ).toMatchInlineSnapshot(`
      given                   web: running, run 1, pid 7
      restart web (uid 1000)  web: terminating, run 1, pid 7, then up
                              > TERM to web 1, arm escalate:web:1 4250 ms
      exited web 1: code 0    web: starting, run 2, wants up
                              > disarm escalate:web:1, report stopped, spawn web 2
      restart web (uid 1000)
      spawned web 2: pid 17   web: running, run 2, pid 17
                              > report started, report ticket 1 (2 requests) done by run 2
    `)
  })

  test('a request while the old run is being killed is satisfied by the next run', () => {
    expect(
      story(
        up(web),
        restart('web'),
        elapsed('escalate', 'web', 1),
        elapsed('grace', 'web', 1),
        restart('web'),
        exited('web', 1, 'KILL'),
        spawned('web', 2, 17),
      ),
    ).toMatchInlineSnapshot(`
      0 ms     given                   web: running, run 1, pid 7
      0 ms     restart web (uid 1000)  web: terminating, run 1, pid 7, then up
                                       > TERM to web 1, arm escalate:web:1 4250 ms
      4250 ms  elapsed escalate:web:1  > TERM to the rest of web 1, arm grace:web:1 4250 ms
      8500 ms  elapsed grace:web:1     web: killing, run 1, pid 7, then up
                                       > report killing, KILL to the tree of web 1,
                                         arm stuck:web:1 1000 ms
      8500 ms  restart web (uid 1000)
      8500 ms  exited web 1: KILL      web: starting, run 2, wants up
                                       > disarm escalate:web:1, report stopped, spawn web 2
      8500 ms  spawned web 2: pid 17   web: running, run 2, pid 17
                                       > report started, report ticket 1 (2 requests) done by run 2
    `)
  })

  test('a request before the first run is satisfied by it', () => {
    expect(story(web, 'boot', restart('web'), spawned('web', 1, 7))).toMatchInlineSnapshot(`
      boot                    web: starting, run 1, wants up  spawn web 1
      restart web (uid 1000)
      spawned web 1: pid 7    web: running, run 1, pid 7      report started,
                                                              report ticket 1 done by run 1
    `)
  })
})

test('the ticket records requester, old run, new run and duration', () => {
  const game = up(web).play(restart('web', bySignal('USR1')), later(40, exited('web', 1)))
  expect(game.play(later(2, spawned('web', 2, 17))).effects.at(-1)).toEqual({
    type: 'report',
    note: {
      kind: 'ticket',
      ticket: {
        id: 1,
        verb: 'restart',
        daemon: 'web',
        by: { kind: 'signal', signal: 'USR1' },
        why: '',
        requestedAtMs: beginMs,
        requests: 1,
        satisfiedByRun: 2,
        old: { run: 1, pid: 7 },
        stoppedAtMs: beginMs + 40,
        spawnedAtMs: beginMs + 42,
        outcome: { kind: 'done', now: { run: 2, pid: 17 }, changed: true, tookMs: 42 },
      },
    },
  })
})
