/** Another plan in the same life: only daemons whose runs cannot go on must be stopped before. */
import { describe, expect, test } from 'vitest'
import type { AliveSpec, Plan } from '../../../src/core/plan/plan.ts'
import { replacePlan } from '../../../src/core/supervisor/replan.ts'
import { alive, exited, reconcile, spawned, start, stop, type TimelessEvent } from '../events.ts'
import { interruptAfter, photograph } from '../interrupt.ts'
import { plan, type Some } from '../plans.ts'
import { type Game, story, up } from '../story.ts'

function replan(next: Plan, restarts: readonly string[] = []): TimelessEvent {
  return { type: 'replan', plan: next, restarts }
}

/** All daemons are running, and operations are loaded. */
function running(daemons: Readonly<Record<string, Some>>): Game {
  const game = up(plan(daemons))
  game.state.replacePlan = replacePlan
  return game
}

/** Whether the plan was taken; else why not. */
function answer(game: Game, next: Plan, restarts: readonly string[] = []): string | null {
  game.play(replan(next, restarts))
  const [effect] = game.effects.filter(({ type }) => type === 'replanned')
  if (effect?.type !== 'replanned') throw new Error('there is no answer')
  return effect.problem
}

function stopped(game: Game, name: string): Game {
  return game.play(stop(name), exited(name, 1, 'TERM'))
}

test('a new daemon is stopped, and starts on request; the others go on', () => {
  const game = running({ web: {} })
  const next = plan({ web: {}, db: {} })
  expect(story(game, replan(next), start('db'), spawned('db', 1, 9))).toMatchInlineSnapshot(`
    given                web: running, run 1, pid 7
    replan web db                                       replanned
    start db (uid 1000)  db: starting, run 1, wants up  spawn db 1
    spawned db 1: pid 9  db: running, run 1, pid 9      report started,
                                                        report ticket 1 done by run 1
  `)
})

test('new keys are in force for a run that goes on', () => {
  const game = running({ web: {} })
  const next = plan({ web: { stop: { signal: 'QUIT' }, alive: probeOf('/up') } })
  expect(story(game, replan(next), stop('web'))).toMatchInlineSnapshot(`
    given                web: running, run 1, pid 7
    replan web           > watch web 1 for alive, replanned
    stop web (uid 1000)  web: terminating, run 1, pid 7, then requested
                         > unwatch web 1, QUIT to web 1, arm escalate:web:1 4250 ms
  `)
})

test('the probes of a run begin anew, or end', () => {
  const game = running({ web: { alive: probeOf('/up') }, db: { alive: probeOf('/up') } })
  const next = plan({ web: { alive: probeOf('/other') }, db: {} })
  expect(story(game, replan(next))).toMatchInlineSnapshot(`
    given          web: running, run 1, pid 7
                   db: running, run 1, pid 8
    replan web db                              unwatch web 1, watch web 1 for alive, unwatch db 1,
                                               replanned
  `)
})

test('the order of stops is that of the new plan', () => {
  const game = running({ web: {}, db: {} })
  const next = plan({ web: { after: ['db'] }, db: {} })
  expect(story(game, replan(next), 'TERM')).toMatchInlineSnapshot(`
    given          web: running, run 1, pid 7
                   db: running, run 1, pid 8
    replan web db  > replanned
    TERM           web: terminating, run 1, pid 7, then requested
                   > report shutdown, arm deadline 8750 ms, TERM to web 1,
                     arm escalate:web:1 2063 ms
  `)
})

test('a daemon behind a new guard that is not ready is held', () => {
  const ready = { sign: { type: 'notify' }, timeoutMs: 1000, intervalMs: 100 } as const
  const game = running({ gate: { ready }, web: { after: [{ daemon: 'gate', until: 'started' }] } })
  const next = plan({ gate: { ready, guard: true }, web: { after: ['gate'] } })
  expect(story(game, replan(next))).toMatchInlineSnapshot(`
    given            gate: running, run 1, pid 7, not ready
                     web: running, run 1, pid 8
    replan gate web  web: terminating, run 1, pid 8, then up  replanned, report held,
                                                              TERM to web 1,
                                                              arm escalate:web:1 4250 ms
  `)
})

