/** Pipes, timers and processes of a run are gone when the run is over. And the checks of stories
 *  (story-checks.ts) are shown to catch violations. */
import { describe, expect, test } from 'vitest'
import {
  elapsed,
  exited,
  gone,
  later,
  leaderExited,
  outputClosed,
  restart,
  spawned,
} from '../events.ts'
import { plan } from '../plans.ts'
import { story, up } from '../story.ts'
import { StoryChecks } from '../story-checks.ts'

const pair = plan({ web: {}, db: {} })

describe('the output of a run that is over', () => {
  test('is closed after a second when another process holds it open', () => {
    expect(
      story(up(pair), exited('web', 1, 0, 'output open'), elapsed('linger', 'web', 1)),
    ).toMatchInlineSnapshot(`
      0 ms     given                 web: running, run 1, pid 7
                                     db: running, run 1, pid 8
      0 ms     exited web 1: code 0  web: stopped, run 1, done
                                     > report died, arm linger:web:1 1000 ms
      1000 ms  elapsed linger:web:1  > close-output web 1
    `)
  })

  test('is not awaited once it is closed', () => {
    expect(
      story(up(pair), exited('web', 1, 0, 'output open'), later(20, outputClosed('web', 1))),
    ).toMatchInlineSnapshot(`
      0 ms   given                 web: running, run 1, pid 7
                                   db: running, run 1, pid 8
      0 ms   exited web 1: code 0  web: stopped, run 1, done   report died, arm linger:web:1 1000 ms
      20 ms  output-closed web 1                               disarm linger:web:1
    `)
  })

  test('lingers from the end of the run, not from that of its leader', () => {
    expect(
      story(up(pair), leaderExited('web', 1), later(300, gone('web', 1, 'output open'))),
    ).toMatchInlineSnapshot(`
      0 ms    given                            web: running, run 1, pid 7
                                               db: running, run 1, pid 8
      0 ms    exited web 1: code 0, not alone  web: terminating, run 1, pid 7, then done
                                               > report died, arm escalate:web:1 500 ms,
                                                 TERM to the rest of web 1
      300 ms  gone web 1                       web: stopped, run 1, done
                                               > disarm escalate:web:1, arm linger:web:1 1000 ms
    `)
  })

  test('does not delay the next run and is not taken for its output', () => {
    expect(
      story(
        up(pair),
        restart('web'),
        exited('web', 1, 0, 'output open'),
        spawned('web', 2, 17),
        elapsed('linger', 'web', 1),
      ),
    ).toMatchInlineSnapshot(`
      0 ms     given                   web: running, run 1, pid 7
                                       db: running, run 1, pid 8
      0 ms     restart web (uid 1000)  web: terminating, run 1, pid 7, then up
                                       > TERM to web 1, arm escalate:web:1 4250 ms
      0 ms     exited web 1: code 0    web: starting, run 2, wants up
                                       > disarm escalate:web:1, arm linger:web:1 1000 ms,
                                         report stopped, spawn web 2
      0 ms     spawned web 2: pid 17   web: running, run 2, pid 17
                                       > report started, report ticket 1 done by run 2
      1000 ms  elapsed linger:web:1    > close-output web 1
    `)
  })

  test('does not delay the end: the rest is written while pitcrew finishes', () => {
    expect(
      story(up(plan({ web: {} })), 'TERM', exited('web', 1, 0, 'output open')),
    ).toMatchInlineSnapshot(`
      given                 web: running, run 1, pid 7
      TERM                  web: terminating, run 1, pid 7, then requested
                            > report shutdown, arm deadline 8750 ms, TERM to web 1,
                              arm escalate:web:1 4250 ms
      exited web 1: code 0  web: stopped, run 1, requested
                            > disarm escalate:web:1, arm linger:web:1 1000 ms, report stopped,
                              disarm deadline, finish 0
    `)
  })
})

