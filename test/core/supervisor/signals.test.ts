/** Signals to pitcrew. The course of a stop is in stop.test.ts. */
import { describe, expect, test } from 'vitest'
import { type Signal, signalNumbers } from '../../../src/core/signals.ts'
import { exited, spawned } from '../events.ts'
import { plan } from '../plans.ts'
import { Game, story, up } from '../story.ts'

describe('TERM and INT shut down, idempotent', () => {
  test.each<Signal>(['TERM', 'INT'])('%s', (signal) => {
    const game = up(plan({ web: {} })).play(signal)
    expect(game.daemon('web')).toMatchObject({ phase: 'terminating', next: 'requested' })
    game.play('INT')
    expect(game.effects).toEqual([])
    game.play('TERM')
    expect(game.effects).toEqual([])
  })

  test('TERM then INT is one shutdown', () => {
    expect(
      story(up(plan({ web: {} })), 'TERM', 'INT', 'TERM', exited('web', 1), 'TERM'),
    ).toMatchInlineSnapshot(`
      given                 web: running, run 1, pid 7
      TERM                  web: terminating, run 1, pid 7, then requested
                            > report shutdown, arm deadline 8750 ms, TERM to web 1,
                              arm escalate:web:1 4250 ms
      INT
      TERM
      exited web 1: code 0  web: stopped, run 1, requested
                            > disarm escalate:web:1, report stopped, disarm deadline, finish 0
      TERM
    `)
  })

  test('TERM before the first start: no daemon is started', () => {
    expect(story(plan({ web: {} }), 'TERM', 'boot')).toMatchInlineSnapshot(`
      TERM    report shutdown, arm deadline 8750 ms, disarm deadline, finish 0
      boot
    `)
  })

  test('TERM while the daemons start: running daemons are stopped, the others are not started', () => {
    expect(
      story(
        plan({ web: {}, db: {}, log: {} }),
        'boot',
        spawned('web', 1, 7),
        'TERM',
        spawned('db', 1, 8),
        exited('web', 1),
        exited('db', 1),
      ),
    ).toMatchInlineSnapshot(`
      boot                  web: starting, run 1, wants up
                            db: starting, run 1, wants up
                            log: starting, run 1, wants up
                            > spawn web 1, spawn db 1, spawn log 1
      spawned web 1: pid 7  web: running, run 1, pid 7
                            > report started
      TERM                  web: terminating, run 1, pid 7, then requested
                            db: starting, run 1, wants down
                            log: starting, run 1, wants down
                            > report shutdown, arm deadline 8750 ms, TERM to web 1,
                              arm escalate:web:1 4250 ms
      spawned db 1: pid 8   db: terminating, run 1, pid 8, then requested
                            > report started, TERM to db 1, arm escalate:db:1 4250 ms
      exited web 1: code 0  web: stopped, run 1, requested
                            > disarm escalate:web:1, report stopped
      exited db 1: code 0   db: stopped, run 1, requested
                            > disarm escalate:db:1, report stopped
    `)
  })
})

