/** After a failure inside pitcrew: ends of runs that were not observed, and their timers. */
import { expect, test } from 'vitest'
import {
  alive,
  elapsed,
  ended,
  exited,
  later,
  leaderExited,
  reconcile,
  restart,
} from '../events.ts'
import { plan } from '../plans.ts'
import { story, up } from '../story.ts'

const web = plan({ web: {} })
const pair = plan({ web: {}, db: {} })
const db = alive('db', 1, 8)
const unknown = { code: 0, signal: 0 }

test('a run that ended unobserved counts by the exit that the host knows', () => {
  const game = up(pair).play(restart('web'), reconcile(ended('web', 1, 7, 3), db))
  expect(game.daemon('web').last).toMatchObject({ exit: { code: 3, signal: 0 } })
})

test('a run of which the rest ended unobserved counts by the exit of its leader', () => {
  const game = up(pair).play(leaderExited('web', 1, 3), reconcile(db))
  expect(game.daemon('web').last).toMatchObject({ exit: { code: 3, signal: 0 } })
})

test('an unknown end counts as 0', () => {
  const running = up(pair).play(reconcile(db))
  expect(running.daemon('web').last).toMatchObject({ exit: unknown, requested: false })
  const stopping = up(pair).play(restart('web'), reconcile(db))
  expect(stopping.daemon('web').last).toMatchObject({ exit: unknown, requested: true })
})

test('a KILL that fell due meanwhile leaves no timer of the stop behind', () => {
  expect(
    story(
      up(web),
      'TERM',
      elapsed('escalate', 'web', 1),
      later(4300, reconcile(alive('web', 1, 7))),
      exited('web', 1, 'KILL'),
    ),
  ).toMatchInlineSnapshot(`
    0 ms     given                   web: running, run 1, pid 7
    0 ms     TERM                    web: terminating, run 1, pid 7, then requested
                                     > report shutdown, arm deadline 8750 ms, TERM to web 1,
                                       arm escalate:web:1 4250 ms
    4250 ms  elapsed escalate:web:1  > TERM to the rest of web 1, arm grace:web:1 4250 ms
    8550 ms  reconcile web 1: pid 7  web: killing, run 1, pid 7, then requested
                                     > disarm escalate:web:1, report killing,
                                       KILL to the tree of web 1, arm stuck:web:1 1000 ms,
                                       arm deadline 200 ms
    8550 ms  exited web 1: KILL      web: stopped, run 1, requested
                                     > disarm escalate:web:1, report stopped, disarm deadline,
                                       finish 0
  `)
})

test('a failure that comes with every timer does not make the timers spin', () => {
  const game = up(web).play(restart('web'), later(8450, reconcile(alive('web', 1, 7))))
  expect(game.effects).toContainEqual({
    type: 'arm',
    timer: { kind: 'escalate', daemon: 'web', run: 1 },
    afterMs: 100,
  })
})
