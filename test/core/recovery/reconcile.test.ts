/** After a failure inside pitcrew the state is rebuilt from the runs that the host knows. Here:
 *  lost events of processes. */
import { describe, expect, test } from 'vitest'
import {
  alive,
  ended,
  exited,
  reconcile,
  reconcileWithShutdown,
  restart,
  spawned,
} from '../events.ts'
import { manyDaemons, plan } from '../plans.ts'
import { Game, story, up } from '../story.ts'

const pair = plan({ web: {}, db: {} })
const web = plan({ web: {} })
const db = alive('db', 1, 8)

test('without losses nothing changes', () => {
  expect(story(up(pair), reconcile(alive('web', 1, 7), db))).toMatchInlineSnapshot(`
    given                                web: running, run 1, pid 7
                                         db: running, run 1, pid 8
    reconcile web 1: pid 7, db 1: pid 8
  `)
})

describe('a lost exit', () => {
  test('is found', () => {
    expect(story(up(pair), reconcile(ended('web', 1, 7, 3), db))).toMatchInlineSnapshot(`
      given                                       web: running, run 1, pid 7
                                                  db: running, run 1, pid 8
      reconcile web 1: code 3, gone, db 1: pid 8  web: stopped, run 1, failed
                                                  > report died, arm linger:web:1 1000 ms
    `)
  })

  test('of a leader: the rest of its tree is ended', () => {
    expect(
      story(up(pair), reconcile(ended('web', 1, 7, 3, 'rest alive'), db)),
    ).toMatchInlineSnapshot(`
      given                                 web: running, run 1, pid 7
                                            db: running, run 1, pid 8
      reconcile web 1: code 3, db 1: pid 8  web: terminating, run 1, pid 7, then failed
                                            > report died, arm escalate:web:1 500 ms,
                                              TERM to the rest of web 1
    `)
  })

  test('of a run that the host no longer knows: one report, without a cause', () => {
    expect(story(up(pair), reconcile(db))).toMatchInlineSnapshot(`
      given                  web: running, run 1, pid 7
                             db: running, run 1, pid 8
      reconcile db 1: pid 8  web: stopped, run 1, failed  report end-missed,
                                                          arm linger:web:1 1000 ms
    `)
  })

  test('in a restart: the next run is spawned', () => {
    expect(
      story(up(pair), restart('web'), reconcile(ended('web', 1, 7, 0), db)),
    ).toMatchInlineSnapshot(`
      given                                       web: running, run 1, pid 7
                                                  db: running, run 1, pid 8
      restart web (uid 1000)                      web: terminating, run 1, pid 7, then up
                                                  > TERM to web 1, arm escalate:web:1 4250 ms
      reconcile web 1: code 0, gone, db 1: pid 8  web: starting, run 2, wants up
                                                  > disarm escalate:web:1, arm linger:web:1 1000 ms,
                                                    report stopped, spawn web 2
    `)
  })

  test('of the last daemon: pitcrew ends', () => {
    expect(story(up(web), reconcile(ended('web', 1, 7, 3)))).toMatchInlineSnapshot(`
      given                          web: running, run 1, pid 7
      reconcile web 1: code 3, gone  web: stopped, run 1, failed
                                     > report died, arm linger:web:1 1000 ms, finish 3 (web)
    `)
  })

  test('of the main daemon: the shutdown begins', () => {
    const bundle = plan({ agent: { main: true }, db: {} })
    expect(story(up(bundle), reconcile(ended('agent', 1, 7, 3), db))).toMatchInlineSnapshot(`
      given                                         agent: running, run 1, pid 7
                                                    db: running, run 1, pid 8
      reconcile agent 1: code 3, gone, db 1: pid 8  agent: stopped, run 1, failed
                                                    db: terminating, run 1, pid 8, then requested
                                                    > report died, arm linger:agent:1 1000 ms,
                                                      report shutdown, arm deadline 8750 ms,
                                                      TERM to db 1, arm escalate:db:1 4250 ms
    `)
  })
})

