/** `ready:`, `alive:` and `watchdog:`. Started, ready and alive are different states. */
import { describe, expect, test } from 'vitest'
import {
  alive,
  elapsed,
  exited,
  later,
  reconcile,
  restart,
  spawned,
  type TimelessEvent,
} from '../events.ts'
import { plan } from '../plans.ts'
import { Game, story, up } from '../story.ts'

const probe = { type: 'tcp', host: '127.0.0.1', port: 80 } as const
const ready = { sign: probe, timeoutMs: 5000, intervalMs: 100 }
const always = { policy: 'always', backoffMs: 200, backoffMaxMs: 30_000 } as const
const isReady: TimelessEvent = { type: 'ready', daemon: 'web', run: 1 }

describe('started and not ready', () => {
  const bundle = plan({ web: { ready, restart: always }, db: {} })

  test('a run is probed until it is ready', () => {
    expect(story(bundle, 'boot', spawned('web', 1, 7), later(300, isReady))).toMatchInlineSnapshot(`
      0 ms    boot                  web: starting, run 1, wants up
                                    db: starting, run 1, wants up
                                    > spawn web 1, spawn db 1
      0 ms    spawned web 1: pid 7  web: running, run 1, pid 7, not ready
                                    > report started, arm ready:web:1 5000 ms, watch web 1 for ready
      300 ms  ready web 1           web: running, run 1, pid 7, ready
                                    > disarm ready:web:1, unwatch web 1, report ready
    `)
  })

  test('a run that is not ready in time is ended, and the policy decides', () => {
    expect(
      story(
        bundle,
        'boot',
        spawned('web', 1, 7),
        elapsed('ready', 'web', 1),
        exited('web', 1, 'TERM'),
        elapsed('backoff', 'web', 1),
        spawned('web', 2, 17),
      ),
    ).toMatchInlineSnapshot(`
      0 ms     boot                   web: starting, run 1, wants up
                                      db: starting, run 1, wants up
                                      > spawn web 1, spawn db 1
      0 ms     spawned web 1: pid 7   web: running, run 1, pid 7, not ready
                                      > report started, arm ready:web:1 5000 ms,
                                        watch web 1 for ready
      5000 ms  elapsed ready:web:1    web: terminating, run 1, pid 7, then retry after 200 ms
                                      > report unfit, unwatch web 1, TERM to web 1,
                                        arm escalate:web:1 4250 ms
      5000 ms  exited web 1: TERM     web: backoff, run 1
                                      > disarm escalate:web:1, report stopped,
                                        arm backoff:web:1 200 ms
      5200 ms  elapsed backoff:web:1  web: waiting, run 1
                                      > arm waiting 5000 ms
      5200 ms  spawned web 2: pid 17
    `)
  })

  test('under never the daemon stays down, and its exit code is a failure', () => {
    expect(
      story(
        plan({ web: { ready } }),
        'boot',
        spawned('web', 1, 7),
        elapsed('ready', 'web', 1),
        exited('web', 1, 'TERM'),
      ),
    ).toMatchInlineSnapshot(`
      0 ms     boot                  web: starting, run 1, wants up
                                     > spawn web 1
      0 ms     spawned web 1: pid 7  web: running, run 1, pid 7, not ready
                                     > report started, arm ready:web:1 5000 ms,
                                       watch web 1 for ready
      5000 ms  elapsed ready:web:1   web: terminating, run 1, pid 7, then failed
                                     > report unfit, unwatch web 1, TERM to web 1,
                                       arm escalate:web:1 4250 ms
      5000 ms  exited web 1: TERM    web: stopped, run 1, failed
                                     > disarm escalate:web:1, report stopped, finish 1 (web)
    `)
  })

  test('a run extends its time to become ready', () => {
    const ping: TimelessEvent = { type: 'watchdog-ping', daemon: 'web', run: 1, extendMs: 20_000 }
    expect(
      story(bundle, 'boot', spawned('web', 1, 7), later(1000, ping), elapsed('ready', 'web', 1)),
    ).toMatchInlineSnapshot(`
      0 ms      boot                              web: starting, run 1, wants up
                                                  db: starting, run 1, wants up
                                                  > spawn web 1, spawn db 1
      0 ms      spawned web 1: pid 7              web: running, run 1, pid 7, not ready
                                                  > report started, arm ready:web:1 5000 ms,
                                                    watch web 1 for ready
      1000 ms   watchdog-ping web 1 for 20000 ms  > arm ready:web:1 20000 ms
      21000 ms  elapsed ready:web:1               web: terminating, run 1, pid 7, then retry after 200 ms
                                                  > report unfit, unwatch web 1, TERM to web 1,
                                                    arm escalate:web:1 4250 ms
    `)
  })

  test('reports of a run that is over are ignored', () => {
    const game = new Game(bundle).play(
      'boot',
      spawned('web', 1, 7),
      exited('web', 1, 1),
      elapsed('backoff', 'web', 1),
      spawned('web', 2, 8),
    )
    expect(story(game.given(), isReady)).toMatchInlineSnapshot(`
      given        web: waiting, run 1
                   db: starting, run 1, wants up
      ready web 1
    `)
  })
})

