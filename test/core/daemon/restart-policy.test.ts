/** `restart:`: what follows a death. */
import { describe, expect, test } from 'vitest'
import {
  noStreak,
  type RestartStreak,
  startedByPolicy,
  verdictOn,
} from '../../../src/core/daemon/restart-policy.ts'
import { elapsed, exited, later, restart, spawned, spawnFailed } from '../events.ts'
import { daemonSpec, plan, type Some } from '../plans.ts'
import { story, up } from '../story.ts'

const always = { policy: 'always', backoffMs: 200, backoffMaxMs: 30_000 } as const

test('a death is followed by the next run after a backoff', () => {
  expect(
    story(
      up(plan({ web: { restart: always }, db: {} })),
      exited('web', 1, 3),
      elapsed('backoff', 'web', 1),
      spawned('web', 2, 17),
    ),
  ).toMatchInlineSnapshot(`
    0 ms    given                  web: running, run 1, pid 7
                                   db: running, run 1, pid 8
    0 ms    exited web 1: code 3   web: backoff, run 1
                                   > report died, arm backoff:web:1 200 ms
    200 ms  elapsed backoff:web:1  web: starting, run 2, wants up
                                   > spawn web 2
    200 ms  spawned web 2: pid 17  web: running, run 2, pid 17
                                   > report started, report ticket 1 done by run 2
  `)
})

test('without a backoff the next run is spawned in the same step', () => {
  const bundle = plan({
    web: { restart: { policy: 'always', backoffMs: 0, backoffMaxMs: 0 } },
    db: {},
  })
  expect(story(up(bundle), exited('web', 1, 3), spawned('web', 2, 17))).toMatchInlineSnapshot(`
    given                  web: running, run 1, pid 7
                           db: running, run 1, pid 8
    exited web 1: code 3   web: starting, run 2, wants up  report died, spawn web 2
    spawned web 2: pid 17  web: running, run 2, pid 17     report started,
                                                           report ticket 1 done by run 2
  `)
})

test('a daemon that cannot be started is tried again', () => {
  expect(
    story(
      plan({ web: { restart: always }, db: {} }),
      'boot',
      spawnFailed('web', 1, 'EAGAIN', 'fork'),
      spawned('db', 1, 8),
      elapsed('backoff', 'web', 1),
    ),
  ).toMatchInlineSnapshot(`
    0 ms    boot                             web: starting, run 1, wants up
                                             db: starting, run 1, wants up
                                             > spawn web 1, spawn db 1
    0 ms    spawn-failed web 1: fork EAGAIN  web: backoff, run 1
                                             > report start-failed, arm backoff:web:1 200 ms
    0 ms    spawned db 1: pid 8              db: running, run 1, pid 8
                                             > report started
    200 ms  elapsed backoff:web:1            web: starting, run 2, wants up
                                             > spawn web 2
  `)
})

test('a requested restart does not wait for the rest of the backoff', () => {
  expect(
    story(
      up(plan({ web: { restart: always }, db: {} })),
      exited('web', 1, 3),
      later(50, restart('web')),
      spawned('web', 2, 17),
    ),
  ).toMatchInlineSnapshot(`
    0 ms   given                   web: running, run 1, pid 7
                                   db: running, run 1, pid 8
    0 ms   exited web 1: code 3    web: backoff, run 1
                                   > report died, arm backoff:web:1 200 ms
    50 ms  restart web (uid 1000)  web: starting, run 2, wants up
                                   > report ticket 1 superseded, disarm backoff:web:1, spawn web 2
    50 ms  spawned web 2: pid 17   web: running, run 2, pid 17
                                   > report started, report ticket 2 done by run 2
  `)
})

test('a shutdown during a backoff stops the daemon and spawns nothing', () => {
  expect(
    story(
      up(plan({ web: { restart: always }, db: {} })),
      exited('web', 1, 3),
      'TERM',
      exited('db', 1, 'TERM'),
    ),
  ).toMatchInlineSnapshot(`
    given                 web: running, run 1, pid 7
                          db: running, run 1, pid 8
    exited web 1: code 3  web: backoff, run 1
                          > report died, arm backoff:web:1 200 ms
    TERM                  web: stopped, run 1, requested
                          db: terminating, run 1, pid 8, then requested
                          > report shutdown, arm deadline 8750 ms, report ticket 1 superseded,
                            disarm backoff:web:1, TERM to db 1, arm escalate:db:1 4250 ms
    exited db 1: TERM     db: stopped, run 1, requested
                          > disarm escalate:db:1, report stopped, disarm deadline, finish 3 (web)
  `)
})