describe('a daemon that was skipped for a failed dependency', () => {
  const isAfter: Some = { after: ['db'] }

  test.each<[string, Record<string, Some>, string]>([
    ['starts when it needs that one no more', { db: {}, web: {}, log: {} }, 'starting'],
    ['starts when that one is removed', { web: {}, log: {} }, 'starting'],
    ['starts when it needs another one', { db: {}, web: { after: ['log'] }, log: {} }, 'starting'],
    [
      'starts when that one is optional',
      { db: { optional: true }, web: isAfter, log: {} },
      'starting',
    ],
    ['stays skipped otherwise', { db: {}, web: { ...isAfter, guard: true }, log: {} }, 'stopped'],
  ])('%s', (_, next, phase) => {
    const game = running({ db: {}, web: isAfter, log: {} })
    game.play(exited('db', 1, 1), stop('web'), exited('web', 1, 'TERM'), start('web'))
    expect(game.daemon('web')).toMatchObject({ phase: 'stopped', end: 'skipped' })
    expect(answer(game, plan(next))).toBeNull()
    expect(game.daemon('web').phase).toBe(phase)
  })
})

test('a removed daemon is forgotten, and its runs are counted on when it comes back', () => {
  const game = stopped(running({ web: {}, db: {} }), 'db')
  expect(answer(game, plan({ web: {} }))).toBeNull()
  expect([...game.state.daemons.keys(), ...game.state.tickets.keys()]).toEqual(['web'])
  expect(game.state.active).toBe(1)
  expect(answer(game, plan({ web: {}, db: {} }))).toBeNull()
  game.play(start('db'))
  expect(game.daemon('db')).toMatchObject({ phase: 'starting', run: 2 })
})

test('pitcrew goes on while all daemons are stopped for the change', () => {
  const game = stopped(running({ web: {} }), 'web')
  expect(answer(game, plan({ api: {} }))).toBeNull()
  expect(game.state.finished).toBe(false)
  game.play(start('api'), spawned('api', 1, 9))
  expect(game.daemon('api')).toMatchObject({ phase: 'running' })
})

test('the state is derived again after a failure inside pitcrew', () => {
  const game = running({ web: {} })
  game.play(replan(plan({ web: {}, db: {} })), reconcile(alive('web', 1, 7)))
  expect(game.daemon('web')).toMatchObject({ phase: 'running', run: 1 })
  expect(game.daemon('db')).toMatchObject({ phase: 'stopped', end: 'requested' })
})

describe('nothing changes, and the reason is told, when', () => {
  test.each<[string, Game, Plan, string]>([
    ['a removed daemon runs', running({ web: {}, db: {} }), plan({ web: {} }), 'db is not stopped'],
    [
      'a run cannot go on',
      running({ web: {} }),
      plan({ web: { command: ['/bin/other'] } }),
      'web is not stopped',
    ],
    [
      'a key cannot change',
      running({ web: {} }),
      plan({ web: {} }, { name: 'other' }),
      '"name" cannot change while pitcrew runs',
    ],
    [
      'a stop is under way and would change',
      running({ web: {}, db: {} }).play(stop('web')),
      plan({ web: { stop: { signal: 'QUIT' } }, db: {} }),
      'web is just ending',
    ],
    [
      'a daemon that has ended would end pitcrew',
      running({ web: {}, db: {} }).play(exited('web', 1, 3)),
      plan({ web: { critical: true }, db: {} }),
      'web has ended: with its new keys that would end pitcrew',
    ],
    [
      'none would be left',
      stopped(running({ web: {}, job: { kind: 'job' } }), 'web').play(exited('job', 1, 0)),
      plan({ job: { kind: 'job' } }),
      'no daemon would be left to run, so that pitcrew would end',
    ],
    [
      'pitcrew shuts down',
      running({ web: {} }).play('TERM'),
      plan({ web: {}, db: {} }),
      'pitcrew is shutting down',
    ],
  ])('%s', (_, game, next, why) => {
    const before = photograph(game.state)
    expect(answer(game, next)).toBe(why)
    expect(photograph(game.state)).toBe(before)
  })

  test('a run has another environment', () => {
    const game = running({ web: {}, db: {} })
    expect(answer(game, plan({ web: {}, db: { critical: true } }), ['web'])).toBe(
      'web is not stopped',
    )
  })

  test('operations are not loaded', () => {
    expect(answer(up(plan({ web: {} })), plan({ web: {}, db: {} }))).toBe('not loaded')
  })
})

test('an interrupted change of the plan has changed nothing, wherever it was', () => {
  const game = stopped(running({ web: {}, db: {}, log: {} }), 'db')
  const next = plan({ log: { guard: true, optional: true }, web: { after: ['log'] }, new: {} })
  const before = photograph(game.state)
  let changes = 0
  while (interruptAfter(changes, game.state, () => game.play(replan(next)))) {
    game.state.undo()
    expect(photograph(game.state), `after ${changes} changes`).toBe(before)
    changes++
  }
  expect(changes).toBeGreaterThan(4)
  expect(photograph(game.state)).not.toBe(before)
})

function probeOf(path: string): AliveSpec {
  return { probe: { type: 'file', path }, intervalMs: 1000, timeoutMs: 1000, failures: 3 }
}
