/** Dependencies: `after:` with its conditions, jobs, guards and optional daemons. */
import { describe, expect, test } from 'vitest'
import {
  elapsed,
  exited,
  later,
  restart,
  spawned,
  spawnFailed,
  type TimelessEvent,
} from '../events.ts'
import { plan } from '../plans.ts'
import { Game, story, up } from '../story.ts'

const probe = { type: 'tcp', host: '127.0.0.1', port: 80 } as const
const ready = { sign: probe, timeoutMs: 30_000, intervalMs: 100 }
const always = { policy: 'always', backoffMs: 200, backoffMaxMs: 30_000 } as const

function isReady(daemon: string, run: number): TimelessEvent {
  return { type: 'ready', daemon, run }
}

describe('a daemon waits until its dependency is', () => {
  test('ready', () => {
    const bundle = plan({ db: { ready }, web: { after: ['db'] } })
    expect(
      story(bundle, 'boot', spawned('db', 1, 7), later(80, isReady('db', 1)), spawned('web', 1, 8)),
    ).toMatchInlineSnapshot(`
      0 ms   boot                  db: starting, run 1, wants up
                                   web: waiting
                                   > spawn db 1, arm waiting 5000 ms
      0 ms   spawned db 1: pid 7   db: running, run 1, pid 7, not ready
                                   > report started, arm ready:db:1 30000 ms, watch db 1 for ready
      80 ms  ready db 1            db: running, run 1, pid 7, ready
                                   web: starting, run 1, wants up
                                   > disarm ready:db:1, unwatch db 1, report ready, spawn web 1,
                                     disarm waiting
      80 ms  spawned web 1: pid 8  web: running, run 1, pid 8
                                   > report started
    `)
  })

  test('started, if that is all it needs', () => {
    const bundle = plan({ db: { ready }, web: { after: [{ daemon: 'db', until: 'started' }] } })
    expect(story(bundle, 'boot', spawned('db', 1, 7), spawned('web', 1, 8))).toMatchInlineSnapshot(`
      boot                  db: starting, run 1, wants up
                            web: waiting
                            > spawn db 1, arm waiting 5000 ms
      spawned db 1: pid 7   db: running, run 1, pid 7, not ready
                            web: starting, run 1, wants up
                            > report started, arm ready:db:1 30000 ms, watch db 1 for ready,
                              spawn web 1, disarm waiting
      spawned web 1: pid 8  web: running, run 1, pid 8
                            > report started
    `)
  })

  test('done, if it is a job', () => {
    const bundle = plan({
      init: { kind: 'job' },
      web: { after: [{ daemon: 'init', until: 'done' }] },
    })
    expect(
      story(
        bundle,
        'boot',
        spawned('init', 1, 7),
        later(80, exited('init', 1)),
        spawned('web', 1, 8),
      ),
    ).toMatchInlineSnapshot(`
      0 ms   boot                   init: starting, run 1, wants up
                                    web: waiting
                                    > spawn init 1, arm waiting 5000 ms
      0 ms   spawned init 1: pid 7  init: running, run 1, pid 7
                                    > report started
      80 ms  exited init 1: code 0  init: stopped, run 1, done
                                    web: starting, run 1, wants up
                                    > report done, spawn web 1, disarm waiting
      80 ms  spawned web 1: pid 8   web: running, run 1, pid 8
                                    > report started
    `)
  })
})

test('a step follows its own changes, and keeps none', () => {
  const game = up(plan({ web: {}, db: {} }))
  for (let run = 1; run <= 20; run++) {
    game.play(restart('web'), exited('web', run), spawned('web', run + 1, 10 + run))
    expect(game.state.changed).toEqual(['web'])
    expect(game.state.log).toEqual([])
  }
})

