/** The engine may be interrupted while a step is being committed. The counts and queues are then
 *  out of step with the daemons; a reconcile derives them again. */
import { expect, test } from 'vitest'
import {
  alive,
  type Beat,
  ended,
  exited,
  reconcile,
  reconcileWithShutdown,
  restart,
} from '../events.ts'
import { plan } from '../plans.ts'
import { type Game, story, up } from '../story.ts'

const web = plan({ web: {} })
const chain = plan({ db: {}, web: { after: ['db'] } })
const db = alive('db', 1, 8)

/** A state in which the daemons are committed and the other fields are not. */
function writeHalf(game: Game, beat: Beat): Game {
  const before = { ...game.state }
  game.play(beat)
  game.state = before
  return game
}

test('the next starts are derived again', () => {
  const three = plan({ web: {}, api: {}, log: {} })
  const game = up(three).play(exited('web', 1), exited('api', 1), restart('web'))
  expect(
    story(
      writeHalf(game, restart('api')).given(),
      reconcile(alive('log', 1, 9), alive('web', 2, 17)),
    ),
  ).toMatchInlineSnapshot(`
    given                                  web: starting, run 2, wants up
                                           api: waiting, run 1
                                           log: running, run 1, pid 9
    reconcile log 1: pid 9, web 2: pid 17  web: running, run 2, pid 17
                                           api: starting, run 2, wants up
                                           > report started, report ticket 1 done by run 2,
                                             spawn api 2, disarm waiting
  `)
})

test('the end of the main daemon is derived again', () => {
  const game = up(plan({ agent: { main: true }, db: {} }))
  expect(
    story(writeHalf(game, exited('agent', 1, 5)).given(), reconcile(db)),
  ).toMatchInlineSnapshot(`
    given                  agent: stopped, run 1, failed
                           db: terminating, run 1, pid 8, then requested
    reconcile db 1: pid 8  > TERM to db 1, arm escalate:db:1 4250 ms, report shutdown,
                             arm deadline 8750 ms
  `)
})

test('the end of all daemons is derived again', () => {
  expect(
    story(writeHalf(up(web), exited('web', 1, 5)).given(), reconcile()),
  ).toMatchInlineSnapshot(`
    given              web: stopped, run 1, failed
    reconcile nothing                               finish 5 (web)
  `)
})

test('the blockers of a stop are derived again', () => {
  const game = up(chain).play('TERM')
  game.state.blockers.set('db', 0) // As if the end of web had been written so far.
  expect(
    story(game.given(), reconcileWithShutdown(alive('db', 1, 7), ended('web', 1, 8, 0))),
  ).toMatchInlineSnapshot(`
    given                                                           db: running, run 1, pid 7
                                                                    web: terminating, run 1, pid 8, then requested
    reconcile db 1: pid 7, web 1: code 0, gone, shutdown requested  db: terminating, run 1, pid 7, then requested
                                                                    web: stopped, run 1, requested
                                                                    > disarm escalate:web:1,
                                                                      arm linger:web:1 1000 ms,
                                                                      report stopped,
                                                                      TERM to db 1,
                                                                      arm escalate:db:1 4250 ms,
                                                                      arm deadline 8750 ms
  `)
})

test('with one of two dependents ended the stop waits for the other', () => {
  const bundle = plan({ db: {}, web: { after: ['db'] }, api: { after: ['db'] } })
  const game = up(bundle).play('TERM')
  game.state.blockers.set('db', 1) // As if the end of web had been written so far.
  expect(
    story(
      game.given(),
      reconcileWithShutdown(alive('db', 1, 7), ended('web', 1, 8, 0), alive('api', 1, 9)),
      exited('api', 1),
    ),
  ).toMatchInlineSnapshot(`
    given                                                                         db: running, run 1, pid 7
                                                                                  web: terminating, run 1, pid 8, then requested
                                                                                  api: terminating, run 1, pid 9, then requested
    reconcile db 1: pid 7, web 1: code 0, gone, api 1: pid 9, shutdown requested  web: stopped, run 1, requested
                                                                                  > disarm escalate:web:1,
                                                                                    arm linger:web:1 1000 ms,
                                                                                    report stopped,
                                                                                    TERM to api 1,
                                                                                    arm escalate:api:1 2063 ms,
                                                                                    arm deadline 8750 ms
    exited api 1: code 0                                                          db: terminating, run 1, pid 7, then requested
                                                                                  api: stopped, run 1, requested
                                                                                  > disarm escalate:api:1,
                                                                                    report stopped,
                                                                                    TERM to db 1,
                                                                                    arm escalate:db:1 4250 ms
  `)
})

test('the next stops are derived again', () => {
  const bundle = plan({ db: {}, web: { after: ['db'] }, log: {}, api: { after: ['log'] } })
  const game = up(bundle).play('TERM')
  const before = game.daemon('db')
  game.play(exited('web', 1)).state.daemons.set('db', before) // As if it had been written so far.
  expect(
    story(
      game.given(),
      reconcileWithShutdown(alive('db', 1, 7), alive('log', 1, 9), alive('api', 1, 10)),
    ),
  ).toMatchInlineSnapshot(`
    given                                                                   db: running, run 1, pid 7
                                                                            web: stopped, run 1, requested
                                                                            log: running, run 1, pid 9
                                                                            api: terminating, run 1, pid 10, then requested
    reconcile db 1: pid 7, log 1: pid 9, api 1: pid 10, shutdown requested  > TERM to api 1,
                                                                              arm escalate:api:1 2063 ms,
                                                                              arm deadline 8750 ms,
                                                                              TERM to db 1,
                                                                              arm escalate:db:1 4250 ms
  `)
})
