/** The init checks every field of a plan that it is given, unless the plan is sealed. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { checkPlan, parsePlan, planCheck } from '../../src/core/plan/check-plan.ts'
import { findCycle } from '../../src/core/plan/check-references.ts'
import { type Plan, specDefaults } from '../../src/core/plan/plan.ts'
import { isPlanText, readPlan, sealPlan, serializePlan } from '../../src/core/plan/plan-text.ts'
import { planOf } from './problems-of.ts'

const plan = planOf(`
signals: { HUP: { forward: [b], reload: [b] } }
daemons:
  a: { command: [a, x], env: { set: { A: b }, pass: [PATH] }, limits: { core: 0 } }
  b:
    command: [b]
    after: [a]
    ready: { tcp: "8080" }
    alive: { http: http://localhost/x }
    watchdog: 1s
    stop: { grace: 1s, success: [1], command: [c] }
    restart: { limit: 5 in 1m }
    onDeath: { command: [d] }
    umask: 022
    cwd: /
    user: x
    config: [/etc/b, /etc/c]
    watch: false
    onBootFailure: lastGood
    reload: { signal: HUP, check: [b, "-t{file}"], verify: { file: /run/b, timeout: 1s } }
  c: { command: [c], kind: job, after: { a: started }, restart: on-failure }
`)

test('the text of a plan gives the same plan, with and without defaults', () => {
  expect(parsePlan(serializePlan(plan))).toEqual({ plan })
})

test('defaults of a daemon are not written', () => {
  const lean = {
    ...plan,
    signals: {},
    daemons: [{ ...specDefaults, name: 'web', command: ['web'] }],
  }
  expect(JSON.parse(serializePlan(lean)).daemons).toEqual([{ name: 'web', command: ['web'] }])
  expect(parsePlan(serializePlan(lean))).toEqual({ plan: lean })
})

/** The plan with one value replaced; undefined removes it. */
function withValue(path: string, value: unknown): unknown {
  const copy = structuredClone(plan) as unknown
  const keys = path.split('.')
  let parent = copy as Record<string, unknown>
  for (const key of keys.slice(0, -1)) parent = parent[key] as Record<string, unknown>
  const last = keys.at(-1) ?? ''
  if (value === undefined) delete parent[last]
  else parent[last] = value
  return copy
}

