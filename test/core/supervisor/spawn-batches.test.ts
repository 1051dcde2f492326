/** Daemons are spawned in bounded batches: their queue, and what a failure makes of it. */
import { expect, test } from 'vitest'
import { alive, exited, reconcile, restart, spawned } from '../events.ts'
import { manyDaemons, plan } from '../plans.ts'
import { Game, story, up } from '../story.ts'

const three = plan({ web: {}, api: {}, log: {} })

test('a batch is 8 spawns; the next one follows when all of them have answered', () => {
  const game = new Game(manyDaemons(13, false)).play('boot')
  const spawns = () => game.effects.filter(({ type }) => type === 'spawn').length
  expect(spawns()).toBe(8)
  for (let index = 0; index < 7; index++) {
    game.play(spawned(`d${index}`, 1, 7 + index))
    expect(spawns()).toBe(0)
  }
  game.play(spawned('d7', 1, 14))
  expect(spawns()).toBe(5)
})

test('a daemon that waits for its turn is started once, however often it is requested', () => {
  const game = new Game(manyDaemons(9, false)).play('boot', restart('d8'), restart('d8'))
  for (let index = 0; index < 8; index++) game.play(spawned(`d${index}`, 1, 7 + index))
  expect(game.effects.filter(({ type }) => type === 'spawn')).toHaveLength(1)
  expect(game.state.queue).toEqual([])
})

test('a lost spawn keeps its place', () => {
  expect(story(new Game(three).play('boot').given(), reconcile())).toMatchInlineSnapshot(`
    given              web: starting, run 1, wants up
                       api: starting, run 1, wants up
                       log: starting, run 1, wants up
    reconcile nothing  web: starting, run 2, wants up  spawn web 2, spawn api 2, spawn log 2
                       api: starting, run 2, wants up
                       log: starting, run 2, wants up
  `)
})

test('waiting daemons come before those that a failure makes wait', () => {
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
    given                    web: terminating, run 1, pid 7, then up
                             api: starting, run 2, wants up
                             log: waiting, run 1
    reconcile api 2: pid 17  web: starting, run 2, wants up
                             api: running, run 2, pid 17
                             log: starting, run 2, wants up
                             > disarm escalate:web:1, arm linger:web:1 1000 ms, report stopped,
                               report started, report ticket 2 done by run 2, spawn log 2,
                               spawn web 2, disarm waiting
    spawned log 2: pid 18    log: running, run 2, pid 18
                             > report started, report ticket 3 done by run 2
  `)
})
