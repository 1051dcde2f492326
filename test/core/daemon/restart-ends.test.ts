/** How restarts end: of dead daemons, with failures, and in a shutdown, which wins. */
import { describe, expect, test } from 'vitest'
import { elapsed, exited, gone, leaderExited, restart, spawned, spawnFailed } from '../events.ts'
import { plan } from '../plans.ts'
import { story, up } from '../story.ts'

const pair = plan({ web: {}, db: {} })
const web = plan({ web: {} })

describe('a daemon that is dead is started', () => {
  test('and its request is done', () => {
    expect(
      story(up(pair), exited('web', 1, 1), restart('web'), spawned('web', 2, 17)),
    ).toMatchInlineSnapshot(`
      given                   web: running, run 1, pid 7
                              db: running, run 1, pid 8
      exited web 1: code 1    web: stopped, run 1, failed     report died
      restart web (uid 1000)  web: starting, run 2, wants up  spawn web 2
      spawned web 2: pid 17   web: running, run 2, pid 17     report started,
                                                              report ticket 1 done by run 2
    `)
  })

  test('once the processes that it left are gone', () => {
    expect(
      story(
        up(pair),
        leaderExited('web', 1, 1),
        restart('web'),
        gone('web', 1),
        spawned('web', 2, 17),
      ),
    ).toMatchInlineSnapshot(`
      given                            web: running, run 1, pid 7
                                       db: running, run 1, pid 8
      exited web 1: code 1, not alone  web: terminating, run 1, pid 7, then failed
                                       > report died, arm escalate:web:1 500 ms,
                                         TERM to the rest of web 1
      restart web (uid 1000)           web: terminating, run 1, pid 7, then up
      gone web 1                       web: starting, run 2, wants up
                                       > disarm escalate:web:1, spawn web 2
      spawned web 2: pid 17            web: running, run 2, pid 17
                                       > report started, report ticket 1 done by run 2
    `)
  })

  test('and the processes that it left have no more time than the deadline', () => {
    const patient = plan({ web: { stop: { graceMs: 3_600_000 } } })
    expect(
      story(
        up(patient),
        leaderExited('web', 1, 1),
        restart('web'),
        elapsed('escalate', 'web', 1),
        elapsed('grace', 'web', 1),
      ),
    ).toMatchInlineSnapshot(`
      0 ms     given                            web: running, run 1, pid 7
      0 ms     exited web 1: code 1, not alone  web: terminating, run 1, pid 7, then failed
                                                > report died, arm escalate:web:1 1800000 ms,
                                                  TERM to the rest of web 1
      0 ms     restart web (uid 1000)           web: terminating, run 1, pid 7, then up
                                                > arm escalate:web:1 4250 ms
      4250 ms  elapsed escalate:web:1           > arm grace:web:1 4250 ms
      8500 ms  elapsed grace:web:1              web: killing, run 1, pid 7, then up
                                                > report killing, KILL to the tree of web 1,
                                                  arm stuck:web:1 1000 ms
    `)
  })

  test('even if it could not be started before', () => {
    expect(
      story(
        pair,
        'boot',
        spawnFailed('web', 1),
        spawned('db', 1, 7),
        restart('web'),
        spawned('web', 2, 8),
      ),
    ).toMatchInlineSnapshot(`
      boot                             web: starting, run 1, wants up
                                       db: starting, run 1, wants up
                                       > spawn web 1, spawn db 1
      spawn-failed web 1: exec ENOENT  web: stopped, run 1, failed
                                       > report start-failed
      spawned db 1: pid 7              db: running, run 1, pid 7
                                       > report started
      restart web (uid 1000)           web: starting, run 2, wants up
                                       > spawn web 2
      spawned web 2: pid 8             web: running, run 2, pid 8
                                       > report started, report ticket 1 done by run 2
    `)
  })
})

describe('a restart fails', () => {
  test('for an unknown name', () => {
    expect(story(up(web), restart('wbe'), restart('wbe'))).toMatchInlineSnapshot(`
      given                   web: running, run 1, pid 7
      restart wbe (uid 1000)                              report ticket 1 failed
      restart wbe (uid 1000)                              report ticket 2 failed
    `)
  })

  test('when the new run cannot be started; the next one may succeed', () => {
    expect(
      story(
        up(pair),
        restart('web'),
        exited('web', 1),
        spawnFailed('web', 2),
        restart('web'),
        spawned('web', 3, 17),
      ),
    ).toMatchInlineSnapshot(`
      given                            web: running, run 1, pid 7
                                       db: running, run 1, pid 8
      restart web (uid 1000)           web: terminating, run 1, pid 7, then up
                                       > TERM to web 1, arm escalate:web:1 4250 ms
      exited web 1: code 0             web: starting, run 2, wants up
                                       > disarm escalate:web:1, report stopped, spawn web 2
      spawn-failed web 2: exec ENOENT  web: stopped, run 2, failed
                                       > report start-failed, report ticket 1 failed
      restart web (uid 1000)           web: starting, run 3, wants up
                                       > spawn web 3
      spawned web 3: pid 17            web: running, run 3, pid 17
                                       > report started, report ticket 2 done by run 3
    `)
  })
})

