/** A restart by the policy has a ticket like a requested one. */
import { describe, expect, test } from 'vitest'
import {
  type Beat,
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
  type TimelessEvent,
} from '../events.ts'
import { plan } from '../plans.ts'
import { beginMs, story, up } from '../story.ts'

const slow = { sign: { type: 'notify' }, timeoutMs: 1000, intervalMs: 100 } as const
const always = { restart: { policy: 'always' } } as const
const web = plan({ web: always, db: {} })
const slowWeb = plan({ web: { ...always, ready: slow }, db: {} })

describe('a restart by the policy has a ticket', () => {
  test.each<[string, Beat[], object]>([
    ['at once', [exited('web', 1, 3)], { why: 'exit code 3', stoppedAtMs: beginMs }],
    [
      'with a rest of its tree',
      [leaderExited('web', 1, 3)],
      { why: 'exit code 3', stoppedAtMs: null },
    ],
    ['by a signal', [exited('web', 1, 'KILL')], { why: 'signal KILL' }],
  ])('%s', (_, beats, expected) => {
    expect(
      up(web)
        .play(...beats)
        .state.tickets.get('web'),
    ).toMatchObject({
      verb: 'restart',
      by: { kind: 'policy' },
      old: { run: 1, pid: 7 },
      satisfiedByRun: 2,
      outcome: { kind: 'open' },
      ...expected,
    })
  })

  test('after a failed start, without an old run', () => {
    const game = up(web).play(restart('web'), exited('web', 1), spawnFailed('web', 2))
    expect(game.state.tickets.get('web')).toMatchObject({
      id: 2,
      by: { kind: 'policy' },
      why: 'cannot start it: exec: ENOENT',
      old: null,
      satisfiedByRun: 3,
    })
  })

  test('with one line as its reason, even after an error of pitcrew with a stack', () => {
    const failed = spawnFailed('web', 2, `planted ${'x'.repeat(300)}\n    at step`, 'internal')
    const game = up(web).play(restart('web'), exited('web', 1), failed)
    const { why = '' } = game.state.tickets.get('web') ?? {}
    expect(why).toMatch(/^cannot start it: internal: planted x+$/)
    expect(why).toHaveLength(200)
  })

  test('after a run that was not ready in time', () => {
    const game = up(slowWeb).play(elapsed('ready', 'web', 1))
    expect(game.state.tickets.get('web')).toMatchObject({
      by: { kind: 'policy' },
      why: 'not ready in time',
    })
  })
})

test('a death without another run makes no ticket', () => {
  const game = up(plan({ web: {}, db: {} })).play(exited('web', 1, 3))
  expect(game.state.ticketsMade).toBe(0)
})

test('it is done when the run is ready', () => {
  expect(
    story(
      up(slowWeb).play({ type: 'ready', daemon: 'web', run: 1 }),
      exited('web', 1, 3),
      elapsed('backoff', 'web', 1),
      spawned('web', 2, 17),
      later(30, { type: 'ready', daemon: 'web', run: 2 }),
    ),
  ).toMatchInlineSnapshot(`
    0 ms    given                  web: running, run 1, pid 7, not ready
                                   db: running, run 1, pid 8
    0 ms    ready web 1            web: running, run 1, pid 7, ready
                                   > disarm ready:web:1, report ready
    0 ms    exited web 1: code 3   web: backoff, run 1
                                   > report died, arm backoff:web:1 200 ms
    200 ms  elapsed backoff:web:1  web: starting, run 2, wants up
                                   > spawn web 2
    200 ms  spawned web 2: pid 17  web: running, run 2, pid 17, not ready
                                   > report started, arm ready:web:2 1000 ms
    230 ms  ready web 2            web: running, run 2, pid 17, ready
                                   > disarm ready:web:2, report ready,
                                     report ticket 1 done by run 2
  `)
})

