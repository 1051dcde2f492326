/** DESIGN §4, Order: one daemon is started after the other. Here: who waits for the turn, and what a
 *  failure makes of it. */
import { expect, test } from 'vitest'
import { alive, exited, reconcile, restart, spawned } from './events.ts'
import { plan } from './plans.ts'
import { Game, story, up } from './story.ts'

const three = plan({ web: {}, api: {}, log: {} })

test('whoever waits does so once, however often it is asked', () => {
  const game = new Game(plan({ web: {}, db: {} })).play('boot', restart('db'), restart('db'))
  const { turns, turn } = game.state
  expect(turns.slice(turn)).toEqual(['web', 'db'])
})

test('nobody waits without wanting to start', () => {
  const game = up(three).play(exited('log', 1), restart('log'), exited('api', 1))
  const { turns, turn } = game.state
  expect(turns.slice(turn)).toEqual(['log'])
})

test('a start that was lost keeps its place', () => {
  expect(story(new Game(three).play('boot').given(), reconcile())).toMatchInlineSnapshot(`
    given              web: starting, run 1, wants up
                       api: waiting
                       log: waiting
    reconcile nothing  web: starting, run 2, wants up  spawn web 2
  `)
})

test('whoever waited comes before those of whom a failure makes one that waits', () => {
  expect(
    story(
      up(three)
        .play(exited('api', 1), exited('log', 1))
        .play(restart('web'), restart('api'), restart('log'))
        .given(),
      reconcile(alive('api', 2, 17)),
      spawned('log', 2, 18),
    ),
  ).toMatchInlineSnapshot(`
    given                    web: terminating, run 1, pid 7, wants up
                             api: starting, run 2, wants up
                             log: waiting, run 1
    reconcile api 2: pid 17  web: waiting, run 1
                             api: running, run 2, pid 17
                             log: starting, run 2, wants up
                             > disarm half:web:1, arm linger:web:1 1000 ms, say stopped,
                               say started, say ticket 2 done by run 2, spawn log 2
    spawned log 2: pid 18    web: starting, run 2, wants up
                             log: running, run 2, pid 18
                             > say started, say ticket 3 done by run 2, spawn web 2
  `)
})
