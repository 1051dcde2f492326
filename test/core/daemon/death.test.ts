/** Deaths under the policy `never`. */
import { describe, expect, test } from 'vitest'
import {
  elapsed,
  exited,
  gone,
  later,
  leaderExited,
  restart,
  spawned,
  spawnFailed,
} from '../events.ts'
import { plan } from '../plans.ts'
import { story, up } from '../story.ts'

const pair = plan({ web: {}, db: {} })

test('an unasked death leaves the siblings running', () => {
  expect(story(up(pair), exited('web', 1, 3))).toMatchInlineSnapshot(`
    given                 web: running, run 1, pid 7
                          db: running, run 1, pid 8
    exited web 1: code 3  web: stopped, run 1, failed  report died
  `)
})

test('a death is logged once per run, whatever else happens to the run', () => {
  expect(
    story(
      up(pair),
      leaderExited('web', 1, 3),
      exited('web', 1, 3),
      gone('web', 1),
      restart('web'),
      spawned('web', 2, 17),
      exited('web', 2, 3),
    ),
  ).toMatchInlineSnapshot(`
    given                            web: running, run 1, pid 7
                                     db: running, run 1, pid 8
    exited web 1: code 3, not alone  web: terminating, run 1, pid 7, then failed
                                     > report died, arm escalate:web:1 500 ms,
                                       TERM to the rest of web 1
    exited web 1: code 3             web: stopped, run 1, failed
                                     > disarm escalate:web:1
    gone web 1
    restart web (uid 1000)           web: starting, run 2, wants up
                                     > spawn web 2
    spawned web 2: pid 17            web: running, run 2, pid 17
                                     > report started, report ticket 1 done by run 2
    exited web 2: code 3             web: stopped, run 2, failed
                                     > report died
  `)
})

test('the report of a death has run, pid, cause and uptime', () => {
  const game = up(pair).play(later(86_400_000, exited('web', 1, 'SEGV')))
  expect(game.effects[0]).toMatchObject({
    note: { kind: 'died', daemon: 'web', run: 1, pid: 7, signal: 11, uptimeMs: 86_400_000 },
  })
})

describe('processes that a dead leader left behind are ended', () => {
  test('signalled at once, killed after a second', () => {
    expect(
      story(
        up(pair),
        leaderExited('web', 1, 3),
        elapsed('escalate', 'web', 1),
        elapsed('grace', 'web', 1),
        gone('web', 1),
      ),
    ).toMatchInlineSnapshot(`
      0 ms     given                            web: running, run 1, pid 7
                                                db: running, run 1, pid 8
      0 ms     exited web 1: code 3, not alone  web: terminating, run 1, pid 7, then failed
                                                > report died, arm escalate:web:1 500 ms,
                                                  TERM to the rest of web 1
      500 ms   elapsed escalate:web:1           > arm grace:web:1 500 ms
      1000 ms  elapsed grace:web:1              web: killing, run 1, pid 7, then failed
                                                > report killing, KILL to the tree of web 1,
                                                  arm stuck:web:1 1000 ms
      1000 ms  gone web 1                       web: stopped, run 1, failed
                                                > disarm escalate:web:1
    `)
  })

  test('killed after the grace of the bundle', () => {
    const bundle = plan({ web: { stop: { graceMs: 4000, signal: 'INT' } }, db: {} })
    expect(
      story(
        up(bundle),
        leaderExited('web', 1, 3),
        elapsed('escalate', 'web', 1),
        elapsed('grace', 'web', 1),
      ),
    ).toMatchInlineSnapshot(`
      0 ms     given                            web: running, run 1, pid 7
                                                db: running, run 1, pid 8
      0 ms     exited web 1: code 3, not alone  web: terminating, run 1, pid 7, then failed
                                                > report died, arm escalate:web:1 2000 ms,
                                                  INT to the rest of web 1
      2000 ms  elapsed escalate:web:1           > arm grace:web:1 2000 ms
      4000 ms  elapsed grace:web:1              web: killing, run 1, pid 7, then failed
                                                > report killing, KILL to the tree of web 1,
                                                  arm stuck:web:1 1000 ms
    `)
  })

  test('in a shutdown together with the others', () => {
    expect(
      story(up(pair), leaderExited('web', 1, 3), 'TERM', exited('db', 1), gone('web', 1)),
    ).toMatchInlineSnapshot(`
      given                            web: running, run 1, pid 7
                                       db: running, run 1, pid 8
      exited web 1: code 3, not alone  web: terminating, run 1, pid 7, then failed
                                       > report died, arm escalate:web:1 500 ms,
                                         TERM to the rest of web 1
      TERM                             web: terminating, run 1, pid 7, then requested
                                       db: terminating, run 1, pid 8, then requested
                                       > report shutdown, arm deadline 8750 ms, TERM to db 1,
                                         arm escalate:db:1 4250 ms
      exited db 1: code 0              db: stopped, run 1, requested
                                       > disarm escalate:db:1, report stopped
      gone web 1                       web: stopped, run 1, requested
                                       > disarm escalate:web:1, disarm deadline, finish 3 (web)
    `)
  })
})