test('each run that dies before it is ready ends a ticket and makes another', () => {
  expect(
    story(
      up(slowWeb),
      exited('web', 1, 3),
      elapsed('backoff', 'web', 1),
      spawned('web', 2, 17),
      exited('web', 2, 3),
      elapsed('backoff', 'web', 2),
      spawned('web', 3, 17),
    ),
  ).toMatchInlineSnapshot(`
    0 ms    given                  web: running, run 1, pid 7, not ready
                                   db: running, run 1, pid 8
    0 ms    exited web 1: code 3   web: backoff, run 1
                                   > report died, disarm ready:web:1, arm backoff:web:1 200 ms
    200 ms  elapsed backoff:web:1  web: starting, run 2, wants up
                                   > spawn web 2
    200 ms  spawned web 2: pid 17  web: running, run 2, pid 17, not ready
                                   > report started, arm ready:web:2 1000 ms
    200 ms  exited web 2: code 3   web: backoff, run 2
                                   > report died, disarm ready:web:2, arm backoff:web:2 400 ms,
                                     report ticket 1 failed
    600 ms  elapsed backoff:web:2  web: starting, run 3, wants up
                                   > spawn web 3
    600 ms  spawned web 3: pid 17  web: running, run 3, pid 17, not ready
                                   > report started, arm ready:web:3 1000 ms
  `)
})

describe('while it is open', () => {
  test.each<[string, TimelessEvent]>([
    ['a restart', restart('web')],
    ['a start', start('web')],
  ])('%s takes its place, and does not wait for its backoff', (_, request) => {
    const game = up(web).play(exited('web', 1, 3), later(10, request), spawned('web', 2, 17))
    expect(game.state.tickets.get('web')).toMatchObject({
      id: 2,
      by: { kind: 'client' },
      requests: 1,
      outcome: { kind: 'done', tookMs: 0 },
    })
  })

  test('a request supersedes it even while the rest of the old run is being ended', () => {
    expect(
      story(
        up(web),
        leaderExited('web', 1, 3),
        restart('web'),
        gone('web', 1),
        spawned('web', 2, 17),
      ),
    ).toMatchInlineSnapshot(`
      given                            web: running, run 1, pid 7
                                       db: running, run 1, pid 8
      exited web 1: code 3, not alone  web: terminating, run 1, pid 7, then retry after 200 ms
                                       > report died, arm escalate:web:1 500 ms,
                                         TERM to the rest of web 1
      restart web (uid 1000)           web: terminating, run 1, pid 7, then up
                                       > report ticket 1 superseded
      gone web 1                       web: starting, run 2, wants up
                                       > disarm escalate:web:1, spawn web 2
      spawned web 2: pid 17            web: running, run 2, pid 17
                                       > report started, report ticket 2 done by run 2
    `)
  })

  test('a restart supersedes it once the next run is spawned', () => {
    expect(
      story(
        up(slowWeb).play(exited('web', 1, 3), elapsed('backoff', 'web', 1), spawned('web', 2, 17)),
        restart('web'),
      )
        .split('\n')
        .slice(-3)
        .join('\n'),
    ).toMatchInlineSnapshot(`
      200 ms  restart web (uid 1000)  web: terminating, run 2, pid 17, then up
                                      > report ticket 1 superseded, disarm ready:web:2,
                                        TERM to web 2, arm escalate:web:2 4250 ms
    `)
  })

  test('a stop supersedes it', () => {
    const game = up(web).play(exited('web', 1, 3), stop('web'))
    expect(game.effects[0]).toMatchObject({
      note: { ticket: { id: 1, outcome: { kind: 'superseded', by: 2, verb: 'stop' } } },
    })
    expect(game.state.tickets.get('web')).toMatchObject({ id: 2, outcome: { kind: 'done' } })
  })
})

test('during an open request the policy makes no ticket', () => {
  const game = up(web).play(restart('web'), leaderExited('web', 1, 3), restart('web'))
  expect([game.state.ticketsMade, game.state.tickets.get('web')?.requests]).toEqual([1, 2])
})
