/** DESIGN §4: "A stop is: the stop signal and CONT to the leader; the stop signal to the group when the
 *  leader is gone or at half the grace; KILL to the group at the end, once." CONT is sent by the host
 *  (effect.ts). */
import { describe, expect, test } from 'vitest'
import { elapsed, exited, gone, leaderExited } from '../events.ts'
import { plan } from '../plans.ts'
import { story, up } from '../story.ts'

const web = { web: {} }

test('a daemon that obeys: the stop signal to the leader, and that is all', () => {
  expect(story(up(plan(web)), 'TERM', exited('web', 1))).toMatchInlineSnapshot(`
    given                 web: running, run 1, pid 7
    TERM                  web: terminating, run 1, pid 7, then requested
                          > say shutdown, arm deadline 8750 ms, TERM to web 1,
                            arm escalate:web:1 4250 ms
    exited web 1: code 0  web: stopped, run 1, requested
                          > disarm escalate:web:1, say stopped, disarm deadline, finish 0
  `)
})

test('a leader that is gone: the stop signal to the rest of the tree at once', () => {
  expect(
    story(up(plan(web)), 'TERM', leaderExited('web', 1), gone('web', 1)),
  ).toMatchInlineSnapshot(`
    given                            web: running, run 1, pid 7
    TERM                             web: terminating, run 1, pid 7, then requested
                                     > say shutdown, arm deadline 8750 ms, TERM to web 1,
                                       arm escalate:web:1 4250 ms
    exited web 1: code 0, not alone  > TERM to the rest of web 1
    gone web 1                       web: stopped, run 1, requested
                                     > disarm escalate:web:1, say stopped, disarm deadline,
                                       finish 0
  `)
})

test('a leader that takes its time: the tree is told at half of the grace, and once', () => {
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
                                              > say shutdown, arm deadline 8750 ms, TERM to web 1,
                                                arm escalate:web:1 4250 ms
    4250 ms  elapsed escalate:web:1           > TERM to the rest of web 1, arm grace:web:1 4250 ms
    4250 ms  exited web 1: code 0, not alone
    4250 ms  gone web 1                       web: stopped, run 1, requested
                                              > disarm escalate:web:1, say stopped,
                                                disarm deadline, finish 0
  `)
})

test('a tree told when its leader went is not told again at half of the grace', () => {
  expect(
    story(up(plan(web)), 'TERM', leaderExited('web', 1), elapsed('escalate', 'web', 1)),
  ).toMatchInlineSnapshot(`
    0 ms     given                            web: running, run 1, pid 7
    0 ms     TERM                             web: terminating, run 1, pid 7, then requested
                                              > say shutdown, arm deadline 8750 ms, TERM to web 1,
                                                arm escalate:web:1 4250 ms
    0 ms     exited web 1: code 0, not alone  > TERM to the rest of web 1
    4250 ms  elapsed escalate:web:1           > arm grace:web:1 4250 ms
  `)
})

test('what does not obey: KILL to the tree at the end of the grace, once', () => {
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
                                            > say shutdown, arm deadline 8750 ms, TERM to web 1,
                                              arm escalate:web:1 4250 ms
    4250 ms  elapsed escalate:web:1         > TERM to the rest of web 1, arm grace:web:1 4250 ms
    8500 ms  elapsed grace:web:1            web: killing, run 1, pid 7, then requested
                                            > say killing, KILL to the tree of web 1,
                                              arm stuck:web:1 1000 ms
    8500 ms  exited web 1: KILL, not alone
    8500 ms  gone web 1                     web: stopped, run 1, requested
                                            > disarm escalate:web:1, say stopped, disarm deadline,
                                              finish 0
  `)
})

test('a member that ignores the signal is killed after its leader obeyed', () => {
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
                                              > say shutdown, arm deadline 8750 ms, TERM to web 1,
                                                arm escalate:web:1 4250 ms
    0 ms     exited web 1: code 0, not alone  > TERM to the rest of web 1
    4250 ms  elapsed escalate:web:1           > arm grace:web:1 4250 ms
    8500 ms  elapsed grace:web:1              web: killing, run 1, pid 7, then requested
                                              > say killing, KILL to the tree of web 1,
                                                arm stuck:web:1 1000 ms
    8500 ms  gone web 1                       web: stopped, run 1, requested
                                              > disarm escalate:web:1, say stopped,
                                                disarm deadline, finish 0
  `)
})

describe('the bundle may say', () => {
  test('which signal', () => {
    const bundle = plan({ web: { stop: { signal: 'QUIT' } } })
    expect(
      story(up(bundle), 'TERM', elapsed('escalate', 'web', 1), exited('web', 1)),
    ).toMatchInlineSnapshot(`
      0 ms     given                   web: running, run 1, pid 7
      0 ms     TERM                    web: terminating, run 1, pid 7, then requested
                                       > say shutdown, arm deadline 8750 ms, QUIT to web 1,
                                         arm escalate:web:1 4250 ms
      4250 ms  elapsed escalate:web:1  > QUIT to the rest of web 1, arm grace:web:1 4250 ms
      4250 ms  exited web 1: code 0    web: stopped, run 1, requested
                                       > disarm escalate:web:1, say stopped, disarm deadline,
                                         finish 0
    `)
  })

  test('how long: the grace counts from the stop signal to KILL', () => {
    const bundle = plan({ web: { stop: { graceMs: 1000 } } })
    expect(
      story(up(bundle), 'TERM', elapsed('escalate', 'web', 1), elapsed('grace', 'web', 1)),
    ).toMatchInlineSnapshot(`
      0 ms     given                   web: running, run 1, pid 7
      0 ms     TERM                    web: terminating, run 1, pid 7, then requested
                                       > say shutdown, arm deadline 8750 ms, TERM to web 1,
                                         arm escalate:web:1 500 ms
      500 ms   elapsed escalate:web:1  > TERM to the rest of web 1, arm grace:web:1 500 ms
      1000 ms  elapsed grace:web:1     web: killing, run 1, pid 7, then requested
                                       > say killing, KILL to the tree of web 1,
                                         arm stuck:web:1 1000 ms
    `)
  })

  test('no time at all', () => {
    const bundle = plan({ web: { stop: { graceMs: 0 } } })
    expect(
      story(up(bundle), 'TERM', elapsed('escalate', 'web', 1), elapsed('grace', 'web', 1)),
    ).toMatchInlineSnapshot(`
      given                   web: running, run 1, pid 7
      TERM                    web: terminating, run 1, pid 7, then requested
                              > say shutdown, arm deadline 8750 ms, TERM to web 1,
                                arm escalate:web:1 0 ms
      elapsed escalate:web:1  > TERM to the rest of web 1, arm grace:web:1 0 ms
      elapsed grace:web:1     web: killing, run 1, pid 7, then requested
                              > say killing, KILL to the tree of web 1, arm stuck:web:1 1000 ms
    `)
  })
})
