/** `restart`, jobs, guards and `onDeath` in the bundle file. */
import { describe, expect, test } from 'vitest'
import type { RestartSpec } from '../../src/core/plan/plan.ts'
import { daemonOf, planOf, problemsOf, problemsOfDaemon } from './problems-of.ts'

function restartOf(keys: string): string {
  const { policy, backoffMs, backoffMaxMs, limit, calmMs, then }: RestartSpec =
    daemonOf(keys).restart
  const limited = limit === null ? 'no limit' : `${limit.times} in ${limit.windowMs}`
  return `${policy}, ${backoffMs} to ${backoffMaxMs}, ${limited}, calm ${calmMs}, ${then}`
}

test('the default policy is always; for a job and a main daemon it is never', () => {
  expect(restartOf('user: root')).toMatchInlineSnapshot(
    `"always, 200 to 30000, no limit, calm 30000, leave"`,
  )
  expect(restartOf('kind: job')).toContain('never, ')
  expect(restartOf('main: true')).toContain('never, ')
  expect(restartOf('critical: true')).toContain('always, ')
})

test.each([
  ['restart: never', 'never, 200 to 30000, no limit, calm 30000, leave'],
  ['restart: on-failure', 'on-failure, 200 to 30000, no limit, calm 30000, leave'],
  ['restart: { policy: always }', 'always, 200 to 30000, no limit, calm 30000, leave'],
  ['restart: {}', 'always, 200 to 30000, no limit, calm 30000, leave'],
  ['restart: { backoff: none }', 'always, 0 to 0, no limit, calm 30000, leave'],
  ['restart: { backoff: 1s }', 'always, 1000 to 30000, no limit, calm 30000, leave'],
  ['restart: { backoff: 1m }', 'always, 60000 to 60000, no limit, calm 30000, leave'],
  ['restart: { backoff: {} }', 'always, 200 to 30000, no limit, calm 30000, leave'],
  ['restart: { backoff: { initial: 1m } }', 'always, 60000 to 60000, no limit, calm 30000, leave'],
  ['restart: { backoff: { max: 50ms } }', 'always, 50 to 50, no limit, calm 30000, leave'],
  [
    'restart: { backoff: { initial: 1s, max: 1s } }',
    'always, 1000 to 1000, no limit, calm 30000, leave',
  ],
  ['restart: { limit: 5 in 1m }', 'always, 200 to 30000, 5 in 60000, calm 30000, leave'],
  ['restart: { limit: none }', 'always, 200 to 30000, no limit, calm 30000, leave'],
  ['restart: { calm: 0s, then: leave }', 'always, 200 to 30000, no limit, calm 0, leave'],
  [
    'restart: { limit: 1000 in 24h, then: shutdown }',
    'always, 200 to 30000, 1000 in 86400000, calm 30000, shutdown',
  ],
])('%s', (written, meant) => {
  expect(restartOf(written)).toBe(meant)
})

test('a job may have the policy on-failure', () => {
  const { kind, restart } = daemonOf('kind: job\n    restart: on-failure')
  expect([kind, restart.policy]).toEqual(['job', 'on-failure'])
})