test('all dependencies must be met', () => {
  const bundle = plan({ db: { ready }, cache: { ready }, web: { after: ['db', 'cache'] } })
  expect(
    story(
      bundle,
      'boot',
      spawned('db', 1, 7),
      spawned('cache', 1, 8),
      isReady('cache', 1),
      isReady('db', 1),
      spawned('web', 1, 9),
    ),
  ).toMatchInlineSnapshot(`
    boot                    db: starting, run 1, wants up
                            cache: starting, run 1, wants up
                            web: waiting
                            > spawn db 1, spawn cache 1, arm waiting 5000 ms
    spawned db 1: pid 7     db: running, run 1, pid 7, not ready
                            > report started, arm ready:db:1 30000 ms, watch db 1 for ready
    spawned cache 1: pid 8  cache: running, run 1, pid 8, not ready
                            > report started, arm ready:cache:1 30000 ms, watch cache 1 for ready
    ready cache 1           cache: running, run 1, pid 8, ready
                            > disarm ready:cache:1, unwatch cache 1, report ready
    ready db 1              db: running, run 1, pid 7, ready
                            web: starting, run 1, wants up
                            > disarm ready:db:1, unwatch db 1, report ready, spawn web 1,
                              disarm waiting
    spawned web 1: pid 9    web: running, run 1, pid 9
                            > report started
  `)
})

test('a long wait is reported with its dependency and goes on', () => {
  const bundle = plan({ db: { ready }, web: { after: ['db'] }, app: { after: ['web'] } })
  const game = new Game(bundle).play('boot', spawned('db', 1, 7)).given()
  expect(
    story(game, elapsed('waiting'), elapsed('waiting'), isReady('db', 1), spawned('web', 1, 8)),
  ).toMatchInlineSnapshot(`
    0 ms      given                 db: running, run 1, pid 7, not ready
                                    web: waiting
                                    app: waiting
    5000 ms   elapsed waiting       > report waits, report waits, arm waiting 60000 ms
    65000 ms  elapsed waiting       > report waits, report waits, arm waiting 60000 ms
    65000 ms  ready db 1            db: running, run 1, pid 7, ready
                                    web: starting, run 1, wants up
                                    > disarm ready:db:1, unwatch db 1, report ready, spawn web 1
    65000 ms  spawned web 1: pid 8  web: running, run 1, pid 8
                                    app: starting, run 1, wants up
                                    > report started, spawn app 1, disarm waiting
  `)
})

test('of many waiting daemons ten are reported, and only those with an unmet dependency', () => {
  const waiters = Array.from({ length: 30 }, (_, n) => [`d${n}`, { after: ['db'] }] as const)
  const bundle = plan({ db: { ready }, ...Object.fromEntries(waiters), log: {} })
  const game = new Game(bundle).play('boot', spawned('db', 1, 7), spawned('log', 1, 8))
  const notes = game.play(elapsed('waiting')).effects.filter(({ type }) => type === 'report')
  expect(notes.map((effect) => 'note' in effect && effect.note)).toEqual(
    Array.from({ length: 10 }, (_, n) => ({ kind: 'waits', daemon: `d${n}`, for: 'db' })),
  )
})