test('messages name the expected value and the place', () => {
  const cases: [path: string, value: unknown][] = [
    ['plan', 1],
    ['plan', undefined],
    ['name', 'Not A Name'],
    ['label', ''],
    ['select', 'A=B'],
    ['deadlineMs', 0],
    ['deadlineMs', '9s'],
    ['signals.TERM', { forward: [], restart: ['a'] }],
    ['signals.HUP.restart', ['nobody']],
    ['signals.HUP.forward', undefined],
    ['signals.HUP.reload', undefined],
    ['signals.HUP.reload', ['nobody']],
    ['daemons', []],
    ['daemons', {}],
    ['daemons.0', null],
    ['daemons.0.name', 'b'],
    ['daemons.0.command', []],
    ['daemons.0.command.1', 1],
    ['daemons.0.command.0', 'a\0'],
    ['daemons.0.env.set', { 'A=': 'x' }],
    ['daemons.0.env.pass', ['*A']],
    ['daemons.0.env.pass', 'PATH'],
    ['daemons.0.limits', { nope: { soft: 1, hard: 1 } }],
    ['daemons.0.limits.core.soft', 'some'],
    ['daemons.1.stop.graceMs', '5s'],
    ['daemons.1.stop.success', [256]],
    ['daemons.1.stop.signal', 'SIGTERM'],
    ['daemons.1.umask', 0o1000],
    ['daemons.1.cwd', ''],
    ['daemons.1.kind', 'service'],
    ['daemons.1.restart.policy', 'sometimes'],
    ['daemons.1.restart.backoffMs', -1],
    ['daemons.1.restart.backoffMaxMs', 199],
    ['daemons.1.restart.limit.times', 0],
    ['daemons.1.restart.limit.windowMs', null],
    ['daemons.1.restart.limit', 5],
    ['daemons.1.restart.then', 'exit'],
    ['daemons.1.ready.sign.type', 'udp'],
    ['daemons.1.ready.sign.type', { toString: 1 }],
    ['daemons.1.ready.sign.type', 'notify'],
    ['daemons.1.ready.sign', { type: 'fd', fd: 2 }],
    ['daemons.1.ready.sign', { type: 'log', text: 'a\nb' }],
    ['daemons.1.ready.sign', { type: 'unix', path: 'x'.repeat(108) }],
    ['daemons.1.ready.sign.host', 'localhost'],
    ['daemons.1.ready.sign.port', 0],
    ['daemons.1.ready.timeoutMs', 0],
    ['daemons.1.alive.probe', { type: 'notify' }],
    ['daemons.1.alive.probe.path', '/a b'],
    ['daemons.1.alive.probe.name', 'a\r\nb'],
    ['daemons.1.alive.failures', 0],
    ['daemons.1.watchdogMs', 0],
    ['daemons.1.onDeath', []],
    ['daemons.1.kind', 'job'],
    ['daemons.2.restart.policy', 'always'],
    [
      'daemons.2.after',
      [
        { daemon: 'a', until: 'ready' },
        { daemon: 'a', until: 'ready' },
      ],
    ],
    ['daemons.1.after', ['a']],
    ['daemons.1.after.0.until', 'gone'],
    ['daemons.1.after.0.until', 'done'],
    ['daemons.1.after.0.daemon', 'nobody'],
    ['daemons.1.after.0.daemon', 'b'],
    ['daemons.1.config', '/etc/b'],
    ['daemons.1.config', Array.from({ length: 17 }, (_, index) => `/etc/${index}`)],
    ['daemons.1.config.1', 'etc/b'],
    ['daemons.1.config.1', '/etc/../b'],
    ['daemons.1.config.1', '/etc/b/'],
    ['daemons.1.config.1', '/etc/b\nc'],
    ['daemons.1.config.1', `/${'x'.repeat(201)}`],
    ['daemons.1.config.1', '/etc/b'],
    ['daemons.1.watch', 'yes'],
    ['daemons.1.onBootFailure', 'first'],
    ['daemons.1.reload', 'restart'],
    ['daemons.1.reload.by.type', 'exec'],
    ['daemons.1.reload.by', { type: 'signal', signal: 'KILL' }],
    ['daemons.1.reload.by', { type: 'signal', signal: 'TERM' }],
    ['daemons.1.reload.by', { type: 'command', command: [] }],
    ['daemons.1.reload.by', { type: 'restart', signal: 'HUP' }],
    ['daemons.1.reload.check', [1]],
    ['daemons.1.reload.check', ['b', '-t']],
    ['daemons.1.reload.checkInPlace', null],
    ['daemons.1.reload.verify', { type: 'notify' }],
    ['daemons.1.reload.verifyMs', 0],
    ['daemons.1.reload.settleMs', -1],
    ['daemons.2.reload.by', { type: 'signal', signal: 'HUP' }],
    ['daemons.2.reload.verify', { type: 'file', path: '/run/c' }],
    ['daemons.1.more', true],
    ['more', true],
  ]
  const messages = cases.map(([path, value]) => checkPlan(withValue(path, value)))
  expect(messages.join('\n')).toMatchInlineSnapshot(`
    "plan: format 1 is not known, this version reads format 2
    plan: expected the number of the format
    name: expected a name
    label: expected text that is not empty
    select: expected the name of an environment variable
    deadlineMs: expected a number
    deadlineMs: expected a number
    signals.TERM: expected the name of a signal that can be mapped
    signals.HUP: no daemon "nobody"
    signals.HUP.forward: expected a list
    signals.HUP.reload: expected a list
    signals.HUP: no daemon "nobody"
    daemons: expected at least 1 in the list
    daemons: expected a list
    daemons[0]: expected an object
    daemons[1].name: "b" is listed twice
    daemons[0].command: expected at least 1 in the list
    daemons[0].command[1]: expected text
    daemons[0].command[0]: expected text
    daemons[0].env.set.A=: expected the name of an environment variable
    daemons[0].env.pass[0]: expected the name of an environment variable, maybe with * at its end
    daemons[0].env.pass: expected a list or null
    daemons[0].limits.nope: expected the name of a limit
    daemons[0].limits.core.soft: expected a number
    daemons[1].stop.graceMs: expected a number or null
    daemons[1].stop.success[0]: expected an exit code
    daemons[1].stop.signal: expected the name of a signal
    daemons[1].umask: expected a file mode mask or null
    daemons[1].cwd: expected text that is not empty or null
    daemons[1].kind: expected daemon or job
    daemons[1].restart.policy: expected always or on-failure or never
    daemons[1].restart.backoffMs: expected a number
    daemons[1].restart.backoffMaxMs: must not be less than backoffMs
    daemons[1].restart.limit.times: expected a number from 1 to 1000
    daemons[1].restart.limit.windowMs: expected a positive number
    daemons[1].restart.limit: expected an object or null
    daemons[1].restart.then: expected leave or shutdown
    daemons[1].ready.sign.type: expected a type that is known
    daemons[1].ready.sign.type: expected a type that is known
    daemons[1].ready.sign: unknown field "host"
    daemons[1].ready.sign.fd: expected a descriptor from 3 to 9
    daemons[1].ready.sign.text: expected a piece of a line
    daemons[1].ready.sign.path: expected the path of a socket
    daemons[1].ready.sign.host: expected a numeric address
    daemons[1].ready.sign.port: expected a port
    daemons[1].ready.timeoutMs: expected a positive number
    daemons[1].alive.probe.type: expected a type that is known
    daemons[1].alive.probe.path: expected the path of a page
    daemons[1].alive.probe.name: expected the name of a host
    daemons[1].alive.failures: expected a number from 1 to 100
    daemons[1].watchdogMs: expected a positive number or null
    daemons[1].onDeath: expected at least 1 in the list or null
    daemons[1].restart.policy: a job cannot have "always"
    daemons[2].restart.policy: a job cannot have "always"
    daemons[2].after: "a" is listed twice
    daemons[1].after[0]: expected an object
    daemons[1].after[0].until: expected started or ready or done
    daemons[1].after: "a" is not a job, so it is never done
    daemons[1].after: no daemon "nobody"
    daemons: after has a cycle: b → b
    daemons[1].config: expected a list
    daemons[1].config: expected at most 16 in the list
    daemons[1].config[1]: expected an absolute path
    daemons[1].config[1]: expected an absolute path
    daemons[1].config[1]: expected an absolute path
    daemons[1].config[1]: expected an absolute path
    daemons[1].config[1]: expected an absolute path
    daemons[1].config[1]: the file is listed twice
    daemons[1].watch: expected true or false
    daemons[1].onBootFailure: expected leave or lastGood
    daemons[1].reload: expected an object
    daemons[1].reload.by.type: expected a type that is known
    daemons[1].reload.by.signal: expected the name of a signal that a daemon can handle
    daemons[1].reload.by.signal: it is the stop signal
    daemons[1].reload.by.command: expected at least 1 in the list
    daemons[1].reload.by: unknown field "signal"
    daemons[1].reload.check[0]: expected text
    daemons[1].reload.check: without {file} it needs checkInPlace
    daemons[1].reload.checkInPlace: expected true or false
    daemons[1].reload.verify.type: expected a type that is known
    daemons[1].reload.verifyMs: expected a positive number
    daemons[1].reload.settleMs: expected a number
    daemons[2].reload.by: a job can only be restarted
    daemons[2].reload.verify: a job is verified by its end
    daemons[1]: unknown field "more"
    plan: unknown field "more""
  `)
})