describe('HUP and USR1, and any other, do what the map says', () => {
  const signals = {
    HUP: { forward: ['egress'], restart: [], reload: [] },
    USR1: { forward: [], restart: ['pipelock'], reload: [] },
    USR2: { forward: ['egress', 'pipelock'], restart: ['gate'], reload: [] },
  }
  const bundle = plan({ egress: {}, pipelock: {}, gate: {} }, { signals })

  test('forward: the leader of each named daemon gets the same signal', () => {
    expect(story(up(bundle), 'HUP')).toMatchInlineSnapshot(`
      given  egress: running, run 1, pid 7
             pipelock: running, run 1, pid 8
             gate: running, run 1, pid 9
      HUP                                     forward HUP to egress 1, report forwarded
    `)
  })

  test('restart: each named daemon is restarted, and no other', () => {
    expect(
      story(up(bundle), 'USR1', exited('pipelock', 1), spawned('pipelock', 2, 17)),
    ).toMatchInlineSnapshot(`
      given                       egress: running, run 1, pid 7
                                  pipelock: running, run 1, pid 8
                                  gate: running, run 1, pid 9
      USR1                        pipelock: terminating, run 1, pid 8, then up
                                  > TERM to pipelock 1, arm escalate:pipelock:1 4250 ms
      exited pipelock 1: code 0   pipelock: starting, run 2, wants up
                                  > disarm escalate:pipelock:1, report stopped, spawn pipelock 2
      spawned pipelock 2: pid 17  pipelock: running, run 2, pid 17
                                  > report started, report ticket 1 done by run 2
    `)
  })

  test('reload: each named daemon is reloaded in its own way, which is no work of the core', () => {
    const reloads = { HUP: { forward: [], restart: [], reload: ['web', 'db'] } }
    const game = up(plan({ web: {}, db: {}, log: {} }, { signals: reloads }))
    expect(story(game, 'HUP')).toMatchInlineSnapshot(`
      given  web: running, run 1, pid 7
             db: running, run 1, pid 8
             log: running, run 1, pid 9
      HUP                                reload web, reload db
    `)
    const by = { kind: 'signal', signal: 'HUP' }
    expect(game.effects).toEqual([
      { type: 'operate', verb: 'reload', daemon: 'web', by },
      { type: 'operate', verb: 'reload', daemon: 'db', by },
    ])
  })

  test('a shutdown wins over a reload', () => {
    const reloads = { HUP: { forward: [], restart: [], reload: ['web'] } }
    const game = up(plan({ web: {} }, { signals: reloads }))
    expect(story(game, 'TERM', 'HUP')).toMatchInlineSnapshot(`
      given  web: running, run 1, pid 7
      TERM   web: terminating, run 1, pid 7, then requested  report shutdown, arm deadline 8750 ms,
                                                             TERM to web 1,
                                                             arm escalate:web:1 4250 ms
      HUP                                                    report HUP ignored, 1 so far
    `)
  })

  test('forward and restart together', () => {
    expect(story(up(bundle), 'USR2')).toMatchInlineSnapshot(`
      given  egress: running, run 1, pid 7
             pipelock: running, run 1, pid 8
             gate: running, run 1, pid 9
      USR2   gate: terminating, run 1, pid 9, then up  forward USR2 to egress 1, report forwarded,
                                                       forward USR2 to pipelock 1, report forwarded,
                                                       TERM to gate 1, arm escalate:gate:1 4250 ms
    `)
  })

  test('forward to a daemon that is not running is logged', () => {
    expect(story(up(bundle), exited('egress', 1, 1), 'HUP')).toMatchInlineSnapshot(`
      given                    egress: running, run 1, pid 7
                               pipelock: running, run 1, pid 8
                               gate: running, run 1, pid 9
      exited egress 1: code 1  egress: stopped, run 1, failed   report died
      HUP                                                       report not-forwarded
    `)
  })

  test('forward to a daemon that is not selected is logged', () => {
    expect(story(up(plan({ gate: {} }, { signals })), 'HUP', 'USR1')).toMatchInlineSnapshot(`
      given  gate: running, run 1, pid 7
      HUP                                 report not-forwarded
      USR1                                report ticket 1 failed
    `)
  })

  test('before the first daemon is up, USR1 is satisfied by the first run', () => {
    expect(
      story(
        plan({ web: {}, pipelock: {} }, { signals }),
        'boot',
        'USR1',
        'HUP',
        spawned('web', 1, 7),
        spawned('pipelock', 1, 8),
      ),
    ).toMatchInlineSnapshot(`
      boot                       web: starting, run 1, wants up
                                 pipelock: starting, run 1, wants up
                                 > spawn web 1, spawn pipelock 1
      USR1
      HUP                        > report not-forwarded
      spawned web 1: pid 7       web: running, run 1, pid 7
                                 > report started
      spawned pipelock 1: pid 8  pipelock: running, run 1, pid 8
                                 > report started, report ticket 1 done by run 1
    `)
  })

  test('in a shutdown they are ignored and logged', () => {
    expect(story(up(bundle), 'INT', 'HUP', 'USR1', exited('pipelock', 1))).toMatchInlineSnapshot(`
      given                      egress: running, run 1, pid 7
                                 pipelock: running, run 1, pid 8
                                 gate: running, run 1, pid 9
      INT                        egress: terminating, run 1, pid 7, then requested
                                 pipelock: terminating, run 1, pid 8, then requested
                                 gate: terminating, run 1, pid 9, then requested
                                 > report shutdown, arm deadline 8750 ms, TERM to egress 1,
                                   arm escalate:egress:1 4250 ms, TERM to pipelock 1,
                                   arm escalate:pipelock:1 4250 ms, TERM to gate 1,
                                   arm escalate:gate:1 4250 ms
      HUP                        > report HUP ignored, 1 so far
      USR1                       > report USR1 ignored, 1 so far
      exited pipelock 1: code 0  pipelock: stopped, run 1, requested
                                 > disarm escalate:pipelock:1, report stopped
    `)
  })

  test('once every daemon has ended they are ignored while the output is written', () => {
    expect(
      story(up(plan({ pipelock: {} }, { signals })), exited('pipelock', 1), 'USR1', 'TERM'),
    ).toMatchInlineSnapshot(`
      given                      pipelock: running, run 1, pid 7
      exited pipelock 1: code 0  pipelock: stopped, run 1, done
                                 > report died, finish 0
      USR1                       > report USR1 ignored, 1 so far
      TERM
    `)
  })

  test('ten thousand USR1 are one restart', () => {
    const game = up(bundle).play(...Array<Signal>(10_000).fill('USR1'))
    game.play(exited('pipelock', 1), spawned('pipelock', 2, 17))
    expect(game.daemon('pipelock')).toMatchObject({ phase: 'running', run: 2 })
    expect(game.effects).toHaveLength(2)
    expect(game.effects[1]).toMatchObject({ note: { ticket: { requests: 10_000 } } })
  })

  test('a signal that a run is sent many times is remembered once', () => {
    const game = up(bundle).play('HUP', 'HUP', 'HUP')
    expect(game.daemon('egress')).toMatchObject({ sent: [signalNumbers.HUP] })
  })
})

