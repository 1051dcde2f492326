/** Daemons stop in reverse along `after` and otherwise at once. A stop is clean in every phase of a
 *  daemon. */
import { describe, expect, test } from 'vitest'
import { elapsed, exited, gone, leaderExited, spawned, spawnFailed } from '../events.ts'
import { plan } from '../plans.ts'
import { story, up } from '../story.ts'

const web = { web: {} }

describe('daemons stop in reverse along `after` and otherwise at once', () => {
  test('a dependent stops before its dependency', () => {
    const bundle = plan({ db: {}, web: { after: ['db'] }, log: {} })
    expect(
      story(up(bundle), 'TERM', exited('log', 1), exited('web', 1), exited('db', 1)),
    ).toMatchInlineSnapshot(`
      given                 db: running, run 1, pid 7
                            web: running, run 1, pid 8
                            log: running, run 1, pid 9
      TERM                  web: terminating, run 1, pid 8, then requested
                            log: terminating, run 1, pid 9, then requested
                            > report shutdown, arm deadline 8750 ms, TERM to web 1,
                              arm escalate:web:1 2063 ms, TERM to log 1, arm escalate:log:1 2063 ms
      exited log 1: code 0  log: stopped, run 1, requested
                            > disarm escalate:log:1, report stopped
      exited web 1: code 0  db: terminating, run 1, pid 7, then requested
                            web: stopped, run 1, requested
                            > disarm escalate:web:1, report stopped, TERM to db 1,
                              arm escalate:db:1 4250 ms
      exited db 1: code 0   db: stopped, run 1, requested
                            > disarm escalate:db:1, report stopped, disarm deadline, finish 0
    `)
  })

  test('a daemon waits for all of its dependents, and for the whole tree of each', () => {
    const bundle = plan({ db: {}, web: { after: ['db'] }, api: { after: ['db'] } })
    expect(
      story(up(bundle), 'TERM', exited('api', 1), leaderExited('web', 1), gone('web', 1)),
    ).toMatchInlineSnapshot(`
      given                            db: running, run 1, pid 7
                                       web: running, run 1, pid 8
                                       api: running, run 1, pid 9
      TERM                             web: terminating, run 1, pid 8, then requested
                                       api: terminating, run 1, pid 9, then requested
                                       > report shutdown, arm deadline 8750 ms, TERM to web 1,
                                         arm escalate:web:1 2063 ms, TERM to api 1,
                                         arm escalate:api:1 2063 ms
      exited api 1: code 0             api: stopped, run 1, requested
                                       > disarm escalate:api:1, report stopped
      exited web 1: code 0, not alone  > TERM to the rest of web 1
      gone web 1                       db: terminating, run 1, pid 7, then requested
                                       web: stopped, run 1, requested
                                       > disarm escalate:web:1, report stopped, TERM to db 1,
                                         arm escalate:db:1 4250 ms
    `)
  })

  test('dead dependents delay no stop', () => {
    const bundle = plan({ db: {}, web: { after: ['db'] } })
    expect(story(up(bundle), exited('web', 1, 1), 'TERM')).toMatchInlineSnapshot(`
      given                 db: running, run 1, pid 7
                            web: running, run 1, pid 8
      exited web 1: code 1  web: stopped, run 1, failed
                            > report died
      TERM                  db: terminating, run 1, pid 7, then requested
                            > report shutdown, arm deadline 8750 ms, TERM to db 1,
                              arm escalate:db:1 4250 ms
    `)
  })

  test('when a daemon dies before its turn, its dependencies wait for its dependents', () => {
    const bundle = plan({ db: {}, api: { after: ['db'] }, web: { after: ['api'] } })
    expect(
      story(up(bundle), 'TERM', exited('api', 1, 1), exited('web', 1), exited('db', 1)),
    ).toMatchInlineSnapshot(`
      given                 db: running, run 1, pid 7
                            api: running, run 1, pid 8
                            web: running, run 1, pid 9
      TERM                  web: terminating, run 1, pid 9, then requested
                            > report shutdown, arm deadline 8750 ms, TERM to web 1,
                              arm escalate:web:1 1333 ms
      exited api 1: code 1  api: stopped, run 1, failed
                            > report died
      exited web 1: code 0  db: terminating, run 1, pid 7, then requested
                            web: stopped, run 1, requested
                            > disarm escalate:web:1, report stopped, TERM to db 1,
                              arm escalate:db:1 4250 ms
      exited db 1: code 0   db: stopped, run 1, requested
                            > disarm escalate:db:1, report stopped, disarm deadline, finish 1 (api)
    `)
  })
})