describe('pitcrew ends only when', () => {
  test('the main daemon ends, with any code', () => {
    const bundle = plan({ agent: { main: true }, db: {} })
    expect(story(up(bundle), exited('agent', 1, 0), exited('db', 1))).toMatchInlineSnapshot(`
      given                   agent: running, run 1, pid 7
                              db: running, run 1, pid 8
      exited agent 1: code 0  agent: stopped, run 1, done
                              db: terminating, run 1, pid 8, then requested
                              > report died, report shutdown, arm deadline 8750 ms, TERM to db 1,
                                arm escalate:db:1 4250 ms
      exited db 1: code 0     db: stopped, run 1, requested
                              > disarm escalate:db:1, report stopped, disarm deadline,
                                finish 0 (agent)
    `)
  })

  test('the main daemon ends, even if it left processes behind', () => {
    const bundle = plan({ agent: { main: true }, db: {} })
    expect(
      story(up(bundle), leaderExited('agent', 1, 3), exited('db', 1), gone('agent', 1)),
    ).toMatchInlineSnapshot(`
      given                              agent: running, run 1, pid 7
                                         db: running, run 1, pid 8
      exited agent 1: code 3, not alone  agent: terminating, run 1, pid 7, then requested
                                         db: terminating, run 1, pid 8, then requested
                                         > report died, arm escalate:agent:1 500 ms,
                                           TERM to the rest of agent 1, report shutdown,
                                           arm deadline 8750 ms, TERM to db 1,
                                           arm escalate:db:1 4250 ms
      exited db 1: code 0                db: stopped, run 1, requested
                                         > disarm escalate:db:1, report stopped
      gone agent 1                       agent: stopped, run 1, requested
                                         > disarm escalate:agent:1, disarm deadline,
                                           finish 3 (agent)
    `)
  })

  test('the main daemon cannot be started', () => {
    const bundle = plan({ db: {}, agent: { main: true }, log: {} })
    expect(
      story(bundle, 'boot', spawned('db', 1, 7), spawnFailed('agent', 1), exited('db', 1)),
    ).toMatchInlineSnapshot(`
      boot                               db: starting, run 1, wants up
                                         agent: starting, run 1, wants up
                                         log: starting, run 1, wants up
                                         > spawn db 1, spawn agent 1, spawn log 1
      spawned db 1: pid 7                db: running, run 1, pid 7
                                         > report started
      spawn-failed agent 1: exec ENOENT  db: terminating, run 1, pid 7, then requested
                                         agent: stopped, run 1, failed
                                         log: starting, run 1, wants down
                                         > report start-failed, report shutdown,
                                           arm deadline 8750 ms, TERM to db 1,
                                           arm escalate:db:1 4250 ms
      exited db 1: code 0                db: stopped, run 1, requested
                                         > disarm escalate:db:1, report stopped
    `)
  })

  test('a critical one dies', () => {
    const bundle = plan({ proxy: { critical: true }, db: {} })
    expect(story(up(bundle), exited('proxy', 1, 3), exited('db', 1))).toMatchInlineSnapshot(`
      given                   proxy: running, run 1, pid 7
                              db: running, run 1, pid 8
      exited proxy 1: code 3  proxy: stopped, run 1, failed
                              db: terminating, run 1, pid 8, then requested
                              > report died, report shutdown, arm deadline 8750 ms, TERM to db 1,
                                arm escalate:db:1 4250 ms
      exited db 1: code 0     db: stopped, run 1, requested
                              > disarm escalate:db:1, report stopped, disarm deadline,
                                finish 3 (proxy)
    `)
  })

  test('a critical one cannot be started again', () => {
    const bundle = plan({ proxy: { critical: true }, db: {} })
    expect(
      story(
        up(bundle),
        restart('proxy'),
        exited('proxy', 1),
        spawnFailed('proxy', 2),
        exited('db', 1),
      ),
    ).toMatchInlineSnapshot(`
      given                              proxy: running, run 1, pid 7
                                         db: running, run 1, pid 8
      restart proxy (uid 1000)           proxy: terminating, run 1, pid 7, then up
                                         > TERM to proxy 1, arm escalate:proxy:1 4250 ms
      exited proxy 1: code 0             proxy: starting, run 2, wants up
                                         > disarm escalate:proxy:1, report stopped, spawn proxy 2
      spawn-failed proxy 2: exec ENOENT  proxy: stopped, run 2, failed
                                         db: terminating, run 1, pid 8, then requested
                                         > report start-failed, report ticket 1 failed,
                                           report shutdown, arm deadline 8750 ms, TERM to db 1,
                                           arm escalate:db:1 4250 ms
      exited db 1: code 0                db: stopped, run 1, requested
                                         > disarm escalate:db:1, report stopped, disarm deadline,
                                           finish 127 (proxy)
    `)
  })

  test('every daemon has ended for good', () => {
    expect(story(up(pair), exited('web', 1, 3), exited('db', 1, 1))).toMatchInlineSnapshot(`
      given                 web: running, run 1, pid 7
                            db: running, run 1, pid 8
      exited web 1: code 3  web: stopped, run 1, failed  report died
      exited db 1: code 1   db: stopped, run 1, failed   report died, finish 3 (web)
    `)
  })

  test('no daemon could be started', () => {
    expect(
      story(pair, 'boot', spawnFailed('web', 1), spawnFailed('db', 1, 'EACCES')),
    ).toMatchInlineSnapshot(`
      boot                             web: starting, run 1, wants up
                                       db: starting, run 1, wants up
                                       > spawn web 1, spawn db 1
      spawn-failed web 1: exec ENOENT  web: stopped, run 1, failed
                                       > report start-failed
      spawn-failed db 1: exec EACCES   db: stopped, run 1, failed
                                       > report start-failed, finish 127 (web)
    `)
  })
})

describe('a restart is not an end', () => {
  test.each([{ main: true }, { critical: true }])('of a daemon with %j', (some) => {
    const game = up(plan({ agent: some }))
    game.play(restart('agent'), leaderExited('agent', 1), gone('agent', 1), spawned('agent', 2, 17))
    expect(game.state.shutdown).toBeNull()
    expect(game.daemon('agent')).toMatchObject({ phase: 'running', run: 2 })
  })
})
