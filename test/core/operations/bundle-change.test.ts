/** A change of the bundle touches the daemons that differ, and no other; or it is undone. */
import { describe, expect, test } from 'vitest'
import { exited, restart, spawned, start, stop } from '../events.ts'
import { plan, type Some } from '../plans.ts'
import { up } from '../story.ts'
import { BundleStory } from './bundle-story.ts'

const next = { command: ['/bin/next'] } satisfies Some
/** It need not live for a while to count as started. */
const quick: Some = { reload: { ...plan({ a: {} }).daemons[0]?.reload, settleMs: 0 } as never }

test('only what differs is touched: the removed is stopped, the changed starts anew, the new starts', () => {
  const story = new BundleStory(
    plan({ web: quick, db: quick, old: {} }),
    plan({ web: { ...quick, ...next }, db: quick, new: quick }),
  ).run()
  expect(story.lines).toEqual([
    'stop web',
    'stop old',
    'plan in force',
    'start web',
    'spawn web 2',
    'start new',
    'spawn new 1',
    'end',
  ])
  expect(story.end).toEqual(['applied', 'web: restarted', 'new: started', 'old: removed'])
  expect(story.alive).toBe('web 2, db 1, new 1')
  expect(story.report.same).toBe(1)
})

test('stops are against the order of `after`, starts are along it; each waits for the one before', () => {
  const chain = (some: Some) =>
    plan({
      db: { ...quick, ...some },
      api: { ...quick, ...some, after: ['db'] },
      web: { ...quick, ...some, after: ['api'] },
    })
  const story = new BundleStory(chain({}), chain(next)).run()
  expect(story.lines.filter((line) => !line.startsWith('spawn'))).toEqual([
    'stop web',
    'stop api',
    'stop db',
    'plan in force',
    'start db',
    'start api',
    'start web',
    'end',
  ])
})

test('keys that change in place touch no run', () => {
  const story = new BundleStory(plan({ web: {}, db: {} }), plan({ web: { guard: true }, db: {} }))
  expect(story.run().lines).toEqual(['plan in force', 'end'])
  expect(story.end).toEqual(['applied', 'web: in place'])
  expect(story.alive).toBe('web 1, db 1')
})

test('a daemon without `ready:` must live for a while', () => {
  const story = new BundleStory(plan({ web: {}, db: {} }), plan({ web: next, db: {} })).run()
  expect(story.lines.slice(-2)).toEqual(['time passes', 'end'])
  expect(story.end).toEqual(['applied', 'web: restarted'])
})

describe('a daemon that is not up', () => {
  test('stays stopped, with its new keys, if an operator has stopped it', () => {
    const game = up(plan({ web: {}, db: {} })).play(stop('web'), exited('web', 1, 'TERM'))
    const story = new BundleStory(game, plan({ web: next, db: {} })).run()
    expect(story.lines).toEqual(['plan in force', 'end'])
    expect(story.end).toEqual(['applied', 'web: left stopped'])
    expect(story.game.daemon('web')).toMatchObject({ phase: 'stopped', spec: next })
  })

  test('is started with its new keys, if it had failed', () => {
    const game = up(plan({ web: quick, db: {} })).play(exited('web', 1, 3))
    const story = new BundleStory(game, plan({ web: { ...quick, ...next }, db: {} })).run()
    expect(story.end).toEqual(['applied', 'web: restarted'])
    expect(story.alive).toBe('web 2, db 1')
  })
})

describe('nothing is touched', () => {
  test('when nothing differs', () => {
    expect(new BundleStory(plan({ web: {} }), plan({ web: {} })).run().end).toEqual(['unchanged'])
  })

  test('when only a plan is requested', () => {
    const story = new BundleStory(plan({ web: {} }), plan({ web: next })).run(true)
    expect([story.lines, story.end]).toEqual([['end'], ['planned', 'web: null']])
    expect(story.report.daemons).toMatchObject([{ does: 'restart', keys: ['command'] }])
  })

  test('when a key cannot change', () => {
    const story = new BundleStory(plan({ web: {} }), plan({ web: next }, { name: 'other' })).run()
    expect(story.end).toEqual([
      'rejected: "name" cannot change while pitcrew runs',
      'web: untouched',
    ])
    expect(story.lines).toEqual(['end'])
  })
})

describe('what was before counts again when it is undone:', () => {
  const job: Some = { kind: 'job' }
  const web: Some = { ...quick, after: [{ daemon: 'job', until: 'done' }] }

  test.each<[string, Record<string, Some>, string]>([
    ['it failed with its new keys', { job: { ...job, ...next }, web }, '/bin/next'],
    ['another one failed', { job: { ...job, ...next }, web, new: {} }, '/bin/new'],
  ])('a job that was done is done again, if %s', (_, changed, failing) => {
    const game = up(plan({ job, web })).play(exited('job', 1, 0), spawned('web', 1, 50))
    const story = new BundleStory(game, plan(changed), {
      [failing]: 'dies',
      '/bin/job': 'succeeds',
    }).run()
    expect(story.end[0]).toMatch(/^rolled back: /)
    expect(game.daemon('job')).toMatchObject({ phase: 'stopped', end: 'done', run: 3 })
    // Its dependents can be started: they wait for nothing.
    game.play(restart('web'), exited('web', 1, 'TERM'))
    expect(game.daemon('web').phase).toBe('starting')
  })

  test('a daemon that an operator has stopped after it was restarted stays stopped', () => {
    const story = new BundleStory(
      plan({ web: quick, db: quick }),
      plan({ web: { ...quick, ...next }, db: { ...quick, command: ['/bin/x'], after: ['web'] } }),
      { '/bin/x': 'dies' },
      { 'start db': stop('web') },
    ).run()
    expect(story.end[0]).toMatch(/^rolled back: /)
    expect(story.alive).toBe('web -, db 2')
  })
})