describe('ready and not alive', () => {
  const bundle = plan({
    web: {
      ready,
      restart: always,
      alive: { probe, intervalMs: 1000, timeoutMs: 100, failures: 3 },
      watchdogMs: 700,
      onDeath: ['/bin/tell'],
    },
    db: {},
  })
  const running = () => new Game(bundle).play('boot', spawned('web', 1, 7), isReady).given()

  test('a ready run is probed and its watchdog is armed', () => {
    expect(story(bundle, 'boot', spawned('web', 1, 7), isReady)).toMatchInlineSnapshot(`
      boot                  web: starting, run 1, wants up
                            db: starting, run 1, wants up
                            > spawn web 1, spawn db 1
      spawned web 1: pid 7  web: running, run 1, pid 7, not ready
                            > report started, arm ready:web:1 5000 ms, watch web 1 for ready
      ready web 1           web: running, run 1, pid 7, ready
                            > disarm ready:web:1, unwatch web 1, report ready,
                              watch web 1 for alive, arm watchdog:web:1 700 ms
    `)
  })

  test('an unhealthy run is ended and restarted, and its command is run', () => {
    const unfit: TimelessEvent = { type: 'unhealthy', daemon: 'web', run: 1, fault: 'not-alive' }
    expect(story(running(), unfit, exited('web', 1, 'TERM'))).toMatchInlineSnapshot(`
      given                       web: running, run 1, pid 7, ready
                                  db: starting, run 1, wants up
      unhealthy web 1: not-alive  web: terminating, run 1, pid 7, then retry after 200 ms
                                  > report unfit, run the death command of web 1,
                                    disarm ready:web:1, unwatch web 1, TERM to web 1,
                                    arm escalate:web:1 4250 ms
      exited web 1: TERM          web: backoff, run 1
                                  > disarm escalate:web:1, report stopped, arm backoff:web:1 200 ms
    `)
  })

  test('each ping starts the watchdog over', () => {
    const ping: TimelessEvent = { type: 'watchdog-ping', daemon: 'web', run: 1, extendMs: null }
    expect(
      story(running(), later(500, ping), elapsed('watchdog', 'web', 1)),
    ).toMatchInlineSnapshot(`
      0 ms     given                   web: running, run 1, pid 7, ready
                                       db: starting, run 1, wants up
      500 ms   watchdog-ping web 1     > arm watchdog:web:1 700 ms
      1200 ms  elapsed watchdog:web:1  web: terminating, run 1, pid 7, then retry after 200 ms
                                       > report unfit, run the death command of web 1,
                                         unwatch web 1, TERM to web 1, arm escalate:web:1 4250 ms
    `)
  })

  test('after a failure inside pitcrew it is probed again', () => {
    expect(
      story(running(), reconcile(alive('web', 1, 7), alive('db', 1, 8))),
    ).toMatchInlineSnapshot(`
      given                                web: running, run 1, pid 7, ready
                                           db: starting, run 1, wants up
      reconcile web 1: pid 7, db 1: pid 8  db: running, run 1, pid 8
                                           > watch web 1 for alive, arm watchdog:web:1 700 ms,
                                             report started
    `)
  })
})

test('readiness that was lost in a failure inside pitcrew is found again', () => {
  const bundle = plan({ web: { ready, restart: always } })
  const game = new Game(bundle).play('boot', spawned('web', 1, 7)).given()
  expect(story(game, reconcile({ ...alive('web', 1, 7), ready: true }))).toMatchInlineSnapshot(`
    given                          web: running, run 1, pid 7, not ready
    reconcile web 1: pid 7, ready  web: running, run 1, pid 7, ready
                                   > disarm ready:web:1, unwatch web 1, report ready
  `)
})

test('stop.command replaces the first signal; the rest of the stop is the same', () => {
  const bundle = plan({ web: { stop: { command: ['/bin/quit'], graceMs: 1000 } } })
  expect(
    story(
      new Game(bundle).play('boot', spawned('web', 1, 7)).given(),
      'TERM',
      elapsed('escalate', 'web', 1),
      elapsed('grace', 'web', 1),
      exited('web', 1, 'KILL'),
    ),
  ).toMatchInlineSnapshot(`
    0 ms     given                   web: running, run 1, pid 7
    0 ms     TERM                    web: terminating, run 1, pid 7, then requested
                                     > report shutdown, arm deadline 8750 ms,
                                       run the stop command of web 1, arm escalate:web:1 500 ms
    500 ms   elapsed escalate:web:1  > TERM to web 1, TERM to the rest of web 1,
                                       arm grace:web:1 500 ms
    1000 ms  elapsed grace:web:1     web: killing, run 1, pid 7, then requested
                                     > report killing, KILL to the tree of web 1,
                                       arm stuck:web:1 1000 ms
    1000 ms  exited web 1: KILL      web: stopped, run 1, requested
                                     > disarm escalate:web:1, end-command web 1, report stopped,
                                       disarm deadline, finish 0
  `)
})

