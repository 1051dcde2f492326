/** Requests to start and to stop. A daemon that was stopped on request keeps pitcrew running. */
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
  start,
  stop,
} from '../events.ts'
import { plan } from '../plans.ts'
import { Game, story, up } from '../story.ts'

const web = plan({ web: {} })
const pair = plan({ web: {}, db: {} })
const slow = { sign: { type: 'notify' }, timeoutMs: 1000, intervalMs: 100 } as const
const slowWeb = plan({ web: { ready: slow }, db: {} })
const ready = { type: 'ready', daemon: 'web', run: 1 } as const

describe('a stop', () => {
  test('is done when the run is over, and the others go on', () => {
    expect(story(up(pair), stop('web'), later(30, exited('web', 1)))).toMatchInlineSnapshot(`
      0 ms   given                 web: running, run 1, pid 7
                                   db: running, run 1, pid 8
      0 ms   stop web (uid 1000)   web: terminating, run 1, pid 7, then requested
                                   > TERM to web 1, arm escalate:web:1 4250 ms
      30 ms  exited web 1: code 0  web: stopped, run 1, requested
                                   > disarm escalate:web:1, report stopped, report ticket 1 done
    `)
  })

  test('has the grace of a single daemon, as a restart has', () => {
    const bundle = plan({ web: { stop: { graceMs: 300 } }, db: {} })
    expect(
      story(
        up(bundle),
        stop('web'),
        leaderExited('web', 1),
        elapsed('escalate', 'web', 1),
        elapsed('grace', 'web', 1),
        gone('web', 1),
      ),
    ).toMatchInlineSnapshot(`
      0 ms    given                            web: running, run 1, pid 7
                                               db: running, run 1, pid 8
      0 ms    stop web (uid 1000)              web: terminating, run 1, pid 7, then requested
                                               > TERM to web 1, arm escalate:web:1 150 ms
      0 ms    exited web 1: code 0, not alone  > TERM to the rest of web 1
      150 ms  elapsed escalate:web:1           > arm grace:web:1 150 ms
      300 ms  elapsed grace:web:1              web: killing, run 1, pid 7, then requested
                                               > report killing, KILL to the tree of web 1,
                                                 arm stuck:web:1 1000 ms
      300 ms  gone web 1                       web: stopped, run 1, requested
                                               > disarm escalate:web:1, report stopped,
                                                 report ticket 1 done
    `)
  })

  test('of a stopped daemon is done at once and changes nothing', () => {
    expect(story(up(pair).play(exited('web', 1)).given(), stop('web'))).toMatchInlineSnapshot(`
      given                web: stopped, run 1, done
                           db: running, run 1, pid 8
      stop web (uid 1000)                             report ticket 1 done
    `)
  })

  test('of a waiting daemon is done at once; it is not started later', () => {
    const bundle = plan({ db: {}, web: { after: ['db'] } })
    expect(story(bundle, 'boot', stop('web'), spawned('db', 1, 7))).toMatchInlineSnapshot(`
      boot                 db: starting, run 1, wants up  spawn db 1, arm waiting 5000 ms
                           web: waiting
      stop web (uid 1000)  web: stopped, requested        report ticket 1 done, disarm waiting
      spawned db 1: pid 7  db: running, run 1, pid 7      report started
    `)
  })

  test('of a daemon in backoff keeps the policy from starting it', () => {
    const bundle = plan({ web: { restart: { policy: 'always' } }, db: {} })
    expect(story(up(bundle).play(exited('web', 1, 3)), stop('web'))).toMatchInlineSnapshot(`
      given                 web: running, run 1, pid 7
                            db: running, run 1, pid 8
      exited web 1: code 3  web: backoff, run 1             report died, arm backoff:web:1 200 ms
      stop web (uid 1000)   web: stopped, run 1, requested  report ticket 1 superseded,
                                                            disarm backoff:web:1,
                                                            report ticket 2 done
    `)
  })

  test('of a daemon that is being spawned ends it as soon as it exists', () => {
    expect(
      story(
        new Game(pair).play('boot').given(),
        stop('web'),
        spawned('web', 1, 7),
        exited('web', 1),
      ),
    ).toMatchInlineSnapshot(`
      given                 web: starting, run 1, wants up
                            db: starting, run 1, wants up
      stop web (uid 1000)   web: starting, run 1, wants down
      spawned web 1: pid 7  web: terminating, run 1, pid 7, then requested
                            > report started, TERM to web 1, arm escalate:web:1 4250 ms
      exited web 1: code 0  web: stopped, run 1, requested
                            > disarm escalate:web:1, report stopped, report ticket 1 done
    `)
  })

  test('of a daemon that cannot be started keeps it from being tried again', () => {
    const bundle = plan({ web: { restart: { policy: 'always' } }, db: {} })
    expect(
      story(new Game(bundle).play('boot').given(), stop('web'), spawnFailed('web', 1)),
    ).toMatchInlineSnapshot(`
      given                            web: starting, run 1, wants up
                                       db: starting, run 1, wants up
      stop web (uid 1000)              web: starting, run 1, wants down
      spawn-failed web 1: exec ENOENT  web: stopped, run 1, requested
                                       > report start-failed, report ticket 1 done
    `)
  })

  test('joins a stop that is under way', () => {
    expect(story(up(pair), stop('web'), stop('web'), exited('web', 1))).toMatchInlineSnapshot(`
      given                 web: running, run 1, pid 7
                            db: running, run 1, pid 8
      stop web (uid 1000)   web: terminating, run 1, pid 7, then requested
                            > TERM to web 1, arm escalate:web:1 4250 ms
      stop web (uid 1000)
      exited web 1: code 0  web: stopped, run 1, requested
                            > disarm escalate:web:1, report stopped,
                              report ticket 1 (2 requests) done
    `)
  })

  test('supersedes a restart', () => {
    expect(story(up(pair), restart('web'), stop('web'), exited('web', 1))).toMatchInlineSnapshot(`
      given                   web: running, run 1, pid 7
                              db: running, run 1, pid 8
      restart web (uid 1000)  web: terminating, run 1, pid 7, then up
                              > TERM to web 1, arm escalate:web:1 4250 ms
      stop web (uid 1000)     web: terminating, run 1, pid 7, then requested
                              > report ticket 1 superseded
      exited web 1: code 0    web: stopped, run 1, requested
                              > disarm escalate:web:1, report stopped, report ticket 2 done
    `)
  })

  test('of a daemon that KILL does not end is open until it is gone', () => {
    expect(
      story(
        up(pair),
        stop('web'),
        elapsed('escalate', 'web', 1),
        elapsed('grace', 'web', 1),
        elapsed('stuck', 'web', 1),
        later(60_000, exited('web', 1, 'KILL')),
      ),
    ).toMatchInlineSnapshot(`
      0 ms      given                   web: running, run 1, pid 7
                                        db: running, run 1, pid 8
      0 ms      stop web (uid 1000)     web: terminating, run 1, pid 7, then requested
                                        > TERM to web 1, arm escalate:web:1 4250 ms
      4250 ms   elapsed escalate:web:1  > TERM to the rest of web 1, arm grace:web:1 4250 ms
      8500 ms   elapsed grace:web:1     web: killing, run 1, pid 7, then requested
                                        > report killing, KILL to the tree of web 1,
                                          arm stuck:web:1 1000 ms
      9500 ms   elapsed stuck:web:1     > report stuck, probe web 1
      69500 ms  exited web 1: KILL      web: stopped, run 1, requested
                                        > report stopped, report ticket 1 done
    `)
  })

  test('of a skipped daemon keeps it stopped when its dependency comes back', () => {
    const bundle = plan({ db: {}, web: { after: ['db'] }, log: {} })
    expect(
      story(
        new Game(bundle).play('boot', spawnFailed('db', 1), spawned('log', 1, 7)).given(),
        stop('web'),
        start('db'),
        spawned('db', 2, 8),
        start('web'),
        spawned('web', 1, 9),
      ),
    ).toMatchInlineSnapshot(`
      given                 db: stopped, run 1, failed
                            web: stopped, skipped
                            log: running, run 1, pid 7
      stop web (uid 1000)   web: stopped, requested         report ticket 1 done
      start db (uid 1000)   db: starting, run 2, wants up   spawn db 2
      spawned db 2: pid 8   db: running, run 2, pid 8       report started,
                                                            report ticket 2 done by run 2
      start web (uid 1000)  web: starting, run 1, wants up  spawn web 1
      spawned web 1: pid 9  web: running, run 1, pid 9      report started,
                                                            report ticket 3 done by run 1
    `)
  })
})

