/** After a failure inside pitcrew: lost orders. A second signal is harmless, a missing one is
 *  not. */
import { describe, expect, test } from 'vitest'
import {
  alive,
  elapsed,
  ended,
  exited,
  later,
  leaderExited,
  reconcile,
  reconcileWithShutdown,
  restart,
} from '../events.ts'
import { plan } from '../plans.ts'
import { story, up } from '../story.ts'

const pair = plan({ web: {}, db: {} })
const web = plan({ web: {} })
const chain = plan({ db: {}, web: { after: ['db'] } })
const db = alive('db', 1, 8)

describe('orders that may be lost are repeated', () => {
  test('the stop signal', () => {
    expect(
      story(up(web), restart('web'), later(1000, reconcile(alive('web', 1, 7)))),
    ).toMatchInlineSnapshot(`
      0 ms     given                   web: running, run 1, pid 7
      0 ms     restart web (uid 1000)  web: terminating, run 1, pid 7, then up
                                       > TERM to web 1, arm escalate:web:1 4250 ms
      1000 ms  reconcile web 1: pid 7  > TERM to web 1, arm escalate:web:1 3750 ms
    `)
  })

  test('the stop signal to the tree, without delaying KILL', () => {
    expect(
      story(
        up(web),
        restart('web'),
        elapsed('escalate', 'web', 1),
        later(1000, reconcile(alive('web', 1, 7))),
        elapsed('escalate', 'web', 1),
        elapsed('grace', 'web', 1),
      ),
    ).toMatchInlineSnapshot(`
      0 ms     given                   web: running, run 1, pid 7
      0 ms     restart web (uid 1000)  web: terminating, run 1, pid 7, then up
                                       > TERM to web 1, arm escalate:web:1 4250 ms
      4250 ms  elapsed escalate:web:1  > TERM to the rest of web 1, arm grace:web:1 4250 ms
      5250 ms  reconcile web 1: pid 7  > TERM to web 1, TERM to the rest of web 1,
                                         arm escalate:web:1 1625 ms
      6875 ms  elapsed escalate:web:1  > arm grace:web:1 1625 ms
      8500 ms  elapsed grace:web:1     web: killing, run 1, pid 7, then up
                                       > report killing, KILL to the tree of web 1,
                                         arm stuck:web:1 1000 ms
    `)
  })

  test('the stop signal to the rest of a tree after the lost end of its leader, once', () => {
    expect(
      story(
        up(web),
        restart('web'),
        reconcile(ended('web', 1, 7, 0, 'rest alive')),
        elapsed('escalate', 'web', 1),
      ),
    ).toMatchInlineSnapshot(`
      0 ms     given                    web: running, run 1, pid 7
      0 ms     restart web (uid 1000)   web: terminating, run 1, pid 7, then up
                                        > TERM to web 1, arm escalate:web:1 4250 ms
      0 ms     reconcile web 1: code 0  > TERM to the rest of web 1, arm escalate:web:1 4250 ms
      4250 ms  elapsed escalate:web:1   > arm grace:web:1 4250 ms
    `)
  })

  test('KILL', () => {
    expect(
      story(
        up(web),
        restart('web'),
        elapsed('escalate', 'web', 1),
        elapsed('grace', 'web', 1),
        reconcile(alive('web', 1, 7)),
        elapsed('stuck', 'web', 1),
      ),
    ).toMatchInlineSnapshot(`
      0 ms     given                   web: running, run 1, pid 7
      0 ms     restart web (uid 1000)  web: terminating, run 1, pid 7, then up
                                       > TERM to web 1, arm escalate:web:1 4250 ms
      4250 ms  elapsed escalate:web:1  > TERM to the rest of web 1, arm grace:web:1 4250 ms
      8500 ms  elapsed grace:web:1     web: killing, run 1, pid 7, then up
                                       > report killing, KILL to the tree of web 1,
                                         arm stuck:web:1 1000 ms
      8500 ms  reconcile web 1: pid 7  > KILL to the tree of web 1, arm stuck:web:1 1000 ms
      9500 ms  elapsed stuck:web:1     > report stuck, probe web 1
    `)
  })

  test('a KILL that fell due meanwhile, at once', () => {
    expect(
      story(up(web), restart('web'), later(9000, reconcile(alive('web', 1, 7)))),
    ).toMatchInlineSnapshot(`
      0 ms     given                   web: running, run 1, pid 7
      0 ms     restart web (uid 1000)  web: terminating, run 1, pid 7, then up
                                       > TERM to web 1, arm escalate:web:1 4250 ms
      9000 ms  reconcile web 1: pid 7  web: killing, run 1, pid 7, then up
                                       > disarm escalate:web:1, report killing,
                                         KILL to the tree of web 1, arm stuck:web:1 1000 ms
    `)
  })

  test('KILL to the rest of a tree', () => {
    expect(
      story(
        up(pair),
        leaderExited('web', 1, 3),
        later(1000, reconcile(ended('web', 1, 7, 3, 'rest alive'), db)),
      ),
    ).toMatchInlineSnapshot(`
      0 ms     given                                 web: running, run 1, pid 7
                                                     db: running, run 1, pid 8
      0 ms     exited web 1: code 3, not alone       web: terminating, run 1, pid 7, then failed
                                                     > report died, arm escalate:web:1 500 ms,
                                                       TERM to the rest of web 1
      1000 ms  reconcile web 1: code 3, db 1: pid 8  web: killing, run 1, pid 7, then failed
                                                     > disarm escalate:web:1, report killing,
                                                       KILL to the tree of web 1,
                                                       arm stuck:web:1 1000 ms
    `)
  })

  test('the end', () => {
    expect(
      story(up(web), exited('web', 1, 3), reconcile(), 'TERM', reconcileWithShutdown()),
    ).toMatchInlineSnapshot(`
      given                                  web: running, run 1, pid 7
      exited web 1: code 3                   web: stopped, run 1, failed
                                             > report died, finish 3 (web)
      reconcile nothing                      > finish 3 (web)
      TERM
      reconcile nothing, shutdown requested  > finish 3 (web)
    `)
  })
})