test('the order of the daemons alone changes in place', () => {
  const story = new BundleStory(plan({ web: {}, db: {} }), plan({ db: {}, web: {} })).run()
  expect(story.end).toEqual(['applied'])
  expect(story.game.state.order.start).toEqual(['db', 'web'])
})

describe('all is as before when', () => {
  const old = plan({ web: {}, db: {}, gone: {} })
  const changed = plan({ web: next, db: {}, new: { after: ['web'] } })

  test.each([
    ['one cannot be started', 'cannot start', 'web: cannot start it: exec: ENOENT'],
    ['one dies just after its start', 'dies', 'web: exit code 3'],
  ] as const)('%s', (_, fate, words) => {
    const story = new BundleStory(old, changed, { '/bin/next': fate }).run()
    expect(story.end.slice(0, 2)).toEqual([`rolled back: ${words}`, 'web: back'])
    expect(story.game.state.plan).toBe(old)
    expect(story.alive).toBe('web 3, db 1, gone 2')
  })

  test('one that is new does not start: those that were started are stopped first', () => {
    const story = new BundleStory(old, changed, { '/bin/new': 'cannot start' }).run()
    expect(story.end[0]).toMatch(/^rolled back: new: /)
    expect(story.alive).toBe('web 3, db 1, gone 2')
    expect(story.lines).toEqual([
      'stop web',
      'stop gone',
      'plan in force',
      'start web',
      'spawn web 2',
      'start new',
      'spawn new 1',
      'stop web',
      'plan in force',
      'start web',
      'spawn web 3',
      'start gone',
      'spawn gone 2',
      'end',
    ])
  })

  test('one has been started by another request meanwhile', () => {
    const story = new BundleStory(old, changed, {}, { 'stop gone': start('web') }).run()
    expect(story.end[0]).toBe('rolled back: web is not stopped')
    expect(story.game.state.plan).toBe(old)
    expect(story.alive).toBe('web 2, db 1, gone 2')
  })

  test('one takes too long to start', () => {
    const ready = { sign: { type: 'notify' }, timeoutMs: 1000, intervalMs: 100 } as const
    const story = new BundleStory(old, plan({ web: { ...next, ready }, db: {}, gone: {} })).run()
    expect(story.end[0]).toBe('rolled back: the start of web has taken too long')
    expect(story.alive).toBe('web 3, db 1, gone 1')
  })

  test('it is cancelled on the way, which is too late on the way back', () => {
    const story = new BundleStory(old, changed)
    story.change.begin(false)
    expect(story.change.cancel('it was cancelled')).toBe(true)
    expect(story.change.cancel('again')).toBe(false)
    expect(story.change.isBackwards).toBe(true)
  })
})

test('one that was up does not start again: the rest does, and its name is told', () => {
  const old = plan({ web: {}, db: {} })
  const changed = plan({ web: next, db: next })
  const story = new BundleStory(old, changed, { '/bin/next': 'dies', '/bin/web': 'cannot start' })
  expect(story.run().end).toEqual(['rollback failed: web: exit code 3', 'web: failed', 'db: back'])
})

describe('another client', () => {
  test('may stop one that was started: it stays stopped', () => {
    const ready = { sign: { type: 'notify' }, timeoutMs: 1000, intervalMs: 100 } as const
    const changed = plan({ web: { ...next, ready }, db: {} })
    const story = new BundleStory(
      plan({ web: {}, db: {} }),
      changed,
      {},
      {
        'spawn web 2': stop('web'),
      },
    ).run()
    expect(story.end).toEqual(['applied', 'web: left stopped'])
  })

  test('may restart one of the others', () => {
    const story = new BundleStory(
      plan({ web: quick, db: {} }),
      plan({ web: { ...quick, ...next }, db: {} }),
      {},
      { 'spawn web 2': restart('db') },
    ).run()
    expect(story.end).toEqual(['applied', 'web: restarted'])
    expect(story.alive).toBe('web 2, db 2')
  })
})

test.each([1, 2, 3, 4, 5])('after a failure inside pitcrew it is undone (line %i)', (line) => {
  const old = plan({ web: {}, db: {}, gone: {} })
  const story = new BundleStory(old, plan({ web: next, db: {}, new: {} }))
  const push = story.lines.push.bind(story.lines)
  story.lines.push = (...words) => {
    if (story.lines.length === line) story.change.recover()
    return push(...words)
  }
  story.run()
  expect(story.end[0]).toBe('rolled back: an internal error of pitcrew')
  expect(story.game.state.plan).toBe(old)
  expect(story.alive).toMatch(/^web \d, db 1, gone \d$/)
})