describe('after a requested stop of a daemon', () => {
  test('waiting dependents go on waiting, and running ones go on running', () => {
    const bundle = plan({ db: {}, web: { after: ['db'] }, log: { after: ['db'] } })
    expect(
      story(
        up(bundle),
        stop('db'),
        exited('db', 1),
        restart('web'),
        exited('web', 1),
        start('db'),
        spawned('db', 2, 17),
        spawned('web', 2, 18),
      ),
    ).toMatchInlineSnapshot(`
      given                   db: running, run 1, pid 7
                              web: running, run 1, pid 8
                              log: running, run 1, pid 9
      stop db (uid 1000)      db: terminating, run 1, pid 7, then requested
                              > TERM to db 1, arm escalate:db:1 4250 ms
      exited db 1: code 0     db: stopped, run 1, requested
                              > disarm escalate:db:1, report stopped, report ticket 1 done
      restart web (uid 1000)  web: terminating, run 1, pid 8, then up
                              > TERM to web 1, arm escalate:web:1 4250 ms
      exited web 1: code 0    web: waiting, run 1
                              > disarm escalate:web:1, report stopped, arm waiting 5000 ms
      start db (uid 1000)     db: starting, run 2, wants up
                              > spawn db 2
      spawned db 2: pid 17    db: running, run 2, pid 17
                              web: starting, run 2, wants up
                              > report started, report ticket 3 done by run 2, spawn web 2,
                                disarm waiting
      spawned web 2: pid 18   web: running, run 2, pid 18
                              > report started, report ticket 2 done by run 2
    `)
  })

  test('its dependents are held if it is a guard', () => {
    const bundle = plan({ proxy: { guard: true }, agent: { after: ['proxy'] } })
    expect(
      story(
        up(bundle),
        stop('proxy'),
        exited('agent', 1),
        exited('proxy', 1),
        start('proxy'),
        spawned('proxy', 2, 17),
        spawned('agent', 2, 18),
      ),
    ).toMatchInlineSnapshot(`
      given                    proxy: running, run 1, pid 7
                               agent: running, run 1, pid 8
      stop proxy (uid 1000)    proxy: terminating, run 1, pid 7, then requested
                               agent: terminating, run 1, pid 8, then up
                               > TERM to proxy 1, arm escalate:proxy:1 4250 ms, report held,
                                 TERM to agent 1, arm escalate:agent:1 4250 ms
      exited agent 1: code 0   agent: waiting, run 1
                               > disarm escalate:agent:1, report stopped, arm waiting 5000 ms
      exited proxy 1: code 0   proxy: stopped, run 1, requested
                               > disarm escalate:proxy:1, report stopped, report ticket 1 done
      start proxy (uid 1000)   proxy: starting, run 2, wants up
                               > spawn proxy 2
      spawned proxy 2: pid 17  proxy: running, run 2, pid 17
                               agent: starting, run 2, wants up
                               > report started, report ticket 2 done by run 2, spawn agent 2,
                                 disarm waiting
      spawned agent 2: pid 18  agent: running, run 2, pid 18
                               > report started
    `)
  })

  test('pitcrew goes on even if it was the last one, and it can be started again', () => {
    expect(
      story(
        up(web),
        stop('web'),
        exited('web', 1),
        later(5000, start('web')),
        spawned('web', 2, 17),
      ),
    ).toMatchInlineSnapshot(`
      0 ms     given                  web: running, run 1, pid 7
      0 ms     stop web (uid 1000)    web: terminating, run 1, pid 7, then requested
                                      > TERM to web 1, arm escalate:web:1 4250 ms
      0 ms     exited web 1: code 0   web: stopped, run 1, requested
                                      > disarm escalate:web:1, report stopped, report ticket 1 done
      5000 ms  start web (uid 1000)   web: starting, run 2, wants up
                                      > spawn web 2
      5000 ms  spawned web 2: pid 17  web: running, run 2, pid 17
                                      > report started, report ticket 2 done by run 2
    `)
  })

  test('pitcrew goes on when all others have ended', () => {
    expect(
      story(up(pair), stop('web'), exited('web', 1), exited('db', 1, 3)),
    ).toMatchInlineSnapshot(`
      given                 web: running, run 1, pid 7
                            db: running, run 1, pid 8
      stop web (uid 1000)   web: terminating, run 1, pid 7, then requested
                            > TERM to web 1, arm escalate:web:1 4250 ms
      exited web 1: code 0  web: stopped, run 1, requested
                            > disarm escalate:web:1, report stopped, report ticket 1 done
      exited db 1: code 3   db: stopped, run 1, failed
                            > report died
    `)
  })

  test('pitcrew ends when it is started again and ends by itself', () => {
    expect(
      story(
        up(web).play(stop('web'), exited('web', 1), start('web'), spawned('web', 2, 17)),
        exited('web', 2, 3),
      )
        .split('\n')
        .at(-1),
    ).toMatchInlineSnapshot(`> report died, finish 3 (web)`)
  })

  test('pitcrew ends if it is main', () => {
    const bundle = plan({ web: { main: true }, db: {} })
    expect(
      story(up(bundle), stop('web'), exited('web', 1), exited('db', 1)),
    ).toMatchInlineSnapshot(`
      given                 web: running, run 1, pid 7
                            db: running, run 1, pid 8
      stop web (uid 1000)   web: terminating, run 1, pid 7, then requested
                            > TERM to web 1, arm escalate:web:1 4250 ms
      exited web 1: code 0  web: stopped, run 1, requested
                            db: terminating, run 1, pid 8, then requested
                            > disarm escalate:web:1, report stopped, report ticket 1 done,
                              report shutdown, arm deadline 8750 ms, TERM to db 1,
                              arm escalate:db:1 4250 ms
      exited db 1: code 0   db: stopped, run 1, requested
                            > disarm escalate:db:1, report stopped, disarm deadline, finish 0 (web)
    `)
  })

  test('pitcrew goes on if it is critical', () => {
    const bundle = plan({ web: { critical: true }, db: {} })
    expect(story(up(bundle), stop('web'), exited('web', 1))).toMatchInlineSnapshot(`
      given                 web: running, run 1, pid 7
                            db: running, run 1, pid 8
      stop web (uid 1000)   web: terminating, run 1, pid 7, then requested
                            > TERM to web 1, arm escalate:web:1 4250 ms
      exited web 1: code 0  web: stopped, run 1, requested
                            > disarm escalate:web:1, report stopped, report ticket 1 done
    `)
  })
})