describe('a daemon that has failed for good', () => {
  test('fails its dependents and theirs, with the name of what they need', () => {
    const bundle = plan({
      init: { kind: 'job' },
      db: { after: ['init'] },
      web: { after: ['db'] },
      log: {},
    })
    const game = new Game(bundle).play('boot', spawned('init', 1, 7), spawned('log', 1, 8))
    expect(story(game.given(), exited('init', 1, 1))).toMatchInlineSnapshot(`
      given                  init: running, run 1, pid 7
                             db: waiting
                             web: waiting
                             log: running, run 1, pid 8
      exited init 1: code 1  init: stopped, run 1, failed  report died, report skipped,
                             db: stopped, skipped          report skipped, disarm waiting
                             web: stopped, skipped
    `)
  })

  test('lets its dependents start if it is optional', () => {
    const bundle = plan({ init: { kind: 'job', optional: true }, web: { after: ['init'] } })
    expect(
      story(bundle, 'boot', spawned('init', 1, 7), exited('init', 1, 1), spawned('web', 1, 8)),
    ).toMatchInlineSnapshot(`
      boot                   init: starting, run 1, wants up  spawn init 1, arm waiting 5000 ms
                             web: waiting
      spawned init 1: pid 7  init: running, run 1, pid 7      report started
      exited init 1: code 1  init: stopped, run 1, failed     report died, spawn web 1,
                             web: starting, run 1, wants up   disarm waiting
      spawned web 1: pid 8   web: running, run 1, pid 8       report started
    `)
  })

  test('and is started on request: its dependents are started after all', () => {
    const bundle = plan({ db: {}, web: { after: ['db'] }, log: {} })
    const game = new Game(bundle).play('boot', spawnFailed('db', 1), spawned('log', 1, 8))
    expect(story(game.given(), restart('db'), spawned('db', 2, 9))).toMatchInlineSnapshot(`
      given                  db: stopped, run 1, failed
                             web: stopped, skipped
                             log: running, run 1, pid 8
      restart db (uid 1000)  db: starting, run 2, wants up   spawn db 2, arm waiting 5000 ms
                             web: waiting
      spawned db 2: pid 9    db: running, run 2, pid 9       report started,
                             web: starting, run 1, wants up  report ticket 1 done by run 2,
                                                             spawn web 1, disarm waiting
    `)
  })

  test('and comes back together with its dependents: none is failed in between', () => {
    const bundle = plan(
      { db: {}, api: { after: ['db'] }, web: { after: ['api'] }, log: {} },
      {
        signals: { USR1: { forward: [], restart: ['db', 'web'], reload: [] } },
      },
    )
    const game = new Game(bundle).play('boot', spawnFailed('db', 1), spawned('log', 1, 8))
    expect(story(game.given(), 'USR1')).toMatchInlineSnapshot(`
      given  db: stopped, run 1, failed
             api: stopped, skipped
             web: stopped, skipped
             log: running, run 1, pid 8
      USR1   db: starting, run 2, wants up  spawn db 2, arm waiting 5000 ms
             api: waiting
             web: waiting
    `)
  })

  test('ends pitcrew with a failure if main needs it', () => {
    const bundle = plan({ init: { kind: 'job' }, agent: { main: true, after: ['init'] }, log: {} })
    expect(
      story(
        bundle,
        'boot',
        spawned('init', 1, 7),
        spawned('log', 1, 8),
        exited('init', 1, 1),
        exited('log', 1, 'TERM'),
      ),
    ).toMatchInlineSnapshot(`
      boot                   init: starting, run 1, wants up
                             agent: waiting
                             log: starting, run 1, wants up
                             > spawn init 1, spawn log 1, arm waiting 5000 ms
      spawned init 1: pid 7  init: running, run 1, pid 7
                             > report started
      spawned log 1: pid 8   log: running, run 1, pid 8
                             > report started
      exited init 1: code 1  init: stopped, run 1, failed
                             agent: stopped, skipped
                             log: terminating, run 1, pid 8, then requested
                             > report died, report skipped, report shutdown, arm deadline 8750 ms,
                               TERM to log 1, arm escalate:log:1 2063 ms, disarm waiting
      exited log 1: TERM     log: stopped, run 1, requested
                             > disarm escalate:log:1, report stopped, disarm deadline,
                               finish 126 (agent)
    `)
  })
})

test('while a dependency flaps, waiting dependents go on waiting and running ones go on running', () => {
  const bundle = plan({ db: { ready, restart: always }, web: { after: ['db'] }, log: {} })
  expect(
    story(
      bundle,
      'boot',
      spawned('db', 1, 7),
      spawned('log', 1, 8),
      exited('db', 1, 1),
      elapsed('backoff', 'db', 1),
      spawned('db', 2, 9),
      isReady('db', 2),
      spawned('web', 1, 10),
      exited('db', 2, 1),
    ),
  ).toMatchInlineSnapshot(`
    0 ms    boot                   db: starting, run 1, wants up
                                   web: waiting
                                   log: starting, run 1, wants up
                                   > spawn db 1, spawn log 1, arm waiting 5000 ms
    0 ms    spawned db 1: pid 7    db: running, run 1, pid 7, not ready
                                   > report started, arm ready:db:1 30000 ms, watch db 1 for ready
    0 ms    spawned log 1: pid 8   log: running, run 1, pid 8
                                   > report started
    0 ms    exited db 1: code 1    db: backoff, run 1
                                   > report died, disarm ready:db:1, unwatch db 1,
                                     arm backoff:db:1 200 ms
    200 ms  elapsed backoff:db:1   db: starting, run 2, wants up
                                   > spawn db 2
    200 ms  spawned db 2: pid 9    db: running, run 2, pid 9, not ready
                                   > report started, arm ready:db:2 30000 ms, watch db 2 for ready
    200 ms  ready db 2             db: running, run 2, pid 9, ready
                                   web: starting, run 1, wants up
                                   > disarm ready:db:2, unwatch db 2, report ready,
                                     report ticket 1 done by run 2, spawn web 1, disarm waiting
    200 ms  spawned web 1: pid 10  web: running, run 1, pid 10
                                   > report started
    200 ms  exited db 2: code 1    db: backoff, run 2
                                   > report died, arm backoff:db:2 400 ms
  `)
})