describe('a stop while', () => {
  test('waiting: the daemon never starts', () => {
    const bundle = plan({ db: {}, web: {} })
    expect(
      story(bundle, 'boot', 'TERM', spawned('db', 1, 7), exited('db', 1)),
    ).toMatchInlineSnapshot(`
      boot                 db: starting, run 1, wants up
                           web: starting, run 1, wants up
                           > spawn db 1, spawn web 1
      TERM                 db: starting, run 1, wants down
                           web: starting, run 1, wants down
                           > report shutdown, arm deadline 8750 ms
      spawned db 1: pid 7  db: terminating, run 1, pid 7, then requested
                           > report started, TERM to db 1, arm escalate:db:1 4250 ms
      exited db 1: code 0  db: stopped, run 1, requested
                           > disarm escalate:db:1, report stopped
    `)
  })

  test('starting: the daemon is stopped as soon as it is spawned', () => {
    expect(
      story(plan(web), 'boot', 'TERM', spawned('web', 1, 7), exited('web', 1)),
    ).toMatchInlineSnapshot(`
      boot                  web: starting, run 1, wants up
                            > spawn web 1
      TERM                  web: starting, run 1, wants down
                            > report shutdown, arm deadline 8750 ms
      spawned web 1: pid 7  web: terminating, run 1, pid 7, then requested
                            > report started, TERM to web 1, arm escalate:web:1 4250 ms
      exited web 1: code 0  web: stopped, run 1, requested
                            > disarm escalate:web:1, report stopped, disarm deadline, finish 0
    `)
  })

  test('starting, when the spawn fails: the daemon stays stopped', () => {
    expect(
      story(plan(web), 'boot', 'TERM', spawnFailed('web', 1, 'EACCES')),
    ).toMatchInlineSnapshot(`
      boot                             web: starting, run 1, wants up
                                       > spawn web 1
      TERM                             web: starting, run 1, wants down
                                       > report shutdown, arm deadline 8750 ms
      spawn-failed web 1: exec EACCES  web: stopped, run 1, requested
                                       > report start-failed, disarm deadline, finish 126 (web)
    `)
  })

  test('killing, for a restart: the daemon is not started again', () => {
    const signals = { USR1: { forward: [], restart: ['web'], reload: [] } }
    expect(
      story(
        up(plan(web, { signals })),
        'USR1',
        elapsed('escalate', 'web', 1),
        elapsed('grace', 'web', 1),
        'TERM',
        exited('web', 1, 'KILL'),
      ),
    ).toMatchInlineSnapshot(`
      0 ms     given                   web: running, run 1, pid 7
      0 ms     USR1                    web: terminating, run 1, pid 7, then up
                                       > TERM to web 1, arm escalate:web:1 4250 ms
      4250 ms  elapsed escalate:web:1  > TERM to the rest of web 1, arm grace:web:1 4250 ms
      8500 ms  elapsed grace:web:1     web: killing, run 1, pid 7, then up
                                       > report killing, KILL to the tree of web 1,
                                         arm stuck:web:1 1000 ms
      8500 ms  TERM                    web: killing, run 1, pid 7, then requested
                                       > report shutdown, arm deadline 8750 ms,
                                         report ticket 1 superseded
      8500 ms  exited web 1: KILL      web: stopped, run 1, requested
                                       > disarm escalate:web:1, report stopped, disarm deadline,
                                         finish 0
    `)
  })
})
