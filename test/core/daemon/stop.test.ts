/** The course of a stop: the stop signal to the leader; to the rest of the tree when the leader is
 *  gone or at half of the grace; KILL to the tree at its end, once. */
import { describe, expect, test } from 'vitest'
import { elapsed, exited, gone, leaderExited } from '../events.ts'
import { plan } from '../plans.ts'
import { story, up } from '../story.ts'

const web = { web: {} }

test('a daemon that obeys gets one stop signal, to its leader', () => {
  expect(story(up(plan(web)), 'TERM', exited('web', 1))).toMatchInlineSnapshot(`
    given                 web: running, run 1, pid 7
    TERM                  web: terminating, run 1, pid 7, then requested
                          > report shutdown, arm deadline 8750 ms, TERM to web 1,
                            arm escalate:web:1 4250 ms
    exited web 1: code 0  web: stopped, run 1, requested
                          > disarm escalate:web:1, report stopped, disarm deadline, finish 0
  `)
})

test('when the leader is gone, the rest of the tree gets the stop signal at once', () => {
  expect(
    story(up(plan(web)), 'TERM', leaderExited('web', 1), gone('web', 1)),
  ).toMatchInlineSnapshot(`
    given                            web: running, run 1, pid 7
    TERM                             web: terminating, run 1, pid 7, then requested
                                     > report shutdown, arm deadline 8750 ms, TERM to web 1,
                                       arm escalate:web:1 4250 ms
    exited web 1: code 0, not alone  > TERM to the rest of web 1
    gone web 1                       web: stopped, run 1, requested
                                     > disarm escalate:web:1, report stopped, disarm deadline,
                                       finish 0
  `)
})

test('while the leader lives, the rest of the tree gets the stop signal at half of the grace, once', () => {
  expect(
    story(
      up(plan(web)),
      'TERM',
      elapsed('escalate', 'web', 1),
      leaderExited('web', 1),
      gone('web', 1),
    ),
  ).toMatchInlineSnapshot(`
    0 ms     given                            web: running, run 1, pid 7
    0 ms     TERM                             web: terminating, run 1, pid 7, then requested
                                              > report shutdown, arm deadline 8750 ms,
                                                TERM to web 1, arm escalate:web:1 4250 ms
    4250 ms  elapsed escalate:web:1           > TERM to the rest of web 1, arm grace:web:1 4250 ms
    4250 ms  exited web 1: code 0, not alone
    4250 ms  gone web 1                       web: stopped, run 1, requested
                                              > disarm escalate:web:1, report stopped,
                                                disarm deadline, finish 0
  `)
})

test('a tree that was signalled when its leader ended is not signalled again at half of the grace', () => {
  expect(
    story(up(plan(web)), 'TERM', leaderExited('web', 1), elapsed('escalate', 'web', 1)),
  ).toMatchInlineSnapshot(`
    0 ms     given                            web: running, run 1, pid 7
    0 ms     TERM                             web: terminating, run 1, pid 7, then requested
                                              > report shutdown, arm deadline 8750 ms,
                                                TERM to web 1, arm escalate:web:1 4250 ms
    0 ms     exited web 1: code 0, not alone  > TERM to the rest of web 1
    4250 ms  elapsed escalate:web:1           > arm grace:web:1 4250 ms
  `)
})

test('at the end of the grace the tree gets KILL, once', () => {
  expect(
    story(
      up(plan(web)),
      'TERM',
      elapsed('escalate', 'web', 1),
      elapsed('grace', 'web', 1),
      leaderExited('web', 1, 'KILL'),
      gone('web', 1),
    ),
  ).toMatchInlineSnapshot(`
    0 ms     given                          web: running, run 1, pid 7
    0 ms     TERM                           web: terminating, run 1, pid 7, then requested
                                            > report shutdown, arm deadline 8750 ms,
                                              TERM to web 1, arm escalate:web:1 4250 ms
    4250 ms  elapsed escalate:web:1         > TERM to the rest of web 1, arm grace:web:1 4250 ms
    8500 ms  elapsed grace:web:1            web: killing, run 1, pid 7, then requested
                                            > report killing, KILL to the tree of web 1,
                                              arm stuck:web:1 1000 ms
    8500 ms  exited web 1: KILL, not alone
    8500 ms  gone web 1                     web: stopped, run 1, requested
                                            > disarm escalate:web:1, report stopped,
                                              disarm deadline, finish 0
  `)
})