describe('a lost spawn', () => {
  test('that happened: the run is adopted, and its ticket ends', () => {
    expect(
      story(up(web), restart('web'), exited('web', 1), reconcile(alive('web', 2, 17))),
    ).toMatchInlineSnapshot(`
      given                    web: running, run 1, pid 7
      restart web (uid 1000)   web: terminating, run 1, pid 7, then up
                               > TERM to web 1, arm escalate:web:1 4250 ms
      exited web 1: code 0     web: starting, run 2, wants up
                               > disarm escalate:web:1, report stopped, spawn web 2
      reconcile web 2: pid 17  web: running, run 2, pid 17
                               > report started, report ticket 1 done by run 2
    `)
  })

  test('that happened, and the run is over already: its ticket ends, too', () => {
    expect(
      story(up(pair), restart('web'), exited('web', 1), reconcile(ended('web', 2, 17, 3), db)),
    ).toMatchInlineSnapshot(`
      given                                       web: running, run 1, pid 7
                                                  db: running, run 1, pid 8
      restart web (uid 1000)                      web: terminating, run 1, pid 7, then up
                                                  > TERM to web 1, arm escalate:web:1 4250 ms
      exited web 1: code 0                        web: starting, run 2, wants up
                                                  > disarm escalate:web:1, report stopped,
                                                    spawn web 2
      reconcile web 2: code 3, gone, db 1: pid 8  web: stopped, run 2, failed
                                                  > report started, report died,
                                                    arm linger:web:2 1000 ms, report ticket 1 failed
    `)
  })

  test('that did not happen: the next run is spawned instead', () => {
    expect(
      story(up(web), restart('web'), exited('web', 1), reconcile(), spawned('web', 3, 17)),
    ).toMatchInlineSnapshot(`
      given                   web: running, run 1, pid 7
      restart web (uid 1000)  web: terminating, run 1, pid 7, then up
                              > TERM to web 1, arm escalate:web:1 4250 ms
      exited web 1: code 0    web: starting, run 2, wants up
                              > disarm escalate:web:1, report stopped, spawn web 2
      reconcile nothing       web: starting, run 3, wants up
                              > spawn web 3
      spawned web 3: pid 17   web: running, run 3, pid 17
                              > report started, report ticket 1 done by run 3
    `)
  })

  test('in a shutdown, that did not happen: no run is spawned', () => {
    expect(story(web, 'boot', 'TERM', reconcileWithShutdown())).toMatchInlineSnapshot(`
      boot                                   web: starting, run 1, wants up
                                             > spawn web 1
      TERM                                   web: starting, run 1, wants down
                                             > report shutdown, arm deadline 8750 ms
      reconcile nothing, shutdown requested  web: stopped, run 1, requested
                                             > arm deadline 8750 ms, disarm deadline, finish 0
    `)
  })

  test('in a shutdown, that happened: the run is stopped', () => {
    expect(
      story(web, 'boot', 'TERM', reconcileWithShutdown(alive('web', 1, 7))),
    ).toMatchInlineSnapshot(`
      boot                                        web: starting, run 1, wants up
                                                  > spawn web 1
      TERM                                        web: starting, run 1, wants down
                                                  > report shutdown, arm deadline 8750 ms
      reconcile web 1: pid 7, shutdown requested  web: terminating, run 1, pid 7, then requested
                                                  > report started, TERM to web 1,
                                                    arm escalate:web:1 4250 ms, TERM to web 1,
                                                    arm escalate:web:1 4250 ms, arm deadline 8750 ms
    `)
  })
})

test('a run that the state does not know is killed', () => {
  expect(
    story(
      up(web),
      reconcile(
        alive('web', 1, 7),
        alive('web', 2, 9),
        alive('new', 1, 10),
        ended('web', 3, 11, 0),
      ),
    ),
  ).toMatchInlineSnapshot(`
    given                                                                     web: running, run 1, pid 7
    reconcile web 1: pid 7, web 2: pid 9, new 1: pid 10, web 3: code 0, gone  > KILL to the tree of web 2,
                                                                                KILL to the tree of new 1
  `)
})

test('a run that should be over is killed', () => {
  expect(
    story(up(pair), exited('web', 1, 3), reconcile(alive('web', 1, 7), db)),
  ).toMatchInlineSnapshot(`
    given                                web: running, run 1, pid 7
                                         db: running, run 1, pid 8
    exited web 1: code 3                 web: stopped, run 1, failed
                                         > report died
    reconcile web 1: pid 7, db 1: pid 8  > KILL to the tree of web 1
  `)
})

describe('a failure before the boot', () => {
  test('is followed by the boot', () => {
    expect(story(pair, reconcile(), spawned('web', 1, 7))).toMatchInlineSnapshot(`
      reconcile nothing     web: starting, run 1, wants up  spawn web 1, spawn db 1
                            db: starting, run 1, wants up
      spawned web 1: pid 7  web: running, run 1, pid 7      report started
    `)
  })

  test('is not followed by the boot when a shutdown was requested', () => {
    expect(story(pair, reconcileWithShutdown(), 'boot')).toMatchInlineSnapshot(`
      reconcile nothing, shutdown requested    report shutdown, arm deadline 8750 ms,
                                               disarm deadline, finish 0
      boot
    `)
  })
})

test('a thousand daemons, every third of which died unobserved', () => {
  const game = up(manyDaemons(1000, false))
  const died = (n: number) => n % 3 === 0
  const live = Array.from({ length: 1000 }, (_, n) =>
    died(n) ? ended(`d${n}`, 1, 7 + n, 1) : alive(`d${n}`, 1, 7 + n),
  )
  game.play(reconcile(...live))
  for (let n = 0; n < 1000; n++) {
    expect(game.daemon(`d${n}`).phase).toBe(died(n) ? 'stopped' : 'running')
  }
  expect(game.state.active).toBe(666)
  expect(new Game(manyDaemons(1000, true)).play(reconcile()).state.active).toBe(1000)
})
