/** pitcrew ends only for a reason, once, and within its one deadline. */
import { expect, test } from 'vitest'
import { alive, elapsed, ended, exited, later, reconcileWithShutdown, stop } from '../events.ts'
import { plan, type Some } from '../plans.ts'
import { story, up } from '../story.ts'

const web = plan({ web: {} })

test('events before the boot do not end pitcrew, though no daemon runs yet', () => {
  expect(story(web, 'HUP', 'boot')).toMatchInlineSnapshot(`
    HUP                                   report HUP ignored, 1 so far
    boot  web: starting, run 1, wants up  spawn web 1
  `)
})

test('a deadline after the end changes nothing', () => {
  const game = up(web).play('TERM', exited('web', 1))
  expect(game.effects.at(-1)).toMatchObject({ type: 'finish' })
  expect(game.play(elapsed('deadline')).effects).toEqual([])
})

test('the output has its share of the deadline, however late the end is', () => {
  const game = up(web).play('TERM', later(9500, elapsed('deadline')))
  expect(game.effects.at(-1)).toMatchObject({ type: 'finish', flushMs: 250 })
})

test('a recovery ends the shutdown exactly at the deadline, and not before', () => {
  const early = up(web).play('TERM', later(8749, reconcileWithShutdown(alive('web', 1, 7))))
  const deadline = { type: 'arm', timer: { kind: 'deadline' }, afterMs: 1 }
  expect(early.effects).toContainEqual(deadline)
  const late = up(web).play('TERM', later(8750, reconcileWithShutdown(alive('web', 1, 7))))
  expect(late.effects.map(({ type }) => type)).toContain('finish')
})

test('a wave that needs no time takes none from the next one', () => {
  const bundle = plan({
    db: {},
    api: { after: ['db'], stop: { graceMs: 100 } },
    web: { after: ['api'], stop: { graceMs: 0 } },
  })
  const game = up(bundle).play('TERM', elapsed('escalate', 'web', 1), elapsed('grace', 'web', 1))
  // The waves share 350 ms, of which 250 ms are for the end of killed processes.
  expect(game.play(later(300, exited('web', 1, 'KILL'))).effects.at(-1)).toEqual({
    type: 'arm',
    timer: { kind: 'escalate', daemon: 'api', run: 1 },
    afterMs: 25,
  })
})

test('a recovery after the end kills what lives and orders the end again', () => {
  expect(
    story(
      up(plan({ web: {}, db: {} })),
      'TERM',
      elapsed('deadline'),
      reconcileWithShutdown(alive('web', 1, 7), ended('db', 1, 8, 'KILL')),
    ),
  ).toMatchInlineSnapshot(`
    0 ms     given                                                         web: running, run 1, pid 7
                                                                           db: running, run 1, pid 8
    0 ms     TERM                                                          web: terminating, run 1, pid 7, then requested
                                                                           db: terminating, run 1, pid 8, then requested
                                                                           > report shutdown,
                                                                             arm deadline 8750 ms,
                                                                             TERM to web 1,
                                                                             arm escalate:web:1 4250 ms,
                                                                             TERM to db 1,
                                                                             arm escalate:db:1 4250 ms
    8750 ms  elapsed deadline                                              > KILL to the tree of web 1,
                                                                             KILL to the tree of db 1,
                                                                             report deadline missed: web db,
                                                                             finish 0
    8750 ms  reconcile web 1: pid 7, db 1: KILL, gone, shutdown requested  > KILL to the tree of web 1,
                                                                             finish 0
  `)
})

test('a stopped critical daemon is not given up; a stopped main daemon ends pitcrew', () => {
  const stopped = (some: Some) => {
    const game = up(plan({ agent: some, db: {} }))
    return game.play(stop('agent'), exited('agent', 1, 'TERM')).state.shutdown
  }
  expect(stopped({ critical: true })).toBeNull()
  expect(stopped({ main: true })).not.toBeNull()
})