describe('invalid values', () => {
  test('policies', () => {
    expect(problemsOfDaemon('restart: allways')).toMatchInlineSnapshot(
      `"b.yaml:4:14: daemon "web": restart: expected always, on-failure or never, found "allways"; did you mean "always"?"`,
    )
    expect(problemsOfDaemon('restart: no')).toMatchInlineSnapshot(
      `"b.yaml:4:14: daemon "web": restart: expected always, on-failure or never, found "no""`,
    )
    expect(problemsOfDaemon('restart: { policy: sometimes }')).toMatchInlineSnapshot(
      `"b.yaml:4:24: daemon "web": restart.policy: expected always, on-failure or never, found "sometimes""`,
    )
    expect(problemsOfDaemon('restart: [always]')).toMatchInlineSnapshot(
      `"b.yaml:4:14: daemon "web": restart: expected a map, found a list; keys: policy, backoff, limit, calm, then"`,
    )
    expect(problemsOfDaemon('restart:')).toMatchInlineSnapshot(
      `"b.yaml:4:13: daemon "web": restart: has no value; add one, or remove the key"`,
    )
    expect(problemsOfDaemon('restart: { retries: 5 }')).toMatchInlineSnapshot(
      `"b.yaml:4:16: daemon "web": restart: unknown key "retries"; known: policy, backoff, limit, calm, then"`,
    )
  })

  test('backoff', () => {
    expect(problemsOfDaemon('restart: { backoff: 200 }')).toMatchInlineSnapshot(
      `"b.yaml:4:25: daemon "web": restart.backoff: expected a duration, found "200"; a number needs a unit: 200s or 200ms"`,
    )
    expect(problemsOfDaemon('restart: { backoff: 0s }')).toMatchInlineSnapshot(
      `"b.yaml:4:25: daemon "web": restart.backoff: expected a duration from 1 ms to 1 h, found "0s""`,
    )
    expect(
      problemsOfDaemon('restart: { backoff: { initial: 1s, max: 200ms } }'),
    ).toMatchInlineSnapshot(
      `"b.yaml:4:25: daemon "web": restart.backoff: max is less than initial; raise max, or lower initial"`,
    )
    expect(problemsOfDaemon('restart: { backoff: { inital: 1s } }')).toMatchInlineSnapshot(
      `"b.yaml:4:27: daemon "web": restart.backoff: unknown key "inital"; did you mean "initial"?"`,
    )
  })

  test('limits', () => {
    expect(problemsOfDaemon('restart: { limit: 5 }')).toMatchInlineSnapshot(
      `"b.yaml:4:23: daemon "web": restart.limit: expected TIMES in DURATION, or none, found "5"; write 5 in 1m"`,
    )
    expect(problemsOfDaemon('restart: { limit: 5 in a minute }')).toMatchInlineSnapshot(
      `"b.yaml:4:23: daemon "web": restart.limit: expected TIMES in DURATION, or none, found "5 in a minute"; write 5 in 1m"`,
    )
    expect(problemsOfDaemon('restart: { limit: 5 in 60 }')).toMatchInlineSnapshot(
      `"b.yaml:4:23: daemon "web": restart.limit: expected a duration, found "60"; a number needs a unit: 60s or 60ms"`,
    )
    expect(problemsOfDaemon('restart: { limit: 0 in 1m }')).toMatchInlineSnapshot(
      `"b.yaml:4:23: daemon "web": restart.limit: "0" times is not from 1 to 1000; to disable restarts, write policy: never"`,
    )
    expect(problemsOfDaemon('restart: { limit: 1001 in 1m }')).toMatchInlineSnapshot(
      `"b.yaml:4:23: daemon "web": restart.limit: "1001" times is not from 1 to 1000"`,
    )
    expect(problemsOfDaemon('restart: { limit: 5 in 25h }')).toMatchInlineSnapshot(
      `"b.yaml:4:23: daemon "web": restart.limit: expected a duration from 10 ms to 24 h, found "25h""`,
    )
    expect(problemsOfDaemon('restart: { limit: { times: 5, in: 1m } }')).toMatchInlineSnapshot(
      `"b.yaml:4:23: daemon "web": restart.limit: expected TIMES in DURATION, found a map; write 5 in 1m"`,
    )
  })

  test('then', () => {
    expect(problemsOfDaemon('restart: { then: shutdwn, limit: 1 in 1m }')).toMatchInlineSnapshot(
      `"b.yaml:4:22: daemon "web": restart.then: expected leave or shutdown, found "shutdwn"; did you mean "shutdown"?"`,
    )
    expect(problemsOfDaemon('restart: { then: shutdown }')).toMatchInlineSnapshot(
      `"b.yaml:4:16: daemon "web": restart.then: has no effect without a limit; add a limit, such as limit: 5 in 1m"`,
    )
    expect(problemsOfDaemon('restart: { then: shutdown, limit: none }')).toMatchInlineSnapshot(
      `"b.yaml:4:16: daemon "web": restart.then: has no effect without a limit; add a limit, such as limit: 5 in 1m"`,
    )
  })

  test('keys without effect', () => {
    expect(
      problemsOfDaemon('restart: { policy: never, limit: 5 in 1m, calm: 1s }'),
    ).toMatchInlineSnapshot(`
      "b.yaml:4:31: daemon "web": restart.limit: has no effect with policy never; remove it, or write policy: always
      b.yaml:4:47: daemon "web": restart.calm: has no effect with policy never; remove it, or write policy: always"
    `)
    expect(problemsOfDaemon('main: true\n    restart: { backoff: none }')).toMatchInlineSnapshot(
      `"b.yaml:5:16: daemon "web": restart.backoff: has no effect with policy never; remove it: pitcrew ends with its main daemon"`,
    )
    expect(problemsOfDaemon('kind: job\n    restart: { then: shutdown }')).toMatchInlineSnapshot(
      `"b.yaml:5:16: daemon "web": restart.then: has no effect with policy never; remove it, or write policy: on-failure"`,
    )
  })

  test('a main daemon has no restarts', () => {
    expect(problemsOfDaemon('main: true\n    restart: always')).toMatchInlineSnapshot(
      `"b.yaml:5:5: daemon "web": restart: "always" does not apply to the main daemon; pitcrew ends with its main daemon: write never, or remove main: true"`,
    )
    expect(
      problemsOfDaemon('restart: { policy: on-failure }\n    main: true'),
    ).toMatchInlineSnapshot(
      `"b.yaml:4:5: daemon "web": restart: "on-failure" does not apply to the main daemon; pitcrew ends with its main daemon: write never, or remove main: true"`,
    )
    expect(problemsOfDaemon('main: true\n    restart: never')).toBe('valid')
  })

  test('a job has no policy always, ready, alive or watchdog', () => {
    expect(problemsOfDaemon('kind: jobs')).toMatchInlineSnapshot(
      `"b.yaml:4:11: daemon "web": kind: expected daemon or job, found "jobs"; did you mean "job"?"`,
    )
    expect(problemsOfDaemon('kind: job\n    restart: always')).toMatchInlineSnapshot(
      `"b.yaml:5:5: daemon "web": restart: "always" does not apply to a job; a job is meant to end: write on-failure, or never"`,
    )
    expect(
      problemsOfDaemon('kind: job\n    ready: fd\n    alive: { tcp: 80 }\n    watchdog: 1s'),
    ).toMatchInlineSnapshot(`
      "b.yaml:5:5: daemon "web": ready: does not apply to a job; remove it: a job is done when it exits with 0
      b.yaml:6:5: daemon "web": alive: does not apply to a job; remove it: a job is done when it exits with 0
      b.yaml:7:5: daemon "web": watchdog: does not apply to a job; remove it: a job is done when it exits with 0"
    `)
  })

  test('a guard is not optional', () => {
    expect(problemsOfDaemon('guard: true\n    optional: true')).toMatchInlineSnapshot(
      `"b.yaml:5:5: daemon "web": guard contradicts optional; remove one: a guard that may fail guards nothing"`,
    )
    expect(problemsOfDaemon('guard: false\n    optional: true')).toBe('valid')
    expect(problemsOfDaemon('guard: {}')).toMatchInlineSnapshot(
      `"b.yaml:4:12: daemon "web": guard: expected true or false, found a map"`,
    )
  })
})

