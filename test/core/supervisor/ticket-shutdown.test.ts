/** The ticket of a shutdown, which also answers all other requests. */
import { describe, expect, test } from 'vitest'
import type { Ticket } from '../../../src/core/ticket.ts'
import {
  type Beat,
  elapsed,
  exited,
  later,
  operator,
  reconcile,
  restart,
  shutdown,
  spawned,
  stop,
} from '../events.ts'
import { plan } from '../plans.ts'
import { beginMs, type Game, story, up } from '../story.ts'

const web = plan({ web: {}, db: {} })
const over: readonly Beat[] = [exited('web', 1), exited('db', 1)]

test('a requested shutdown is like one by TERM', () => {
  expect(story(up(web), shutdown(), ...over)).toMatchInlineSnapshot(`
    given                 web: running, run 1, pid 7
                          db: running, run 1, pid 8
    shutdown (uid 1000)   web: terminating, run 1, pid 7, then requested
                          db: terminating, run 1, pid 8, then requested
                          > report shutdown, arm deadline 8750 ms, TERM to web 1,
                            arm escalate:web:1 4250 ms, TERM to db 1, arm escalate:db:1 4250 ms
    exited web 1: code 0  web: stopped, run 1, requested
                          > disarm escalate:web:1, report stopped
    exited db 1: code 0   db: stopped, run 1, requested
                          > disarm escalate:db:1, report stopped, disarm deadline, finish 0
  `)
})

test('its ticket ends with the exit code, before pitcrew ends', () => {
  const game = up(web).play(shutdown(), later(20, exited('web', 1, 3)), exited('db', 1))
  expect(game.effects.slice(-2)).toMatchObject([
    {
      type: 'report',
      note: {
        kind: 'ticket',
        ticket: {
          verb: 'shutdown',
          daemon: null,
          by: operator,
          requestedAtMs: beginMs,
          outcome: { kind: 'ended', exitCode: 3, tookMs: 20 },
        },
      },
    },
    { type: 'finish' },
  ])
})

describe('the requester of a shutdown', () => {
  test.each<[string, Beat[], object]>([
    ['a signal', ['TERM'], { by: { kind: 'signal', signal: 'TERM' }, why: '' }],
    ['a hangup', ['hangup'], { by: { kind: 'hangup' }, why: '' }],
    ['a client', [{ ...shutdown(), why: 'update' } as Beat], { by: operator, why: 'update' }],
  ])('%s', (_, beats, expected) => {
    expect(up(web).play(...beats).state.shutdown?.ticket).toMatchObject(expected)
  })

  test.each<[string, object, string]>([
    ['main', { main: true }, 'web is the main daemon and has ended'],
    ['critical', { critical: true }, 'web is critical and is given up'],
  ])('the policy, for one that is %s', (_, some, why) => {
    const game = up(plan({ web: some, db: {} })).play(exited('web', 1, 3))
    expect(game.state.shutdown?.ticket).toMatchObject({ by: { kind: 'policy' }, why })
  })

  test('a later one joins the ticket', () => {
    const game = up(web).play('TERM', 'INT', shutdown(operator, 71))
    expect(game.effects).toMatchObject([
      { type: 'accepted', token: 71, joined: true, ticket: { id: 1, requests: 3 } },
    ])
    expect(game.play(...over).state.shutdown?.ticket.outcome.kind).toBe('ended')
  })

  test('gets its ticket before any other effect', () => {
    const game = up(web).play(shutdown(operator, 71))
    expect(game.effects[0]).toMatchObject({ type: 'accepted', token: 71, joined: false })
  })
})

test('it supersedes open tickets and all later requests', () => {
  expect(
    story(up(web), restart('web'), stop('db'), shutdown(), stop('web'), ...over),
  ).toMatchInlineSnapshot(`
    given                   web: running, run 1, pid 7
                            db: running, run 1, pid 8
    restart web (uid 1000)  web: terminating, run 1, pid 7, then up
                            > TERM to web 1, arm escalate:web:1 4250 ms
    stop db (uid 1000)      db: terminating, run 1, pid 8, then requested
                            > TERM to db 1, arm escalate:db:1 4250 ms
    shutdown (uid 1000)     web: terminating, run 1, pid 7, then requested
                            > report shutdown, arm deadline 8750 ms, report ticket 1 superseded,
                              report ticket 2 superseded
    stop web (uid 1000)     > report ticket 4 superseded
    exited web 1: code 0    web: stopped, run 1, requested
                            > disarm escalate:web:1, report stopped
    exited db 1: code 0     db: stopped, run 1, requested
                            > disarm escalate:db:1, report stopped, disarm deadline, finish 0
  `)
  const { tickets } = up(web).play(restart('web'), 'TERM', stop('db')).state
  for (const { outcome } of tickets.values()) {
    expect(outcome).toMatchObject({ kind: 'superseded', by: 2, verb: 'shutdown' })
  }
})

test('a stop of main is done, and then pitcrew shuts down', () => {
  const bundle = plan({ web: { main: true }, db: {} })
  const game = up(bundle).play(stop('web'), exited('web', 1))
  expect(outcomesOf(game)).toEqual(['done'])
  expect(outcomesOf(game.play(exited('db', 1)))).toEqual(['ended'])
})

test('its ticket ends at the deadline as well', () => {
  expect(outcomesOf(up(web).play(shutdown(), elapsed('deadline')))).toEqual(['ended'])
})

test('when the end has to be ordered again, the ticket does not end again', () => {
  const game = up(web).play(shutdown(), ...over, reconcile())
  expect(game.effects.map(({ type }) => type)).toContain('finish')
  expect(outcomesOf(game)).toEqual([])
})

test('without a shutdown there is no ticket of one: later requests fail, since all is over', () => {
  const game = up(web).play(...over)
  expect([game.state.finished, game.state.ticketsMade]).toEqual([true, 0])
  expect(outcomesOf(game.play(shutdown(operator, 71)))).toEqual(['failed'])
})

test('the boot is no request and has no ticket', () => {
  expect(up(web).state.ticketsMade).toBe(0)
  expect(up(web).play(spawned('web', 1, 7)).state.tickets.size).toBe(0)
})

function outcomesOf({ effects }: Game): Ticket['outcome']['kind'][] {
  return effects.flatMap((effect) =>
    effect.type === 'report' && effect.note.kind === 'ticket'
      ? [effect.note.ticket.outcome.kind]
      : [],
  )
}