describe('a run that KILL does not end', () => {
  test('is reported and probed', () => {
    expect(
      story(
        up(pair),
        restart('web'),
        elapsed('escalate', 'web', 1),
        elapsed('grace', 'web', 1),
        elapsed('stuck', 'web', 1),
      ),
    ).toMatchInlineSnapshot(`
      0 ms     given                   web: running, run 1, pid 7
                                       db: running, run 1, pid 8
      0 ms     restart web (uid 1000)  web: terminating, run 1, pid 7, then up
                                       > TERM to web 1, arm escalate:web:1 4250 ms
      4250 ms  elapsed escalate:web:1  > TERM to the rest of web 1, arm grace:web:1 4250 ms
      8500 ms  elapsed grace:web:1     web: killing, run 1, pid 7, then up
                                       > report killing, KILL to the tree of web 1,
                                         arm stuck:web:1 1000 ms
      9500 ms  elapsed stuck:web:1     > report stuck, probe web 1
    `)
  })

  test('is not replaced while it exists: never two runs, whatever is requested', () => {
    expect(
      story(
        up(pair),
        restart('web'),
        elapsed('escalate', 'web', 1),
        elapsed('grace', 'web', 1),
        elapsed('stuck', 'web', 1),
        restart('web'),
        leaderExited('web', 1, 'KILL'),
        restart('web'),
        gone('web', 1),
        spawned('web', 2, 17),
      ),
    ).toMatchInlineSnapshot(`
      0 ms     given                          web: running, run 1, pid 7
                                              db: running, run 1, pid 8
      0 ms     restart web (uid 1000)         web: terminating, run 1, pid 7, then up
                                              > TERM to web 1, arm escalate:web:1 4250 ms
      4250 ms  elapsed escalate:web:1         > TERM to the rest of web 1, arm grace:web:1 4250 ms
      8500 ms  elapsed grace:web:1            web: killing, run 1, pid 7, then up
                                              > report killing, KILL to the tree of web 1,
                                                arm stuck:web:1 1000 ms
      9500 ms  elapsed stuck:web:1            > report stuck, probe web 1
      9500 ms  restart web (uid 1000)
      9500 ms  exited web 1: KILL, not alone
      9500 ms  restart web (uid 1000)
      9500 ms  gone web 1                     web: starting, run 2, wants up
                                              > report stopped, spawn web 2
      9500 ms  spawned web 2: pid 17          web: running, run 2, pid 17
                                              > report started,
                                                report ticket 1 (3 requests) done by run 2
    `)
  })
})

test('a run that is over is never signalled again', () => {
  const game = up(pair).play(leaderExited('web', 1), gone('web', 1), 'TERM')
  expect(game.effects.filter(({ type }) => type === 'signal')).toEqual([
    { type: 'signal', daemon: 'db', run: 1, signal: 'TERM', to: 'leader' },
  ])
})

describe('every story is checked', () => {
  const { state } = up(pair)
  const boot = { type: 'boot', atMs: 0 } as const
  const began = { ...spawned('web', 1, 7), atMs: 0 }

  test('for two runs at once', () => {
    const watch = new StoryChecks()
    watch.step(began, [], state)
    expect(() => watch.step(boot, [{ type: 'spawn', daemon: 'web', run: 2 }], state)).toThrow(
      'web 2 is spawned beside web 1',
    )
  })

  test('for signals to a run that is over', () => {
    const watch = new StoryChecks()
    watch.step(began, [], state)
    watch.step({ ...exited('web', 1), atMs: 0 }, [], state)
    expect(() =>
      watch.step(
        boot,
        [{ type: 'signal', daemon: 'web', run: 1, signal: 'KILL', to: 'tree' }],
        state,
      ),
    ).toThrow('KILL to web 1, which is over')
  })

  test('for timers of a run that is over', () => {
    const timer = { kind: 'grace', daemon: 'web', run: 1 } as const
    expect(() => new StoryChecks().step(boot, [{ type: 'arm', timer, afterMs: 1 }], state)).toThrow(
      'grace of end:web:1 is armed',
    )
  })

  test('for what is spawned in a shutdown', () => {
    const stopping = up(pair).play('TERM').state
    expect(() =>
      new StoryChecks().step(boot, [{ type: 'spawn', daemon: 'web', run: 2 }], stopping),
    ).toThrow('web 2 is spawned in the shutdown')
  })
})