describe('onDeath', () => {
  const withBundle = (keys: string) =>
    planOf(`onDeath: { command: [tell, all] }\ndaemons: { web: { command: [web], ${keys} } }`)
      .daemons[0]?.onDeath

  test('of the bundle is the default of its daemons', () => {
    expect(withBundle('')).toEqual(['tell', 'all'])
    expect(withBundle('onDeath: { command: [tell] }')).toEqual(['tell'])
    expect(withBundle('onDeath: none')).toBeNull()
    expect(daemonOf('onDeath: { command: [tell] }').onDeath).toEqual(['tell'])
    expect(daemonOf('onDeath: none').onDeath).toBeNull()
    expect(daemonOf('user: root').onDeath).toBeNull()
  })

  test('may come after the daemons', () => {
    const plan = planOf('daemons: { web: { command: [web] } }\nonDeath: { command: [tell] }')
    expect(plan.daemons[0]?.onDeath).toEqual(['tell'])
  })

  test('invalid values', () => {
    const ofBundle = (value: string) =>
      problemsOf(`onDeath: ${value}\ndaemons: { web: { command: [web] } }`)
    expect(ofBundle('none')).toMatchInlineSnapshot(
      `"b.yaml:1:10: onDeath: expected a map, found "none"; write { command: [PROGRAM, ARGUMENT, …] }"`,
    )
    expect(ofBundle('{}')).toMatchInlineSnapshot(
      `"b.yaml:1:10: onDeath: no command; add command: [PROGRAM, ARGUMENT, …]"`,
    )
    expect(ofBundle('{ command: [] }')).toMatchInlineSnapshot(
      `"b.yaml:1:21: onDeath.command: the list is empty; add command: [PROGRAM, ARGUMENT, …]"`,
    )
    expect(ofBundle('[tell]')).toMatchInlineSnapshot(
      `"b.yaml:1:10: onDeath: expected a map, found a list; write { command: [PROGRAM, ARGUMENT, …] }"`,
    )
    expect(problemsOfDaemon('onDeath: true-ish')).toMatchInlineSnapshot(
      `"b.yaml:4:14: daemon "web": onDeath: expected a map or none, found "true-ish"; write { command: [PROGRAM, ARGUMENT, …] }"`,
    )
    expect(problemsOfDaemon('onDeath: { comand: [tell] }')).toMatchInlineSnapshot(
      `"b.yaml:4:16: daemon "web": onDeath: unknown key "comand"; did you mean "command"?"`,
    )
  })
})