test('other values are refused', () => {
  for (const value of [null, 1, 'plan', [], undefined]) expect(checkPlan(value)).toContain('object')
})

test('every field of the plan is checked', () => {
  const paths: string[] = []
  const collect = (value: unknown, path: string): void => {
    if (path !== '') paths.push(path)
    if (typeof value !== 'object' || value === null) return
    for (const [key, entry] of Object.entries(value)) {
      collect(entry, path === '' ? key : `${path}.${key}`)
    }
  }
  collect(plan, '')
  expect(paths.length).toBeGreaterThan(50)
  for (const path of paths) expect(checkPlan(withValue(path, { odd: 1 }))).not.toBeNull()
})

test('a guard that may fail is refused', () => {
  const daemons = plan.daemons.map((daemon) => ({ ...daemon, guard: true, optional: true }))
  expect(checkPlan({ ...plan, daemons })).toBe('daemons[0].guard: cannot be combined with optional')
})

test('two main daemons are refused', () => {
  const daemons = plan.daemons.map((daemon) => ({ ...daemon, main: true }))
  expect(checkPlan({ ...plan, daemons })).toBe('daemons: only one may have main: true')
})

test('a plan is distinguished from a bundle by its beginning', () => {
  expect(isPlanText(serializePlan(plan))).toBe(true)
  expect(isPlanText(' \n{ "plan": 9')).toBe(true)
  expect(isPlanText('{ "daemons": {} }')).toBe(false)
  expect(isPlanText('plan: 1')).toBe(false)
})