describe('shutdown wins', () => {
  test('over a restart under way: it is superseded, and nothing is spawned', () => {
    expect(
      story(up(web), restart('web'), restart('web'), 'TERM', exited('web', 1)),
    ).toMatchInlineSnapshot(`
      given                   web: running, run 1, pid 7
      restart web (uid 1000)  web: terminating, run 1, pid 7, then up
                              > TERM to web 1, arm escalate:web:1 4250 ms
      restart web (uid 1000)
      TERM                    web: terminating, run 1, pid 7, then requested
                              > report shutdown, arm deadline 8750 ms,
                                report ticket 1 (2 requests) superseded
      exited web 1: code 0    web: stopped, run 1, requested
                              > disarm escalate:web:1, report stopped, disarm deadline, finish 0
    `)
  })

  test('over a restart that waits for its spawn: it is superseded, and the run is ended', () => {
    expect(
      story(
        up(web),
        restart('web'),
        exited('web', 1),
        'TERM',
        spawned('web', 2, 17),
        exited('web', 2),
      ),
    ).toMatchInlineSnapshot(`
      given                   web: running, run 1, pid 7
      restart web (uid 1000)  web: terminating, run 1, pid 7, then up
                              > TERM to web 1, arm escalate:web:1 4250 ms
      exited web 1: code 0    web: starting, run 2, wants up
                              > disarm escalate:web:1, report stopped, spawn web 2
      TERM                    web: starting, run 2, wants down
                              > report shutdown, arm deadline 8750 ms, report ticket 1 superseded
      spawned web 2: pid 17   web: terminating, run 2, pid 17, then requested
                              > report started, TERM to web 2, arm escalate:web:2 4250 ms
      exited web 2: code 0    web: stopped, run 2, requested
                              > disarm escalate:web:2, report stopped, disarm deadline, finish 0
    `)
  })

  test('over a later request: it is superseded at once', () => {
    expect(story(up(web), 'TERM', restart('web'), exited('web', 1))).toMatchInlineSnapshot(`
      given                   web: running, run 1, pid 7
      TERM                    web: terminating, run 1, pid 7, then requested
                              > report shutdown, arm deadline 8750 ms, TERM to web 1,
                                arm escalate:web:1 4250 ms
      restart web (uid 1000)  > report ticket 2 superseded
      exited web 1: code 0    web: stopped, run 1, requested
                              > disarm escalate:web:1, report stopped, disarm deadline, finish 0
    `)
  })

  test('over a request after all daemons have ended: it fails, and nothing is spawned', () => {
    expect(story(up(web), exited('web', 1), restart('web'))).toMatchInlineSnapshot(`
      given                   web: running, run 1, pid 7
      exited web 1: code 0    web: stopped, run 1, done   report died, finish 0
      restart web (uid 1000)                              report ticket 1 failed
    `)
  })

  test('over the restart of a daemon with dependents: it does not wait for them', () => {
    const bundle = plan({ db: {}, web: { after: ['db'] } })
    expect(
      story(up(bundle), restart('db'), 'TERM', exited('web', 1), exited('db', 1)),
    ).toMatchInlineSnapshot(`
      given                  db: running, run 1, pid 7
                             web: running, run 1, pid 8
      restart db (uid 1000)  db: terminating, run 1, pid 7, then up
                             > TERM to db 1, arm escalate:db:1 4250 ms
      TERM                   db: terminating, run 1, pid 7, then requested
                             web: terminating, run 1, pid 8, then requested
                             > report shutdown, arm deadline 8750 ms, report ticket 1 superseded,
                               TERM to web 1, arm escalate:web:1 2063 ms
      exited web 1: code 0   web: stopped, run 1, requested
                             > disarm escalate:web:1, report stopped
      exited db 1: code 0    db: stopped, run 1, requested
                             > disarm escalate:db:1, report stopped, disarm deadline, finish 0
    `)
  })

  test('and a stop under way keeps its KILL, or gets an earlier one', () => {
    const bundle = plan({ db: {}, web: { after: ['db'] } })
    expect(
      story(
        up(bundle),
        restart('web'),
        elapsed('escalate', 'web', 1),
        'TERM',
        elapsed('escalate', 'web', 1),
        elapsed('grace', 'web', 1),
      ),
    ).toMatchInlineSnapshot(`
      0 ms     given                   db: running, run 1, pid 7
                                       web: running, run 1, pid 8
      0 ms     restart web (uid 1000)  web: terminating, run 1, pid 8, then up
                                       > TERM to web 1, arm escalate:web:1 4250 ms
      4250 ms  elapsed escalate:web:1  > TERM to the rest of web 1, arm grace:web:1 4250 ms
      4250 ms  TERM                    web: terminating, run 1, pid 8, then requested
                                       > report shutdown, arm deadline 8750 ms,
                                         report ticket 1 superseded, arm escalate:web:1 2063 ms
      6313 ms  elapsed escalate:web:1  > arm grace:web:1 2063 ms
      8375 ms  elapsed grace:web:1     web: killing, run 1, pid 8, then requested
                                       > report killing, KILL to the tree of web 1,
                                         arm stuck:web:1 1000 ms
    `)
  })
})
