/** Time that is used up before the turn of a daemon: none is left then, and no other daemon gains
 *  any. */
import { expect, test } from 'vitest'
import { elapsed, exited, later, leaderExited } from '../events.ts'
import { plan } from '../plans.ts'
import { story, up } from '../story.ts'

/** The share of web ends 416 ms after TERM, that of db at 891 ms, and all of it at 950 ms. */
const chain = plan({ db: {}, web: { after: ['db'] } }, { deadlineMs: 1000 })

test('a wave that has used up its share before its turn is signalled and killed at once', () => {
  expect(
    story(
      up(chain),
      'TERM',
      elapsed('escalate', 'web', 1),
      elapsed('grace', 'web', 1),
      later(500, exited('web', 1, 'KILL')),
      elapsed('escalate', 'db', 1),
      elapsed('grace', 'db', 1),
      exited('db', 1, 'KILL'),
    ),
  ).toMatchInlineSnapshot(`
    0 ms    given                   db: running, run 1, pid 7
                                    web: running, run 1, pid 8
    0 ms    TERM                    web: terminating, run 1, pid 8, then requested
                                    > report shutdown, arm deadline 950 ms, TERM to web 1,
                                      arm escalate:web:1 208 ms
    208 ms  elapsed escalate:web:1  > TERM to the rest of web 1, arm grace:web:1 208 ms
    416 ms  elapsed grace:web:1     web: killing, run 1, pid 8, then requested
                                    > report killing, KILL to the tree of web 1,
                                      arm stuck:web:1 1000 ms
    916 ms  exited web 1: KILL      db: terminating, run 1, pid 7, then requested
                                    web: stopped, run 1, requested
                                    > disarm escalate:web:1, report stopped, TERM to db 1,
                                      arm escalate:db:1 0 ms
    916 ms  elapsed escalate:db:1   > TERM to the rest of db 1, arm grace:db:1 0 ms
    916 ms  elapsed grace:db:1      db: killing, run 1, pid 7, then requested
                                    > report killing, KILL to the tree of db 1,
                                      arm stuck:db:1 1000 ms
    916 ms  exited db 1: KILL       db: stopped, run 1, requested
                                    > disarm escalate:db:1, report stopped, disarm deadline,
                                      finish 0
  `)
})

test('so are the processes of a daemon that died before its turn', () => {
  expect(
    story(
      up(chain),
      'TERM',
      elapsed('escalate', 'web', 1),
      elapsed('grace', 'web', 1),
      later(400, leaderExited('db', 1, 3)),
      later(100, exited('web', 1, 'KILL')),
      elapsed('escalate', 'db', 1),
      elapsed('grace', 'db', 1),
    ),
  ).toMatchInlineSnapshot(`
    0 ms    given                           db: running, run 1, pid 7
                                            web: running, run 1, pid 8
    0 ms    TERM                            web: terminating, run 1, pid 8, then requested
                                            > report shutdown, arm deadline 950 ms, TERM to web 1,
                                              arm escalate:web:1 208 ms
    208 ms  elapsed escalate:web:1          > TERM to the rest of web 1, arm grace:web:1 208 ms
    416 ms  elapsed grace:web:1             web: killing, run 1, pid 8, then requested
                                            > report killing, KILL to the tree of web 1,
                                              arm stuck:web:1 1000 ms
    816 ms  exited db 1: code 3, not alone  db: terminating, run 1, pid 7, then failed
                                            > report died, arm escalate:db:1 500 ms,
                                              TERM to the rest of db 1
    916 ms  exited web 1: KILL              db: terminating, run 1, pid 7, then requested
                                            web: stopped, run 1, requested
                                            > disarm escalate:web:1, report stopped,
                                              arm escalate:db:1 0 ms
    916 ms  elapsed escalate:db:1           > arm grace:db:1 0 ms
    916 ms  elapsed grace:db:1              db: killing, run 1, pid 7, then requested
                                            > report killing, KILL to the tree of db 1,
                                              arm stuck:db:1 1000 ms
  `)
})

test('when a timer fires after the end of the grace, the tree is signalled and killed at once', () => {
  expect(
    story(up(plan({ web: {} })), 'TERM', later(9000, elapsed('escalate', 'web', 1))),
  ).toMatchInlineSnapshot(`
    0 ms     given                   web: running, run 1, pid 7
    0 ms     TERM                    web: terminating, run 1, pid 7, then requested
                                     > report shutdown, arm deadline 8750 ms, TERM to web 1,
                                       arm escalate:web:1 4250 ms
    9000 ms  elapsed escalate:web:1  > TERM to the rest of web 1, arm grace:web:1 0 ms
  `)
})