describe('a guard', () => {
  const bundle = plan({
    proxy: { guard: true, ready, restart: always },
    agent: { after: ['proxy'] },
    log: {},
  })
  const running = () =>
    new Game(bundle)
      .play('boot', spawned('proxy', 1, 7), spawned('log', 1, 8), isReady('proxy', 1))
      .play(spawned('agent', 1, 9))
      .given()

  test('that dies: its dependents are stopped, and started again when it is ready', () => {
    expect(
      story(
        running(),
        exited('proxy', 1, 1),
        exited('agent', 1, 'TERM'),
        elapsed('backoff', 'proxy', 1),
        spawned('proxy', 2, 17),
        isReady('proxy', 2),
        spawned('agent', 2, 19),
      ),
    ).toMatchInlineSnapshot(`
      0 ms    given                    proxy: running, run 1, pid 7, ready
                                       agent: running, run 1, pid 9
                                       log: running, run 1, pid 8
      0 ms    exited proxy 1: code 1   proxy: backoff, run 1
                                       agent: terminating, run 1, pid 9, then up
                                       > report died, arm backoff:proxy:1 200 ms, report held,
                                         TERM to agent 1, arm escalate:agent:1 4250 ms
      0 ms    exited agent 1: TERM     agent: waiting, run 1
                                       > disarm escalate:agent:1, report stopped,
                                         arm waiting 5000 ms
      200 ms  elapsed backoff:proxy:1  proxy: starting, run 2, wants up
                                       > spawn proxy 2
      200 ms  spawned proxy 2: pid 17  proxy: running, run 2, pid 17, not ready
                                       > report started, arm ready:proxy:2 30000 ms,
                                         watch proxy 2 for ready
      200 ms  ready proxy 2            proxy: running, run 2, pid 17, ready
                                       agent: starting, run 2, wants up
                                       > disarm ready:proxy:2, unwatch proxy 2, report ready,
                                         report ticket 1 done by run 2, spawn agent 2,
                                         disarm waiting
      200 ms  spawned agent 2: pid 19  agent: running, run 2, pid 19
                                       > report started
    `)
  })

  test('that is restarted: its dependents are stopped, too', () => {
    expect(story(running(), restart('proxy'))).toMatchInlineSnapshot(`
      given                     proxy: running, run 1, pid 7, ready
                                agent: running, run 1, pid 9
                                log: running, run 1, pid 8
      restart proxy (uid 1000)  proxy: terminating, run 1, pid 7, then up
                                agent: terminating, run 1, pid 9, then up
                                > TERM to proxy 1, arm escalate:proxy:1 4250 ms, report held,
                                  TERM to agent 1, arm escalate:agent:1 4250 ms
    `)
  })

  test('that dies while a dependent is being spawned: that run is ended at once, which is reported', () => {
    const game = new Game(bundle)
      .play('boot', spawned('proxy', 1, 7), spawned('log', 1, 8), isReady('proxy', 1))
      .given()
    expect(
      story(game, exited('proxy', 1, 1), spawned('agent', 1, 9), exited('agent', 1, 'TERM')),
    ).toMatchInlineSnapshot(`
      given                   proxy: running, run 1, pid 7, ready
                              agent: starting, run 1, wants up
                              log: running, run 1, pid 8
      exited proxy 1: code 1  proxy: backoff, run 1
                              agent: starting, run 1, wants again
                              > report died, arm backoff:proxy:1 200 ms, report held
      spawned agent 1: pid 9  agent: terminating, run 1, pid 9, then up
                              > report started, TERM to agent 1, arm escalate:agent:1 4250 ms
      exited agent 1: TERM    agent: waiting, run 1
                              > disarm escalate:agent:1, report stopped, arm waiting 5000 ms
    `)
  })
})

test('a job that is done does not keep pitcrew running and counts as success', () => {
  expect(story(up(plan({ init: { kind: 'job' } })), exited('init', 1))).toMatchInlineSnapshot(`
    given                  init: running, run 1, pid 7
    exited init 1: code 0  init: stopped, run 1, done   report done, finish 0
  `)
})
