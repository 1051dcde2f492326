/** The engine may be interrupted in the middle of a step, and no code of the step runs any more. What
 *  the step had changed is undone; what was lost, a reconcile derives again. */
import { describe, expect, test } from 'vitest'
import {
  alive,
  type Beat,
  ended,
  exited,
  reconcileWithShutdown,
  restart,
  spawned,
} from '../events.ts'
import { interruptAfter, photograph } from '../interrupt.ts'
import { plan } from '../plans.ts'
import { Game, story, up } from '../story.ts'

const chain = plan({ db: {}, web: { after: ['db'] } })

describe('an interrupted step has changed nothing, whichever change was the last:', () => {
  test.each<[string, Game, Beat]>([
    ['a boot', new Game(chain), 'boot'],
    ['a restart', up(chain), restart('db')],
    ['a shutdown', up(chain), 'TERM'],
    ['the end of the main daemon', up(plan({ agent: { main: true } })), exited('agent', 1, 5)],
    ['an ignored signal', up(chain), 'USR2'],
  ])('%s', (_, game, beat) => {
    const before = photograph(game.state)
    let changes = 0
    while (interruptAfter(changes, game.state, () => game.play(beat))) {
      game.state.undo()
      expect(photograph(game.state), `after ${changes} changes`).toBe(before)
      changes++
    }
    expect(changes).toBeGreaterThan(0)
    expect(photograph(game.state)).not.toBe(before)
  })
})

test('the next step undoes what an interrupted one has left', () => {
  const bundle = plan({ web: {}, db: {} })
  const [game, other] = [up(bundle), up(bundle)]
  expect(interruptAfter(1, game.state, () => game.play(restart('web')))).toBe(true)
  expect(photograph(game.state)).not.toBe(photograph(other.state))
  for (const one of [game, other]) one.play(exited('db', 1, 3), exited('web', 1, 3))
  expect(photograph(game.state)).toBe(photograph(other.state))
  expect(game.text).toBe(other.text)
})

test('a step that was interrupted in its spawn is repeated without a gap in the runs', () => {
  const game = up(chain).play(restart('web'))
  expect(interruptAfter(2, game.state, () => game.play(exited('web', 1)))).toBe(true)
  game.play(exited('web', 1), spawned('web', 2, 17))
  expect(game.daemon('web')).toMatchObject({ phase: 'running', run: 2 })
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