test('stop.command and a failure inside pitcrew: the signal that follows counts as sent', () => {
  const game = new Game(plan({ web: { main: true, stop: { command: ['/bin/quit'] } } }))
  game.play('boot', spawned('web', 1, 7), 'TERM', reconcile(alive('web', 1, 7)))
  expect(game.play(exited('web', 1, 'TERM')).effects.at(-1)).toMatchObject({
    type: 'finish',
    report: { code: 0 },
  })
})

describe('the service manager above pitcrew', () => {
  test('is notified once that all daemons are ready or done, and that they stop', () => {
    const bundle = plan({ web: { ready }, init: { kind: 'job' } })
    const game = new Game(bundle).play('boot')
    const told = (beat: Parameters<Game['play']>[0]) =>
      game.play(beat).effects.flatMap((effect) => (effect.type === 'announce' ? effect.state : []))
    expect(told(spawned('web', 1, 7))).toEqual([])
    expect(told(spawned('init', 1, 8))).toEqual([])
    expect(told(isReady)).toEqual(['READY=1'])
    expect(told(exited('init', 1))).toEqual([])
    expect(told('TERM')).toEqual(['STOPPING=1'])
  })
})

describe('a run extends its stop', () => {
  const bundle = plan({ web: { stop: { graceMs: 1000 } }, db: {} })
  const ping = (extendMs: number): TimelessEvent => ({
    type: 'watchdog-ping',
    daemon: 'web',
    run: 1,
    extendMs,
  })

  test('escalation and KILL move; the last request counts', () => {
    const stops = [restart('web'), later(400, ping(2000)), later(100, ping(100))] as const
    expect(
      story(up(bundle), ...stops, elapsed('escalate', 'web', 1), elapsed('grace', 'web', 1)),
    ).toMatchInlineSnapshot(`
      0 ms     given                            web: running, run 1, pid 7
                                                db: running, run 1, pid 8
      0 ms     restart web (uid 1000)           web: terminating, run 1, pid 7, then up
                                                > TERM to web 1, arm escalate:web:1 500 ms
      400 ms   watchdog-ping web 1 for 2000 ms  > arm escalate:web:1 1000 ms
      500 ms   watchdog-ping web 1 for 100 ms
      1400 ms  elapsed escalate:web:1           > TERM to the rest of web 1, arm grace:web:1 1000 ms
      2400 ms  elapsed grace:web:1              web: killing, run 1, pid 7, then up
                                                > report killing, KILL to the tree of web 1,
                                                  arm stuck:web:1 1000 ms
    `)
  })

  test('never beyond the deadline of the restart', () => {
    expect(story(up(bundle), restart('web'), later(400, ping(60_000)))).toMatchInlineSnapshot(`
      0 ms    given                             web: running, run 1, pid 7
                                                db: running, run 1, pid 8
      0 ms    restart web (uid 1000)            web: terminating, run 1, pid 7, then up
                                                > TERM to web 1, arm escalate:web:1 500 ms
      400 ms  watchdog-ping web 1 for 60000 ms  > arm escalate:web:1 4050 ms
    `)
  })

  test('in a shutdown never into the time that later waves need', () => {
    const chain = plan({ db: {}, web: { after: ['db'], stop: { graceMs: 1000 } } })
    expect(story(up(chain), 'TERM', later(400, ping(60_000)))).toMatchInlineSnapshot(`
      0 ms    given                             db: running, run 1, pid 7
                                                web: running, run 1, pid 8
      0 ms    TERM                              web: terminating, run 1, pid 8, then requested
                                                > report shutdown, arm deadline 8750 ms,
                                                  TERM to web 1, arm escalate:web:1 500 ms
      400 ms  watchdog-ping web 1 for 60000 ms
    `)
  })

  test('after the escalation only KILL moves', () => {
    const half = elapsed('escalate', 'web', 1)
    expect(story(up(bundle), restart('web'), half, ping(3000))).toMatchInlineSnapshot(`
      0 ms    given                            web: running, run 1, pid 7
                                               db: running, run 1, pid 8
      0 ms    restart web (uid 1000)           web: terminating, run 1, pid 7, then up
                                               > TERM to web 1, arm escalate:web:1 500 ms
      500 ms  elapsed escalate:web:1           > TERM to the rest of web 1, arm grace:web:1 500 ms
      500 ms  watchdog-ping web 1 for 3000 ms  > arm grace:web:1 3000 ms
    `)
  })
})
