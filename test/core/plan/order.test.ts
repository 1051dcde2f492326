/** Daemons start in the order of the file, or as `after:` says. */
import { describe, expect, test } from 'vitest'
import { orderOf } from '../../../src/core/plan/order.ts'
import { exited, spawned, spawnFailed } from '../events.ts'
import { manyDaemons, plan, type Some } from '../plans.ts'
import { Game, story } from '../story.ts'

test('daemons start in the order of the file', () => {
  const bundle = plan({ web: {}, db: {} })
  expect(story(bundle, 'boot', spawned('web', 1, 7), spawned('db', 1, 8))).toMatchInlineSnapshot(`
    boot                  web: starting, run 1, wants up  spawn web 1, spawn db 1
                          db: starting, run 1, wants up
    spawned web 1: pid 7  web: running, run 1, pid 7      report started
    spawned db 1: pid 8   db: running, run 1, pid 8       report started
  `)
})

test('or as `after` says: a daemon starts when its dependencies are ready', () => {
  const bundle = plan({ web: { after: ['db'] }, db: {} })
  expect(story(bundle, 'boot', spawned('db', 1, 7), spawned('web', 1, 8))).toMatchInlineSnapshot(`
    boot                  web: waiting                    spawn db 1, arm waiting 5000 ms
                          db: starting, run 1, wants up
    spawned db 1: pid 7   web: starting, run 1, wants up  report started, spawn web 1,
                          db: running, run 1, pid 7       disarm waiting
    spawned web 1: pid 8  web: running, run 1, pid 8      report started
  `)
})

test('a daemon that cannot be started fails its dependents', () => {
  const bundle = plan({ db: {}, web: { after: ['db'] } })
  expect(story(bundle, 'boot', spawnFailed('db', 1), spawned('web', 1, 7))).toMatchInlineSnapshot(`
    boot                            db: starting, run 1, wants up
                                    web: waiting
                                    > spawn db 1, arm waiting 5000 ms
    spawn-failed db 1: exec ENOENT  db: stopped, run 1, failed
                                    web: stopped, skipped
                                    > report start-failed, report skipped, disarm waiting,
                                      finish 127 (db)
    spawned web 1: pid 7
  `)
})

test('a daemon that ended after a moment delays no dependent', () => {
  const bundle = plan({ db: {}, web: { after: ['db'] } })
  expect(
    story(bundle, 'boot', spawned('db', 1, 7), exited('db', 1, 1), spawned('web', 1, 8)),
  ).toMatchInlineSnapshot(`
    boot                  db: starting, run 1, wants up   spawn db 1, arm waiting 5000 ms
                          web: waiting
    spawned db 1: pid 7   db: running, run 1, pid 7       report started, spawn web 1,
                          web: starting, run 1, wants up  disarm waiting
    exited db 1: code 1   db: stopped, run 1, failed      report died
    spawned web 1: pid 8  web: running, run 1, pid 8      report started
  `)
})

describe('the order of start', () => {
  test.each<[what: string, daemons: Record<string, Some>, start: string]>([
    ['is that of the file', { c: {}, a: {}, b: {} }, 'c a b'],
    ['takes forward what others are after', { a: { after: ['c'] }, b: {}, c: {} }, 'c a b'],
    [
      'knows each daemon once, however many are after it',
      { d: { after: ['b', 'c'] }, b: { after: ['a'] }, c: { after: ['a'] }, a: {} },
      'a b c d',
    ],
    ['leaves out daemons that are not selected', { web: { after: ['db', 'cache'] } }, 'web'],
    ['may name a daemon twice', { web: { after: ['db', 'db'] }, db: {} }, 'db web'],
  ])('%s', (_, daemons, start) => {
    expect(orderOf(plan(daemons).daemons).start.join(' ')).toBe(start)
  })
})

describe('the waves of a stop', () => {
  test.each<[what: string, daemons: Record<string, Some>, waves: Record<string, number>]>([
    ['are one where nothing depends on anything', { a: {}, b: {} }, { a: 0, b: 0 }],
    ['go against `after`', { db: {}, web: { after: ['db'] } }, { db: 1, web: 0 }],
    [
      'wait for the latest of those that depend on a daemon',
      { a: {}, b: { after: ['a'] }, c: { after: ['a', 'b'] }, d: {} },
      { a: 2, b: 1, c: 0, d: 0 },
    ],
  ])('%s', (_, daemons, waves) => {
    const { start, wave } = orderOf(plan(daemons).daemons)
    expect(Object.fromEntries(start.map((name) => [name, wave.get(name) ?? 0]))).toEqual(waves)
  })
})

test('two edges to one dependency count once', () => {
  const bundle = plan({ db: {}, web: { after: ['db', 'db'] } })
  expect(
    story(
      new Game(bundle).play('boot', spawned('db', 1, 7), spawned('web', 1, 8)).given(),
      'TERM',
      exited('web', 1),
      exited('db', 1),
    ),
  ).toMatchInlineSnapshot(`
    given                 db: running, run 1, pid 7
                          web: running, run 1, pid 8
    TERM                  web: terminating, run 1, pid 8, then requested
                          > report shutdown, arm deadline 8750 ms, TERM to web 1,
                            arm escalate:web:1 2063 ms
    exited web 1: code 0  db: terminating, run 1, pid 7, then requested
                          web: stopped, run 1, requested
                          > disarm escalate:web:1, report stopped, TERM to db 1,
                            arm escalate:db:1 4250 ms
    exited db 1: code 0   db: stopped, run 1, requested
                          > disarm escalate:db:1, report stopped, disarm deadline, finish 0
  `)
})

test('a chain of 2000 starts and stops, one at a time, without recursion', () => {
  const game = new Game(manyDaemons(2000, true)).play('boot')
  for (let n = 0; n < 2000; n++) game.play(spawned(`d${n}`, 1, n + 2))
  expect(game.state.queue).toEqual([])
  game.play('TERM')
  for (let n = 1999; n >= 0; n--) {
    expect(game.daemon(`d${n}`).phase).toBe('terminating')
    if (n > 0) expect(game.daemon(`d${n - 1}`).phase).toBe('running')
    game.play(exited(`d${n}`, 1))
  }
  expect(game.effects.at(-1)).toMatchObject({ type: 'finish', report: { code: 0 } })
})

test('TERM while a chain of 2000 starts: no further daemon is started', () => {
  const game = new Game(manyDaemons(2000, true)).play('boot', spawned('d0', 1, 7), 'TERM')
  expect(game.state.active).toBe(2) // d0 runs, d1 is being spawned.
  game.play(spawned('d1', 1, 8), exited('d1', 1), exited('d0', 1))
  expect(game.effects.at(-1)).toMatchObject({ type: 'finish', report: { code: 0 } })
})

test('a ladder of 60 steps with two paths each takes no exponential time', () => {
  const rungs = Array.from({ length: 60 }, (_, n): [string, Some][] => {
    const after = n === 0 ? [] : [`left${n - 1}`, `right${n - 1}`]
    return [
      [`left${n}`, { after }],
      [`right${n}`, { after }],
    ]
  })
  const daemons = Object.fromEntries(rungs.flat().reverse())
  const { start, wave } = orderOf(plan(daemons).daemons)
  expect(start.slice(0, 4)).toEqual(['left0', 'right0', 'left1', 'right1'])
  expect(start).toHaveLength(120)
  expect(wave.get('left0')).toBe(59)
})
