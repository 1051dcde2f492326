/** The one deadline of a shutdown, in its course. */
import { describe, expect, test } from 'vitest'
import { elapsed, exited, gone, later, leaderExited, restart } from '../events.ts'
import { plan } from '../plans.ts'
import { story, up } from '../story.ts'

describe('a shutdown keeps its deadline', () => {
  const chain = { db: {}, web: { after: ['db'] } }

  test('each wave has its share', () => {
    expect(
      story(
        up(plan(chain)),
        'TERM',
        elapsed('escalate', 'web', 1),
        elapsed('grace', 'web', 1),
        later(100, exited('web', 1, 'KILL')),
        elapsed('escalate', 'db', 1),
        elapsed('grace', 'db', 1),
      ),
    ).toMatchInlineSnapshot(`
      0 ms     given                   db: running, run 1, pid 7
                                       web: running, run 1, pid 8
      0 ms     TERM                    web: terminating, run 1, pid 8, then requested
                                       > report shutdown, arm deadline 8750 ms, TERM to web 1,
                                         arm escalate:web:1 2063 ms
      2063 ms  elapsed escalate:web:1  > TERM to the rest of web 1, arm grace:web:1 2063 ms
      4125 ms  elapsed grace:web:1     web: killing, run 1, pid 8, then requested
                                       > report killing, KILL to the tree of web 1,
                                         arm stuck:web:1 1000 ms
      4225 ms  exited web 1: KILL      db: terminating, run 1, pid 7, then requested
                                       web: stopped, run 1, requested
                                       > disarm escalate:web:1, report stopped, TERM to db 1,
                                         arm escalate:db:1 2138 ms
      6363 ms  elapsed escalate:db:1   > TERM to the rest of db 1, arm grace:db:1 2138 ms
      8500 ms  elapsed grace:db:1      db: killing, run 1, pid 7, then requested
                                       > report killing, KILL to the tree of db 1,
                                         arm stuck:db:1 1000 ms
    `)
  })

  test('the time that a wave does not use goes to the next wave', () => {
    expect(
      story(
        up(plan(chain)),
        'TERM',
        later(500, exited('web', 1)),
        elapsed('escalate', 'db', 1),
        elapsed('grace', 'db', 1),
      ),
    ).toMatchInlineSnapshot(`
      0 ms     given                  db: running, run 1, pid 7
                                      web: running, run 1, pid 8
      0 ms     TERM                   web: terminating, run 1, pid 8, then requested
                                      > report shutdown, arm deadline 8750 ms, TERM to web 1,
                                        arm escalate:web:1 2063 ms
      500 ms   exited web 1: code 0   db: terminating, run 1, pid 7, then requested
                                      web: stopped, run 1, requested
                                      > disarm escalate:web:1, report stopped, TERM to db 1,
                                        arm escalate:db:1 4000 ms
      4500 ms  elapsed escalate:db:1  > TERM to the rest of db 1, arm grace:db:1 4000 ms
      8500 ms  elapsed grace:db:1     db: killing, run 1, pid 7, then requested
                                      > report killing, KILL to the tree of db 1,
                                        arm stuck:db:1 1000 ms
    `)
  })

  test('no daemon has more than its own grace', () => {
    const bundle = plan({ db: { stop: { graceMs: 1000 } }, web: { after: ['db'] } })
    expect(
      story(
        up(bundle),
        'TERM',
        later(100, exited('web', 1)),
        elapsed('escalate', 'db', 1),
        elapsed('grace', 'db', 1),
      ),
    ).toMatchInlineSnapshot(`
      0 ms     given                  db: running, run 1, pid 7
                                      web: running, run 1, pid 8
      0 ms     TERM                   web: terminating, run 1, pid 8, then requested
                                      > report shutdown, arm deadline 8750 ms, TERM to web 1,
                                        arm escalate:web:1 3625 ms
      100 ms   exited web 1: code 0   db: terminating, run 1, pid 7, then requested
                                      web: stopped, run 1, requested
                                      > disarm escalate:web:1, report stopped, TERM to db 1,
                                        arm escalate:db:1 500 ms
      600 ms   elapsed escalate:db:1  > TERM to the rest of db 1, arm grace:db:1 500 ms
      1100 ms  elapsed grace:db:1     db: killing, run 1, pid 7, then requested
                                      > report killing, KILL to the tree of db 1,
                                        arm stuck:db:1 1000 ms
    `)
  })

  test('at the deadline all remaining daemons are killed and reported, and pitcrew ends', () => {
    expect(
      story(
        up(plan({ log: {}, ...chain })),
        'TERM',
        exited('log', 1),
        elapsed('escalate', 'web', 1),
        elapsed('grace', 'web', 1),
        elapsed('deadline'),
      ),
    ).toMatchInlineSnapshot(`
      0 ms     given                   log: running, run 1, pid 7
                                       db: running, run 1, pid 8
                                       web: running, run 1, pid 9
      0 ms     TERM                    log: terminating, run 1, pid 7, then requested
                                       web: terminating, run 1, pid 9, then requested
                                       > report shutdown, arm deadline 8750 ms, TERM to log 1,
                                         arm escalate:log:1 2063 ms, TERM to web 1,
                                         arm escalate:web:1 2063 ms
      0 ms     exited log 1: code 0    log: stopped, run 1, requested
                                       > disarm escalate:log:1, report stopped
      2063 ms  elapsed escalate:web:1  > TERM to the rest of web 1, arm grace:web:1 2063 ms
      4125 ms  elapsed grace:web:1     web: killing, run 1, pid 9, then requested
                                       > report killing, KILL to the tree of web 1,
                                         arm stuck:web:1 1000 ms
      8750 ms  elapsed deadline        > KILL to the tree of db 1, report deadline missed: db web,
                                         finish 0
    `)
  })

  test('a daemon that KILL does not end does not delay the stop of the next wave', () => {
    expect(
      story(
        up(plan(chain)),
        'TERM',
        elapsed('escalate', 'web', 1),
        elapsed('grace', 'web', 1),
        elapsed('stuck', 'web', 1),
        exited('db', 1),
        elapsed('deadline'),
      ),
    ).toMatchInlineSnapshot(`
      0 ms     given                   db: running, run 1, pid 7
                                       web: running, run 1, pid 8
      0 ms     TERM                    web: terminating, run 1, pid 8, then requested
                                       > report shutdown, arm deadline 8750 ms, TERM to web 1,
                                         arm escalate:web:1 2063 ms
      2063 ms  elapsed escalate:web:1  > TERM to the rest of web 1, arm grace:web:1 2063 ms
      4125 ms  elapsed grace:web:1     web: killing, run 1, pid 8, then requested
                                       > report killing, KILL to the tree of web 1,
                                         arm stuck:web:1 1000 ms
      5125 ms  elapsed stuck:web:1     db: terminating, run 1, pid 7, then requested
                                       > report stuck, probe web 1, TERM to db 1,
                                         arm escalate:db:1 1688 ms
      5125 ms  exited db 1: code 0     db: stopped, run 1, requested
                                       > disarm escalate:db:1, report stopped
      8750 ms  elapsed deadline        > report deadline missed: web, finish 0
    `)
  })

  test('a daemon that was stuck before does neither; it is awaited until the deadline', () => {
    expect(
      story(
        up(plan(chain))
          .play(
            restart('web'),
            elapsed('escalate', 'web', 1),
            elapsed('grace', 'web', 1),
            elapsed('stuck', 'web', 1),
          )
          .given(),
        'TERM',
        exited('db', 1),
        gone('web', 1),
      ),
    ).toMatchInlineSnapshot(`
      given                db: running, run 1, pid 7
                           web: killing, run 1, pid 8, then up
      TERM                 db: terminating, run 1, pid 7, then requested
                           web: killing, run 1, pid 8, then requested
                           > report shutdown, arm deadline 8750 ms, report ticket 1 superseded,
                             TERM to db 1, arm escalate:db:1 4250 ms
      exited db 1: code 0  db: stopped, run 1, requested
                           > disarm escalate:db:1, report stopped
      gone web 1           web: stopped, run 1, requested
                           > report stopped, disarm deadline, finish 0
    `)
  })

  test('events after the end change nothing', () => {
    const game = up(plan(chain)).play('TERM', elapsed('deadline'))
    for (const beat of [leaderExited('web', 1), gone('web', 1), exited('db', 1), 'TERM'] as const) {
      expect(game.play(beat).effects.filter(({ type }) => type === 'finish')).toEqual([])
    }
    expect(game.state.finished).toBe(true)
  })

  test('the rest of the deadline is for the output', () => {
    const game = up(plan({ web: {} })).play(later(60_000, 'TERM'), later(2000, exited('web', 1)))
    expect(game.effects.at(-1)).toMatchObject({ type: 'finish', flushMs: 7000 })
  })
})