test('a plan is read one daemon per step', () => {
  const daemons = Array.from({ length: 50 }, (_, index) => {
    return { ...specDefaults, name: `d-${index}`, command: ['web'] }
  })
  const many = { ...plan, signals: {}, daemons }
  const steps = readPlan(serializePlan(many), () => planCheck)
  let count = 0
  while (steps.next().done !== true) count++
  // Parsing and checking.
  expect(count).toBeGreaterThanOrEqual(2 * daemons.length)
  expect(parsePlan(serializePlan(many))).toEqual({ plan: many })
})

test('a plan in another layout is the same plan', () => {
  const text = serializePlan(plan)
  const value = JSON.parse(text)
  const layouts = [
    JSON.stringify(value),
    JSON.stringify(value, null, 2),
    text.replaceAll(',', ' ,\n'),
  ]
  for (const layout of layouts) expect(parsePlan(layout)).toEqual({ plan })
})

test('parsePlan never throws', () => {
  const text = serializePlan(plan)
  expect(parsePlan(text)).toEqual({ plan })
  for (let end = 0; end < text.length; end += 7)
    expect(parsePlan(text.slice(0, end))).toHaveProperty('error')
})

test('a cycle of any length is found without recursion', () => {
  const chain = Array.from({ length: 100_000 }, (_, index) => ({
    name: `d${index}`,
    after: [{ daemon: `d${index + 1}` }],
  }))
  expect(findCycle(chain)).toBeNull()
  expect(findCycle([...chain, { name: 'd100000', after: [{ daemon: 'd0' }] }])).toHaveLength(
    100_002,
  )
})

test('two paths to one daemon are not a cycle', () => {
  const node = (name: string, ...after: string[]) => ({
    name,
    after: after.map((daemon) => ({ daemon })),
  })
  const diamond = [node('a', 'b', 'c'), node('b', 'd'), node('c', 'd'), node('d')]
  expect(findCycle(diamond)).toBeNull()
  expect(findCycle([...diamond.slice(0, 3), node('d', 'b')])).toEqual(['b', 'd', 'b'])
})

describe('a sealed plan', () => {
  const sumOf = (text: string): string =>
    createHash('sha256').update(text).digest('hex').slice(0, 16)
  const sealed = sealPlan(plan, sumOf)
  /** An invalid plan that only the check recognises. */
  const unchecked = { ...plan, label: 7 } as unknown as Plan

  test('is the same plan, for readers with and without sums', () => {
    expect(isPlanText(sealed)).toBe(true)
    expect(parsePlan(`${sealed}\n`, sumOf)).toEqual({ plan })
    expect(parsePlan(sealed)).toEqual({ plan })
  })

  test('is not checked again', () => {
    const trusted = sealPlan(unchecked, sumOf)
    expect(parsePlan(trusted, sumOf)).toEqual({ plan: unchecked })
    expect(parsePlan(trusted)).toEqual({ error: expect.stringContaining('label') })
  })

  test('is checked if it was edited, or sealed by another version', () => {
    const trusted = sealPlan(unchecked, sumOf)
    const changed = trusted.replace('"label":7', '"label":8')
    expect(parsePlan(changed, sumOf)).toEqual({ error: expect.stringContaining('label') })
    const otherSum = (text: string): string => sumOf(`another version ${text}`)
    expect(parsePlan(trusted, otherSum)).toEqual({ error: expect.stringContaining('label') })
  })
})
