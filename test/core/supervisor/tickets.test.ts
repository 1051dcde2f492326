/** Every request is answered, once; and what is kept of it. */
import { expect, test } from 'vitest'
import { exited, operator, reconcile, restart, spawned } from '../events.ts'
import { plan } from '../plans.ts'
import { beginMs, story, up } from '../story.ts'

test('a request that lost its run in a failure is joined by the next one; both are answered', () => {
  const game = up(plan({ db: {}, web: {} })).play(exited('db', 1), restart('web'), exited('web', 1))
  expect(
    story(
      game.play(restart('db')).given(),
      reconcile(),
      restart('web'),
      spawned('db', 3, 17),
      spawned('web', 3, 18),
    ),
  ).toMatchInlineSnapshot(`
    given                   db: waiting, run 1
                            web: starting, run 2, wants up
    reconcile nothing       db: starting, run 2, wants up   spawn db 2, spawn web 3,
                            web: starting, run 3, wants up  disarm waiting
    restart web (uid 1000)
    spawned db 3: pid 17
    spawned web 3: pid 18   web: running, run 3, pid 18     report started,
                                                            report ticket 1 (2 requests) done by run 3
  `)
})

test('a request for an unknown daemon leaves nothing behind', () => {
  const game = up(plan({ web: {} })).play(restart('ghost'))
  expect(game.effects).toEqual([
    {
      type: 'report',
      note: {
        kind: 'ticket',
        ticket: {
          id: 1,
          verb: 'restart',
          daemon: 'ghost',
          by: operator,
          why: '',
          requestedAtMs: beginMs,
          requests: 1,
          satisfiedByRun: 0,
          old: null,
          stoppedAtMs: null,
          spawnedAtMs: null,
          outcome: { kind: 'failed', why: 'no such daemon', tookMs: 0 },
        },
      },
    },
  ])
  expect(game.state.tickets.size).toBe(0)
})
