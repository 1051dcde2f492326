/** What follows for each daemon when another plan is to be in force. */
import { describe, expect, test } from 'vitest'
import { diffPlan } from '../../../src/core/plan/diff-plan.ts'
import { type DaemonSpec, type Plan, specDefaults } from '../../../src/core/plan/plan.ts'
import { daemonSpec, plan, type Some } from '../plans.ts'

/** `NAME: what it does, and for which keys`; the refusal last. */
function diff(old: Plan, next: Plan, outer: readonly string[] = []): string[] {
  const { refused, keys, daemons } = diffPlan(old, next, outer)
  return [
    ...keys.map((key) => `bundle: ${key}`),
    ...daemons.map(({ name, does, keys: own }) => `${name}: ${[does, ...own].join(' ')}`),
    ...(refused === null ? [] : [`refused: ${refused}`]),
  ]
}

function claim(...patterns: string[]): Some {
  return { env: { ...specDefaults.env, claim: patterns } }
}

test('nothing follows for daemons that are as before; their order is changed in place', () => {
  const [web, db] = [{ limits: { core: { soft: 0, hard: 0 } } }, { after: ['web'] }]
  expect(diff(plan({ web, db }), plan({ web, db: structuredClone(db) }))).toEqual([])
  expect(diff(plan({ web, db }), plan({ db, web }))).toEqual(['bundle: daemons'])
  expect(diff(plan({ web, db }), plan({ new: {}, web, db }))).toEqual(['new: start'])
})

test('a daemon that is new is started; one that is gone is stopped', () => {
  expect(diff(plan({ web: {}, old: {} }), plan({ api: {}, web: {} }))).toEqual([
    'api: start',
    'old: stop',
  ])
})

/** A value other than the default, and what follows. */
const changes: {
  readonly [K in keyof Omit<DaemonSpec, 'name'>]: readonly [DaemonSpec[K], string]
} = {
  kind: ['job', 'restart'],
  command: [['/bin/other'], 'restart'],
  cwd: ['/srv', 'restart'],
  env: [{ ...specDefaults.env, set: { A: 'b' } }, 'restart'],
  after: [[{ daemon: 'db', until: 'ready' }], 'in place'],
  ready: [{ sign: { type: 'notify' }, timeoutMs: 1000, intervalMs: 100 }, 'restart'],
  alive: [
    { probe: { type: 'file', path: '/up' }, intervalMs: 1, timeoutMs: 1, failures: 3 },
    'in place',
  ],
  watchdogMs: [1000, 'restart'],
  stop: [{ ...specDefaults.stop, signal: 'QUIT' }, 'in place'],
  restart: [{ ...specDefaults.restart, policy: 'on-failure' }, 'in place'],
  main: [true, 'refused'],
  critical: [true, 'in place'],
  guard: [true, 'in place'],
  optional: [true, 'in place'],
  onDeath: [['/bin/tell'], 'in place'],
  control: ['look', 'restart'],
  user: ['www', 'restart'],
  group: ['www', 'restart'],
  umask: [0o77, 'restart'],
  limits: [{ core: { soft: 0, hard: 0 } }, 'restart'],
  config: [['/etc/web.yaml'], 'in place'],
  watch: [false, 'in place'],
  reload: [{ ...specDefaults.reload, by: { type: 'none' } }, 'in place'],
  onBootFailure: ['lastGood', 'in place'],
}

describe('a change of a key:', () => {
  test.each(Object.entries(changes))('%s', (key, [value, does]) => {
    const [web, db] = [daemonSpec('web'), daemonSpec('db')]
    const old = { ...plan({}), daemons: [db, web] }
    const changed = { ...old, daemons: [db, { ...web, [key]: value }] }
    for (const found of [diffPlan(old, changed), diffPlan(changed, old)]) {
      expect(found.daemons).toMatchObject([{ name: 'web', keys: [key] }])
      if (does === 'refused') expect(found.refused).toContain(`web: "${key}" cannot change`)
      else expect([found.refused, found.daemons[0]?.does]).toEqual([null, does])
    }
  })

  test('the times of a readiness probe are those of the next run', () => {
    const sign = { type: 'file', path: '/up' } as const
    const one = plan({ web: { ready: { sign, timeoutMs: 1000, intervalMs: 100 } } })
    const other = plan({ web: { ready: { sign, timeoutMs: 2000, intervalMs: 100 } } })
    expect(diff(one, other)).toEqual(['web: in place ready'])
  })
})

describe('a claim of a variable', () => {
  const outer = ['PATH', 'TOKEN']

  test('restarts those that lose the variable, or get it back', () => {
    const pass = { env: { ...specDefaults.env, pass: ['PATH'] } }
    const before = plan({ egress: {}, web: {}, careful: pass })
    const after = plan({ egress: claim('TOKEN'), web: {}, careful: pass })
    const [lost, got] = ['web: restart env', 'egress: in place env']
    // egress had inherited it like all others.
    expect(diff(before, after, outer)).toEqual([got, lost])
    expect(diff(after, before, outer)).toEqual([got, lost])
  })

  test('of a variable that is not set has no effect on others', () => {
    expect(diff(plan({ egress: {}, web: {} }), plan({ egress: claim('NONE'), web: {} }), outer)) //
      .toEqual(['egress: in place env'])
  })

  test('counts also when its daemon is not selected', () => {
    const [old, next] = [plan({ web: {}, egress: {} }), plan({ web: {}, egress: claim('TOKEN') })]
    const selected = { old: ['web'], next: ['web'] }
    expect(diffPlan(old, next, outer, selected).daemons).toMatchObject([
      { name: 'web', does: 'restart' },
    ])
  })
})

describe('it is refused', () => {
  test('when the name of the bundle or the label changes', () => {
    expect(diff(plan({ web: {} }), plan({ web: {} }, { name: 'other', label: 'x' }))).toEqual([
      'bundle: name',
      'bundle: label',
      'refused: "name" cannot change while pitcrew runs; "label" cannot change while pitcrew runs',
    ])
  })

  test('when no daemon would be left', () => {
    expect(diff(plan({ web: {} }), plan({}))).toEqual([
      'web: stop',
      'refused: no daemon would be left',
    ])
  })

  test('when the daemon whose end is the end of pitcrew would be stopped', () => {
    const main = plan({ web: { main: true } })
    expect(diff(main, plan({ web: { main: true, cwd: '/' } }))).toEqual([
      'web: restart cwd',
      'refused: web: it is main and cannot be restarted for "cwd"',
    ])
    expect(diffPlan(main, plan({ db: {} })).refused).toBe('web: it is main and cannot be removed')
    expect(diffPlan(plan({ db: {} }), main).refused).toBe(
      'web: a daemon that is main cannot be added',
    )
  })
})

test('signals and the deadline change in place', () => {
  const [old, next] = [plan({ web: {} }), plan({ web: {} }, { deadlineMs: 1000, signals: {} })]
  expect(diff(old, next)).toEqual(['bundle: deadlineMs'])
})