describe('a start', () => {
  test('of a ready daemon is done at once and changes nothing', () => {
    expect(story(up(pair), start('web'))).toMatchInlineSnapshot(`
      given                 web: running, run 1, pid 7
                            db: running, run 1, pid 8
      start web (uid 1000)                              report ticket 1 done by run 1
    `)
  })

  test('of a running daemon that is not ready waits for that run', () => {
    expect(story(up(slowWeb), start('web'), start('web'), later(70, ready))).toMatchInlineSnapshot(`
      0 ms   given                 web: running, run 1, pid 7, not ready
                                   db: running, run 1, pid 8
      0 ms   start web (uid 1000)
      0 ms   start web (uid 1000)
      70 ms  ready web 1           web: running, run 1, pid 7, ready
                                   > disarm ready:web:1, report ready,
                                     report ticket 1 (2 requests) done by run 1
    `)
  })

  test('of a daemon that is being spawned waits for that run', () => {
    expect(
      story(new Game(web).play('boot').given(), start('web'), spawned('web', 1, 7)),
    ).toMatchInlineSnapshot(`
      given                 web: starting, run 1, wants up
      start web (uid 1000)
      spawned web 1: pid 7  web: running, run 1, pid 7      report started,
                                                            report ticket 1 done by run 1
    `)
  })

  test('of a daemon that waits for a dependency is open as long as it waits', () => {
    const bundle = plan({ db: { ready: slow }, web: { after: ['db'] } })
    expect(
      story(
        new Game(bundle).play('boot', spawned('db', 1, 7)).given(),
        start('web'),
        { ...ready, daemon: 'db' },
        spawned('web', 1, 8),
      ),
    ).toMatchInlineSnapshot(`
      given                 db: running, run 1, pid 7, not ready
                            web: waiting
      start web (uid 1000)
      ready db 1            db: running, run 1, pid 7, ready
                            web: starting, run 1, wants up
                            > disarm ready:db:1, report ready, spawn web 1, disarm waiting
      spawned web 1: pid 8  web: running, run 1, pid 8
                            > report started, report ticket 1 done by run 1
    `)
  })

  test('of a dead daemon ends its backoff and begins a new streak', () => {
    const bundle = plan({ web: { restart: { policy: 'always' } }, db: {} })
    const game = up(bundle)
      .play(exited('web', 1, 3))
      .given()
    expect(story(game, start('web'), spawned('web', 2, 17))).toMatchInlineSnapshot(`
      given                  web: backoff, run 1
                             db: running, run 1, pid 8
      start web (uid 1000)   web: starting, run 2, wants up  report ticket 1 superseded,
                                                             disarm backoff:web:1, spawn web 2
      spawned web 2: pid 17  web: running, run 2, pid 17     report started,
                                                             report ticket 2 done by run 2
    `)
    expect(game.daemon('web').streak.length).toBe(0)
  })

  test('of a daemon that was given up begins a new streak, too', () => {
    const limit = { times: 1, windowMs: 60_000 }
    const bundle = plan({ web: { restart: { policy: 'always', backoffMs: 0, limit } }, db: {} })
    const game = up(bundle).play(exited('web', 1, 3), spawned('web', 2, 8), exited('web', 2, 3))
    expect(story(game.given(), start('web'), spawned('web', 3, 9))).toMatchInlineSnapshot(`
      given                 web: stopped, run 2, failed
                            db: running, run 1, pid 8
      start web (uid 1000)  web: starting, run 3, wants up  spawn web 3
      spawned web 3: pid 9  web: running, run 3, pid 9      report started,
                                                            report ticket 2 done by run 3
    `)
    expect(game.daemon('web').streak).toMatchObject({ length: 0, startedAtMs: [] })
  })

  test('supersedes a stop, which keeps its grace', () => {
    expect(
      story(
        up(pair),
        stop('web'),
        later(1000, start('web')),
        elapsed('escalate', 'web', 1),
        exited('web', 1),
        spawned('web', 2, 17),
      ),
    ).toMatchInlineSnapshot(`
      0 ms     given                   web: running, run 1, pid 7
                                       db: running, run 1, pid 8
      0 ms     stop web (uid 1000)     web: terminating, run 1, pid 7, then requested
                                       > TERM to web 1, arm escalate:web:1 4250 ms
      1000 ms  start web (uid 1000)    web: terminating, run 1, pid 7, then up
                                       > report ticket 1 superseded
      4250 ms  elapsed escalate:web:1  > TERM to the rest of web 1, arm grace:web:1 4250 ms
      4250 ms  exited web 1: code 0    web: starting, run 2, wants up
                                       > disarm escalate:web:1, report stopped, spawn web 2
      4250 ms  spawned web 2: pid 17   web: running, run 2, pid 17
                                       > report started, report ticket 2 done by run 2
    `)
  })

  test('supersedes a stop of a daemon that is being spawned: that run is wanted after all', () => {
    expect(
      story(new Game(web).play('boot', stop('web')).given(), start('web'), spawned('web', 1, 7)),
    ).toMatchInlineSnapshot(`
      given                 web: starting, run 1, wants down
      start web (uid 1000)  web: starting, run 1, wants up    report ticket 1 superseded
      spawned web 1: pid 7  web: running, run 1, pid 7        report started,
                                                              report ticket 2 done by run 1
    `)
  })

  test('joins a restart that is under way, and a restart joins it', () => {
    expect(
      story(
        up(pair),
        restart('web'),
        start('web'),
        restart('web'),
        exited('web', 1),
        spawned('web', 2, 17),
      ),
    ).toMatchInlineSnapshot(`
      given                   web: running, run 1, pid 7
                              db: running, run 1, pid 8
      restart web (uid 1000)  web: terminating, run 1, pid 7, then up
                              > TERM to web 1, arm escalate:web:1 4250 ms
      start web (uid 1000)
      restart web (uid 1000)
      exited web 1: code 0    web: starting, run 2, wants up
                              > disarm escalate:web:1, report stopped, spawn web 2
      spawned web 2: pid 17   web: running, run 2, pid 17
                              > report started, report ticket 1 (3 requests) done by run 2
    `)
  })

  test('of a job that is done is another run of it', () => {
    const bundle = plan({ web: { kind: 'job' }, db: {} })
    expect(
      story(
        up(bundle).play(exited('web', 1)).given(),
        start('web'),
        spawned('web', 2, 17),
        later(400, exited('web', 2)),
      ),
    ).toMatchInlineSnapshot(`
      0 ms    given                  web: stopped, run 1, done
                                     db: running, run 1, pid 8
      0 ms    start web (uid 1000)   web: starting, run 2, wants up
                                     > spawn web 2
      0 ms    spawned web 2: pid 17  web: running, run 2, pid 17
                                     > report started
      400 ms  exited web 2: code 0   web: stopped, run 2, done
                                     > report done, report ticket 1 done by run 2
    `)
  })

  test('of a running job waits until it is done', () => {
    const bundle = plan({ web: { kind: 'job' }, db: {} })
    expect(story(up(bundle), start('web'), later(400, exited('web', 1)))).toMatchInlineSnapshot(`
      0 ms    given                 web: running, run 1, pid 7
                                    db: running, run 1, pid 8
      0 ms    start web (uid 1000)
      400 ms  exited web 1: code 0  web: stopped, run 1, done   report done,
                                                                report ticket 1 done by run 1
    `)
  })

  test('of a job that is done and has left processes is another run, after these are ended', () => {
    const bundle = plan({ web: { kind: 'job' }, db: {} })
    expect(
      story(
        up(bundle).play(start('web')).given(),
        leaderExited('web', 1),
        start('web'),
        gone('web', 1),
        spawned('web', 2, 17),
        exited('web', 2),
      ),
    ).toMatchInlineSnapshot(`
      given                            web: running, run 1, pid 7
                                       db: running, run 1, pid 8
      exited web 1: code 0, not alone  web: terminating, run 1, pid 7, then done
                                       > report done, arm escalate:web:1 500 ms,
                                         TERM to the rest of web 1
      start web (uid 1000)             web: terminating, run 1, pid 7, then up
      gone web 1                       web: starting, run 2, wants up
                                       > disarm escalate:web:1, spawn web 2
      spawned web 2: pid 17            web: running, run 2, pid 17
                                       > report started
      exited web 2: code 0             web: stopped, run 2, done
                                       > report done, report ticket 1 (2 requests) done by run 2
    `)
  })
})