test('a descendant that ignores the signal is killed after its leader obeyed', () => {
  expect(
    story(
      up(plan(web)),
      'TERM',
      leaderExited('web', 1),
      elapsed('escalate', 'web', 1),
      elapsed('grace', 'web', 1),
      gone('web', 1),
    ),
  ).toMatchInlineSnapshot(`
    0 ms     given                            web: running, run 1, pid 7
    0 ms     TERM                             web: terminating, run 1, pid 7, then requested
                                              > report shutdown, arm deadline 8750 ms,
                                                TERM to web 1, arm escalate:web:1 4250 ms
    0 ms     exited web 1: code 0, not alone  > TERM to the rest of web 1
    4250 ms  elapsed escalate:web:1           > arm grace:web:1 4250 ms
    8500 ms  elapsed grace:web:1              web: killing, run 1, pid 7, then requested
                                              > report killing, KILL to the tree of web 1,
                                                arm stuck:web:1 1000 ms
    8500 ms  gone web 1                       web: stopped, run 1, requested
                                              > disarm escalate:web:1, report stopped,
                                                disarm deadline, finish 0
  `)
})

describe('the bundle sets', () => {
  test('the stop signal', () => {
    const bundle = plan({ web: { stop: { signal: 'QUIT' } } })
    expect(
      story(up(bundle), 'TERM', elapsed('escalate', 'web', 1), exited('web', 1)),
    ).toMatchInlineSnapshot(`
      0 ms     given                   web: running, run 1, pid 7
      0 ms     TERM                    web: terminating, run 1, pid 7, then requested
                                       > report shutdown, arm deadline 8750 ms, QUIT to web 1,
                                         arm escalate:web:1 4250 ms
      4250 ms  elapsed escalate:web:1  > QUIT to the rest of web 1, arm grace:web:1 4250 ms
      4250 ms  exited web 1: code 0    web: stopped, run 1, requested
                                       > disarm escalate:web:1, report stopped, disarm deadline,
                                         finish 0
    `)
  })

  test('the grace, from the stop signal to KILL', () => {
    const bundle = plan({ web: { stop: { graceMs: 1000 } } })
    expect(
      story(up(bundle), 'TERM', elapsed('escalate', 'web', 1), elapsed('grace', 'web', 1)),
    ).toMatchInlineSnapshot(`
      0 ms     given                   web: running, run 1, pid 7
      0 ms     TERM                    web: terminating, run 1, pid 7, then requested
                                       > report shutdown, arm deadline 8750 ms, TERM to web 1,
                                         arm escalate:web:1 500 ms
      500 ms   elapsed escalate:web:1  > TERM to the rest of web 1, arm grace:web:1 500 ms
      1000 ms  elapsed grace:web:1     web: killing, run 1, pid 7, then requested
                                       > report killing, KILL to the tree of web 1,
                                         arm stuck:web:1 1000 ms
    `)
  })

  test('a grace of zero', () => {
    const bundle = plan({ web: { stop: { graceMs: 0 } } })
    expect(
      story(up(bundle), 'TERM', elapsed('escalate', 'web', 1), elapsed('grace', 'web', 1)),
    ).toMatchInlineSnapshot(`
      given                   web: running, run 1, pid 7
      TERM                    web: terminating, run 1, pid 7, then requested
                              > report shutdown, arm deadline 8750 ms, TERM to web 1,
                                arm escalate:web:1 0 ms
      elapsed escalate:web:1  > TERM to the rest of web 1, arm grace:web:1 0 ms
      elapsed grace:web:1     web: killing, run 1, pid 7, then requested
                              > report killing, KILL to the tree of web 1, arm stuck:web:1 1000 ms
    `)
  })
})