describe('an unmapped signal is logged and ignored', () => {
  test('the first, the tenth, the hundredth time …', () => {
    const game = up(plan({ web: {} }))
    const told: number[] = []
    for (let n = 1; n <= 10_000; n++) {
      if (game.play('HUP').effects.length > 0) told.push(n)
    }
    expect(told).toEqual([1, 10, 100, 1000, 10_000])
    expect(game.daemon('web').phase).toBe('running')
  })

  test('each signal has a count of its own', () => {
    expect(story(up(plan({ web: {} })), 'HUP', 'HUP', 'USR1', 'USR1')).toMatchInlineSnapshot(`
      given  web: running, run 1, pid 7
      HUP                                report HUP ignored, 1 so far
      HUP
      USR1                               report USR1 ignored, 1 so far
      USR1
    `)
  })

  test.each<Signal>(['CHLD', 'CONT', 'URG', 'WINCH'])(
    '%s means nothing: not even logged',
    (signal) => {
      expect(up(plan({ web: {} })).play(signal).effects).toEqual([])
    },
  )
})

describe('a hangup shuts down', () => {
  test('whatever HUP is mapped to', () => {
    const signals = { HUP: { forward: ['web'], restart: [], reload: [] } }
    expect(story(up(plan({ web: {} }, { signals })), 'hangup', 'HUP')).toMatchInlineSnapshot(`
      given   web: running, run 1, pid 7
      hangup  web: terminating, run 1, pid 7, then requested  report shutdown, arm deadline 8750 ms,
                                                              TERM to web 1,
                                                              arm escalate:web:1 4250 ms
      HUP                                                     report HUP ignored, 1 so far
    `)
  })

  test('and changes nothing in a shutdown', () => {
    expect(up(plan({ web: {} })).play('TERM', 'hangup').effects).toEqual([])
  })
})

test('without a selected daemon pitcrew ends at once with 0', () => {
  expect(new Game(plan({})).play('boot').text).toMatchInlineSnapshot(`boot    finish 0`)
})