describe('the shutdown', () => {
  test('was requested during the failure', () => {
    expect(
      story(up(web), reconcileWithShutdown(alive('web', 1, 7)), exited('web', 1)),
    ).toMatchInlineSnapshot(`
      given                                       web: running, run 1, pid 7
      reconcile web 1: pid 7, shutdown requested  web: terminating, run 1, pid 7, then requested
                                                  > report shutdown, arm deadline 8750 ms,
                                                    TERM to web 1, arm escalate:web:1 4250 ms
      exited web 1: code 0                        web: stopped, run 1, requested
                                                  > disarm escalate:web:1, report stopped,
                                                    disarm deadline, finish 0
    `)
  })

  test('goes on with the same deadline', () => {
    expect(
      story(
        up(web),
        'TERM',
        later(3000, reconcileWithShutdown(alive('web', 1, 7))),
        elapsed('deadline'),
      ),
    ).toMatchInlineSnapshot(`
      0 ms     given                                       web: running, run 1, pid 7
      0 ms     TERM                                        web: terminating, run 1, pid 7, then requested
                                                           > report shutdown, arm deadline 8750 ms,
                                                             TERM to web 1,
                                                             arm escalate:web:1 4250 ms
      3000 ms  reconcile web 1: pid 7, shutdown requested  > TERM to web 1,
                                                             arm escalate:web:1 2750 ms,
                                                             arm deadline 5750 ms
      8750 ms  elapsed deadline                            > KILL to the tree of web 1,
                                                             report deadline missed: web, finish 0
    `)
  })

  test('goes on to the next wave', () => {
    expect(
      story(
        up(chain),
        'TERM',
        reconcileWithShutdown(alive('db', 1, 7), ended('web', 1, 8, 0)),
        exited('db', 1),
      ),
    ).toMatchInlineSnapshot(`
      given                                                           db: running, run 1, pid 7
                                                                      web: running, run 1, pid 8
      TERM                                                            web: terminating, run 1, pid 8, then requested
                                                                      > report shutdown,
                                                                        arm deadline 8750 ms,
                                                                        TERM to web 1,
                                                                        arm escalate:web:1 2063 ms
      reconcile db 1: pid 7, web 1: code 0, gone, shutdown requested  db: terminating, run 1, pid 7, then requested
                                                                      web: stopped, run 1, requested
                                                                      > disarm escalate:web:1,
                                                                        arm linger:web:1 1000 ms,
                                                                        report stopped,
                                                                        TERM to db 1,
                                                                        arm escalate:db:1 4250 ms,
                                                                        arm deadline 8750 ms
      exited db 1: code 0                                             db: stopped, run 1, requested
                                                                      > disarm escalate:db:1,
                                                                        report stopped,
                                                                        disarm deadline, finish 0
    `)
  })

  test('is over when its deadline passed meanwhile', () => {
    expect(
      story(up(web), 'TERM', later(9000, reconcileWithShutdown(alive('web', 1, 7)))),
    ).toMatchInlineSnapshot(`
      0 ms     given                                       web: running, run 1, pid 7
      0 ms     TERM                                        web: terminating, run 1, pid 7, then requested
                                                           > report shutdown, arm deadline 8750 ms,
                                                             TERM to web 1,
                                                             arm escalate:web:1 4250 ms
      9000 ms  reconcile web 1: pid 7, shutdown requested  web: killing, run 1, pid 7, then requested
                                                           > disarm escalate:web:1, report killing,
                                                             KILL to the tree of web 1,
                                                             arm stuck:web:1 1000 ms,
                                                             report deadline missed: web,
                                                             disarm deadline, finish 0
    `)
  })
})