test('a death in the shutdown announces no other run and delays no daemon', () => {
  const bundle = plan({ db: { restart: always }, web: { after: ['db'] } })
  expect(
    story(up(bundle), 'TERM', exited('db', 1, 3), exited('web', 1, 'TERM')),
  ).toMatchInlineSnapshot(`
    given                db: running, run 1, pid 7
                         web: running, run 1, pid 8
    TERM                 web: terminating, run 1, pid 8, then requested
                         > report shutdown, arm deadline 8750 ms, TERM to web 1,
                           arm escalate:web:1 2063 ms
    exited db 1: code 3  db: stopped, run 1, failed
                         > report died
    exited web 1: TERM   web: stopped, run 1, requested
                         > disarm escalate:web:1, report stopped, disarm deadline, finish 3 (db)
  `)
})

test('on-failure: a success is final', () => {
  const onFailure = { ...always, policy: 'on-failure' } as const
  expect(
    story(
      up(plan({ web: { restart: onFailure, stop: { success: [3] } }, db: { restart: onFailure } })),
      exited('web', 1, 3),
      exited('db', 1, 4),
    ),
  ).toMatchInlineSnapshot(`
    given                 web: running, run 1, pid 7
                          db: running, run 1, pid 8
    exited web 1: code 3  web: stopped, run 1, done   report done
    exited db 1: code 4   db: backoff, run 1          report died, arm backoff:db:1 200 ms
  `)
})

test('at the limit a daemon is given up, and its code counts', () => {
  const limited = {
    policy: 'always',
    backoffMs: 0,
    backoffMaxMs: 0,
    limit: { times: 2, windowMs: 60_000 },
  } as const
  expect(
    story(
      up(plan({ web: { restart: limited } })),
      exited('web', 1, 3),
      spawned('web', 2, 8),
      exited('web', 2, 3),
      spawned('web', 3, 9),
      exited('web', 3, 3),
    ),
  ).toMatchInlineSnapshot(`
    given                 web: running, run 1, pid 7
    exited web 1: code 3  web: starting, run 2, wants up  report died, spawn web 2
    spawned web 2: pid 8  web: running, run 2, pid 8      report started,
                                                          report ticket 1 done by run 2
    exited web 2: code 3  web: starting, run 3, wants up  report died, spawn web 3
    spawned web 3: pid 9  web: running, run 3, pid 9      report started,
                                                          report ticket 2 done by run 3
    exited web 3: code 3  web: stopped, run 3, failed     report died, finish 3 (web)
  `)
})

test('then: shutdown stops the siblings', () => {
  const limit = { times: 1, windowMs: 60_000 }
  // biome-ignore lint/suspicious/noThenProperty: a key of the bundle file, and no promise.
  const limited = { ...always, limit, then: 'shutdown' } as const
  expect(
    story(
      up(plan({ web: { restart: limited }, db: {} })),
      exited('web', 1, 3),
      elapsed('backoff', 'web', 1),
      spawned('web', 2, 17),
      exited('web', 2, 3),
      exited('db', 1, 'TERM'),
    ),
  ).toMatchInlineSnapshot(`
    0 ms    given                  web: running, run 1, pid 7
                                   db: running, run 1, pid 8
    0 ms    exited web 1: code 3   web: backoff, run 1
                                   > report died, arm backoff:web:1 200 ms
    200 ms  elapsed backoff:web:1  web: starting, run 2, wants up
                                   > spawn web 2
    200 ms  spawned web 2: pid 17  web: running, run 2, pid 17
                                   > report started, report ticket 1 done by run 2
    200 ms  exited web 2: code 3   web: stopped, run 2, failed
                                   db: terminating, run 1, pid 8, then requested
                                   > report died, report shutdown, arm deadline 8750 ms,
                                     TERM to db 1, arm escalate:db:1 4250 ms
    200 ms  exited db 1: TERM      db: stopped, run 1, requested
                                   > disarm escalate:db:1, report stopped, disarm deadline,
                                     finish 3 (web)
  `)
})

test('a main daemon is never restarted by the policy: its end shuts down the bundle', () => {
  expect(
    story(
      up(plan({ agent: { main: true, restart: always }, db: {} })),
      exited('agent', 1, 'SEGV'),
      exited('db', 1, 'TERM'),
    ),
  ).toMatchInlineSnapshot(`
    given                 agent: running, run 1, pid 7
                          db: running, run 1, pid 8
    exited agent 1: SEGV  agent: stopped, run 1, failed
                          db: terminating, run 1, pid 8, then requested
                          > report died, report shutdown, arm deadline 8750 ms, TERM to db 1,
                            arm escalate:db:1 4250 ms
    exited db 1: TERM     db: stopped, run 1, requested
                          > disarm escalate:db:1, report stopped, disarm deadline,
                            finish 139 (agent)
  `)
})

