/** Bugs that the simulator (test/sim) found, as stories. */
import { describe, expect, test } from 'vitest'
import { elapsed, ended, exited, gone, later, leaderExited, reconcile, restart } from '../events.ts'
import { plan } from '../plans.ts'
import { story, up } from '../story.ts'

test('a leader that ended with 137 was not ended by the later KILL to the rest', () => {
  expect(
    story(
      up(plan({ web: { critical: true } })),
      leaderExited('web', 1, 137),
      elapsed('escalate', 'web', 1),
      elapsed('grace', 'web', 1),
      gone('web', 1),
    ),
  ).toMatchInlineSnapshot(`
    0 ms     given                              web: running, run 1, pid 7
    0 ms     exited web 1: code 137, not alone  web: terminating, run 1, pid 7, then failed
                                                > report died, arm escalate:web:1 500 ms,
                                                  TERM to the rest of web 1
    500 ms   elapsed escalate:web:1             > arm grace:web:1 500 ms
    1000 ms  elapsed grace:web:1                web: killing, run 1, pid 7, then failed
                                                > report killing, KILL to the tree of web 1,
                                                  arm stuck:web:1 1000 ms
    1000 ms  gone web 1                         web: stopped, run 1, failed
                                                > disarm escalate:web:1, report shutdown,
                                                  arm deadline 8750 ms, disarm deadline,
                                                  finish 137 (web)
  `)
})

test('daemons that the deadline killed are not reported as deaths and not killed again', () => {
  expect(
    story(
      up(plan({ db: {}, web: { after: ['db'] } })),
      'TERM',
      elapsed('escalate', 'web', 1),
      elapsed('grace', 'web', 1),
      elapsed('deadline'),
      leaderExited('db', 1, 'KILL'),
      gone('db', 1),
    ),
  ).toMatchInlineSnapshot(`
    0 ms     given                         db: running, run 1, pid 7
                                           web: running, run 1, pid 8
    0 ms     TERM                          web: terminating, run 1, pid 8, then requested
                                           > report shutdown, arm deadline 8750 ms, TERM to web 1,
                                             arm escalate:web:1 2063 ms
    2063 ms  elapsed escalate:web:1        > TERM to the rest of web 1, arm grace:web:1 2063 ms
    4125 ms  elapsed grace:web:1           web: killing, run 1, pid 8, then requested
                                           > report killing, KILL to the tree of web 1,
                                             arm stuck:web:1 1000 ms
    8750 ms  elapsed deadline              > KILL to the tree of db 1,
                                             report deadline missed: db web, finish 0
    8750 ms  exited db 1: KILL, not alone
    8750 ms  gone db 1
  `)
})

describe('a recovery', () => {
  test('starts no daemon when its findings shut down the bundle', () => {
    expect(
      story(
        up(plan({ web: {}, agent: { critical: true } })),
        restart('web'),
        reconcile(ended('web', 1, 7, 'TERM'), ended('agent', 1, 8, 1)),
      ),
    ).toMatchInlineSnapshot(`
      given                                               web: running, run 1, pid 7
                                                          agent: running, run 1, pid 8
      restart web (uid 1000)                              web: terminating, run 1, pid 7, then up
                                                          > TERM to web 1,
                                                            arm escalate:web:1 4250 ms
      reconcile web 1: TERM, gone, agent 1: code 1, gone  web: stopped, run 1, requested
                                                          agent: stopped, run 1, failed
                                                          > disarm escalate:web:1,
                                                            arm linger:web:1 1000 ms,
                                                            report stopped, report died,
                                                            arm linger:agent:1 1000 ms,
                                                            report shutdown, arm deadline 8750 ms,
                                                            report ticket 1 superseded,
                                                            disarm deadline, finish 1 (agent)
    `)
  })

  test('visits all daemons before it ends any: a death is not reported as a stop', () => {
    expect(
      story(
        up(plan({ agent: { main: true }, web: {} })),
        reconcile(ended('agent', 1, 7, 0), ended('web', 1, 8, 3)),
      ),
    ).toMatchInlineSnapshot(`
      given                                                 agent: running, run 1, pid 7
                                                            web: running, run 1, pid 8
      reconcile agent 1: code 0, gone, web 1: code 3, gone  agent: stopped, run 1, done
                                                            web: stopped, run 1, failed
                                                            > report died,
                                                              arm linger:agent:1 1000 ms,
                                                              report died, arm linger:web:1 1000 ms,
                                                              report shutdown, arm deadline 8750 ms,
                                                              disarm deadline, finish 0 (agent)
    `)
  })
})

test('a run without an answer to its spawn is killed at the deadline, too', () => {
  expect(
    story(
      up(plan({ web: {} })),
      restart('web'),
      exited('web', 1),
      later(5, 'TERM'),
      elapsed('deadline'),
    ),
  ).toMatchInlineSnapshot(`
    0 ms     given                   web: running, run 1, pid 7
    0 ms     restart web (uid 1000)  web: terminating, run 1, pid 7, then up
                                     > TERM to web 1, arm escalate:web:1 4250 ms
    0 ms     exited web 1: code 0    web: starting, run 2, wants up
                                     > disarm escalate:web:1, report stopped, spawn web 2
    5 ms     TERM                    web: starting, run 2, wants down
                                     > report shutdown, arm deadline 8750 ms,
                                       report ticket 1 superseded
    8755 ms  elapsed deadline        > KILL to the tree of web 2, report deadline missed: web,
                                       finish 0
  `)
})

test('a late ping in a stop does not shorten the time that is left', () => {
  const ping = { type: 'watchdog-ping', daemon: 'web', run: 1, extendMs: null } as const
  expect(
    story(up(plan({ web: { stop: { graceMs: 50 } } })), restart('web'), later(75, ping)),
  ).toMatchInlineSnapshot(`
    0 ms   given                   web: running, run 1, pid 7
    0 ms   restart web (uid 1000)  web: terminating, run 1, pid 7, then up
                                   > TERM to web 1, arm escalate:web:1 25 ms
    75 ms  watchdog-ping web 1
  `)
})