describe('the time before the next run', () => {
  const spec = daemonSpec('web', { restart: always })

  test('doubles with each restart of a streak, up to the maximum', () => {
    expect(delays(spec, { length: 10, readyForMs: 0, atMs: 1000 })).toEqual([
      200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000,
    ])
  })

  test('never shrinks within a streak, whatever the random share', () => {
    for (let digits = 0; digits < 1; digits += 0.01) {
      const row = delays(spec, { length: 12, readyForMs: 0, atMs: 1000 + digits / 1000 })
      expect(row).toEqual([...row].sort((a, b) => a - b))
      expect(row[0]).toBeGreaterThan(150)
      expect(row.at(-1)).toBeLessThanOrEqual(30_000)
    }
  })

  test('is shortened by a random share of up to a quarter, drawn once for a streak', () => {
    const died = (row: RestartStreak, atMs: number, readyForMs = 0) =>
      verdictOn(spec, row, { atMs, succeeded: false, readyForMs, isEnding: false })
    const first = died(noStreak, 1000.0005)
    expect(first).toMatchObject({ afterMs: 175, streak: { length: 1, share: 0.875 } })
    const row = first.kind === 'retry' ? first.streak : noStreak
    expect(died(row, 2000)).toMatchObject({ afterMs: 350, streak: { length: 2, share: 0.875 } })
    expect(died(row, 2000, 60_000)).toMatchObject({ afterMs: 200, streak: { length: 1, share: 1 } })
  })

  test('is finite however long the streak is, also without a backoff', () => {
    const row: RestartStreak = { length: 5000, share: 1, startedAtMs: [] }
    const ended = { atMs: 1000, succeeded: false, readyForMs: 0, isEnding: false }
    const atOnce = daemonSpec('web', { restart: { ...always, backoffMs: 0, backoffMaxMs: 0 } })
    expect(verdictOn(spec, row, ended)).toMatchObject({ afterMs: 30_000 })
    expect(verdictOn(atOnce, row, ended)).toMatchObject({ afterMs: 0 })
  })

  test('a daemon that crashes once after a month waits for the shortest backoff', () => {
    const long: RestartStreak = { length: 9, share: 1, startedAtMs: [] }
    const month = { atMs: 1000, succeeded: false, readyForMs: 30 * 24 * 3_600_000, isEnding: false }
    expect(verdictOn(spec, long, month)).toMatchObject({ kind: 'retry', afterMs: 200 })
  })

  test('a daemon that was not ready for long enough continues its streak', () => {
    const long: RestartStreak = { length: 2, share: 1, startedAtMs: [] }
    const ended = { atMs: 1000, succeeded: false, readyForMs: 29_999, isEnding: false }
    expect(verdictOn(spec, long, ended)).toMatchObject({ kind: 'retry', afterMs: 800 })
  })

  function delays(
    of: ReturnType<typeof daemonSpec>,
    { length, readyForMs, atMs }: { length: number; readyForMs: number; atMs: number },
  ): number[] {
    let row = noStreak
    return Array.from({ length }, () => {
      const verdict = verdictOn(of, row, { atMs, succeeded: false, readyForMs, isEnding: false })
      if (verdict.kind !== 'retry') throw new Error('no retry')
      row = verdict.streak
      return verdict.afterMs
    })
  }
})

describe('a limit', () => {
  const limit = { times: 3, windowMs: 10_000 }
  const spec = daemonSpec('web', { restart: { ...always, backoffMs: 0, backoffMaxMs: 0, limit } })
  const ended = (atMs: number) => ({ atMs, succeeded: false, readyForMs: 0, isEnding: false })

  test('counts starts in the window that ends with the next one', () => {
    const row: RestartStreak = { length: 3, share: 1, startedAtMs: [1000, 2000, 3000] }
    expect(verdictOn(spec, row, ended(10_999))).toMatchObject({ kind: 'over', why: 'limit' })
    expect(verdictOn(spec, row, ended(11_000))).toMatchObject({ kind: 'retry' })
  })

  test('forgets older starts, so that its memory is bounded', () => {
    const row: RestartStreak = { length: 3, share: 1, startedAtMs: [1000, 2000, 3000] }
    expect(verdictOn(spec, row, ended(12_500))).toMatchObject({ streak: { startedAtMs: [3000] } })
  })
})

test('without a limit the times of starts are not kept', () => {
  expect(startedByPolicy(daemonSpec('web', { restart: always }), noStreak, 1000)).toBe(noStreak)
})

describe('a final end', () => {
  test.each<[what: string, some: Some, succeeded: boolean, why: string]>([
    [
      'a job that ended well is done',
      { kind: 'job', restart: { policy: 'on-failure' } },
      true,
      'done',
    ],
    ['a daemon under never', { restart: { policy: 'never' } }, true, 'policy'],
    [
      'a daemon under on-failure that ended well',
      { restart: { policy: 'on-failure' } },
      true,
      'done',
    ],
    ['main', { main: true, restart: always }, false, 'main'],
  ])('%s', (_, some, succeeded, why) => {
    const verdict = verdictOn(daemonSpec('web', some), noStreak, {
      atMs: 0,
      succeeded: succeeded,
      readyForMs: 0,
      isEnding: false,
    })
    expect(verdict).toEqual({ kind: 'over', why })
  })
})
