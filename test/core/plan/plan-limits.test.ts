/** The limits of a plan from outside: the last value that is valid, and the first that is not. */
import { describe, expect, test } from 'vitest'
import { checkPlan, parsePlan } from '../../../src/core/plan/check-plan.ts'
import { maxDaemons, type Plan, type Probe } from '../../../src/core/plan/plan.ts'
import { isPlanText, maxBundleBytes, maxPlanBytes } from '../../../src/core/plan/plan-text.ts'
import { manyDaemons, plan, type Some } from '../plans.ts'

function web(some: Some): Plan {
  return plan({ web: some })
}

function looked(sign: Probe): Plan {
  return web({ ready: { sign, timeoutMs: 1, intervalMs: 1 } })
}

const tcp = (port: number): Probe => ({ type: 'tcp', host: '::1', port })
const page = (path: string): Probe => ({
  type: 'http',
  host: '127.0.0.1',
  port: 80,
  name: 'x',
  path,
})
function log(text: string): Plan {
  return web({ ready: { sign: { type: 'log', text }, timeoutMs: 1, intervalMs: 1 } })
}

function fd(fd: number): Plan {
  return web({ ready: { sign: { type: 'fd', fd }, timeoutMs: 1, intervalMs: 1 } })
}

function alive(failures: number): Plan {
  return web({ alive: { probe: tcp(1), intervalMs: 1, timeoutMs: 1, failures } })
}

const web2 = { web: {}, db: {} }
const unknown = 'no daemon "x"'

test.each<[what: string, fits: Plan]>([
  ['no grace', web({ stop: { graceMs: 0 } })],
  ['the exit codes', web({ stop: { success: [0, 255] } })],
  ['no mask', web({ umask: 0 })],
  ['the whole mask', web({ umask: 0o777 })],
  ['a deadline of a millisecond', plan(web2, { deadlineMs: 1 })],
  ['the most daemons', manyDaemons(maxDaemons, false)],
  ['the first port', looked(tcp(1))],
  ['the last port', looked(tcp(65_535))],
  ['the longest path of a socket', looked({ type: 'unix', path: 'x'.repeat(107) })],
  ['the longest path of a page', looked(page(`/${'x'.repeat(1023)}`))],
  ['the longest piece of a line', log('ä'.repeat(128))],
  ['the first descriptor', fd(3)],
  ['the last descriptor', fd(9)],
  ['no backoff', web({ restart: { backoffMs: 0, backoffMaxMs: 0, calmMs: 0 } })],
  ['one restart', web({ restart: { limit: { times: 1, windowMs: 1 } } })],
  ['the most restarts', web({ restart: { limit: { times: 1000, windowMs: 1 } } })],
  ['one failure', alive(1)],
  ['the most failures', alive(100)],
])('fits: %s', (_, value) => {
  expect(checkPlan(value)).toBeNull()
})

test.each<[what: string, value: Plan, said: string]>([
  ['less than no grace', web({ stop: { graceMs: -1 } }), 'stop.graceMs: expected a number or null'],
  ['half a millisecond', web({ stop: { graceMs: 0.5 } }), 'graceMs: expected a number or null'],
  ['a negative exit code', web({ stop: { success: [-1] } }), 'success[0]: expected an exit code'],
  ['a negative mask', web({ umask: -1 }), 'umask: expected a file mode mask or null'],
  ['more than the mask', web({ umask: 0o1000 }), 'umask: expected a file mode mask or null'],
  ['no deadline', plan(web2, { deadlineMs: 0 }), 'deadlineMs: expected a number'],
  ['no port', looked(tcp(0)), 'sign.port: expected a port'],
  ['a port too many', looked(tcp(65_536)), 'sign.port: expected a port'],
  ['a long path of a socket', looked({ type: 'unix', path: 'x'.repeat(108) }), 'path of a socket'],
  ['a long path of a page', looked(page(`/${'x'.repeat(1024)}`)), 'the path of a page'],
  ['a long piece of a line', log('ä'.repeat(129)), 'a piece of a line'],
  ['stderr', fd(2), 'a descriptor from 3 to 9'],
  ['a high descriptor', fd(10), 'a descriptor from 3 to 9'],
  [
    'a shrinking backoff',
    web({ restart: { backoffMs: 2, backoffMaxMs: 1 } }),
    'must not be less than backoffMs',
  ],
  ['no restarts', web({ restart: { limit: { times: 0, windowMs: 1 } } }), 'limit.times: expected'],
  ['too many', web({ restart: { limit: { times: 1001, windowMs: 1 } } }), 'limit.times: expected'],
  ['no window', web({ restart: { limit: { times: 1, windowMs: 0 } } }), 'limit.windowMs: expected'],
  ['a job that is watched', web({ kind: 'job', watchdogMs: 1 }), 'a job cannot have ready, alive'],
  ['no failure', alive(0), 'alive.failures: expected'],
  ['too many failures', alive(101), 'alive.failures: expected'],
  [
    'one daemon more',
    manyDaemons(maxDaemons + 1, false),
    'daemons: expected at most 4096 in the list',
  ],
  [
    'a signal that is none',
    plan(web2, { signals: { FOO: { forward: [], restart: [], reload: [] } } as Plan['signals'] }),
    'signals.FOO: expected the name of a signal that can be mapped',
  ],
])('does not fit: %s', (_, value, said) => {
  expect(checkPlan(value)).toContain(said)
})

describe('the first of several problems is reported', () => {
  test.each<[what: string, value: unknown, said: string]>([
    ['after', web({ after: ['x', 'y'] }), `daemons[0].after: ${unknown}`],
    [
      'forward',
      plan(web2, { signals: { HUP: { forward: ['x', 'y'], restart: ['z'], reload: [] } } }),
      unknown,
    ],
    [
      'restart',
      plan(web2, { signals: { HUP: { forward: [], restart: ['x', 'y'], reload: [] } } }),
      unknown,
    ],
    ['fields that are not known', { ...web({}), x: 1, y: 2 }, 'plan: unknown field "x"'],
  ])('%s', (_, value, said) => {
    expect(checkPlan(value)).toContain(said)
  })
})

test('a bundle has at most 1 MiB, a plan 4 MiB', () => {
  expect([maxBundleBytes, maxPlanBytes]).toEqual([1_048_576, 4_194_304])
})

test('a plan is recognised by its first key, near the beginning', () => {
  const glance = (spaces: number) => `{${' '.repeat(spaces)}"plan": 1}`
  expect([0, 73, 74, 1000].map((spaces) => isPlanText(glance(spaces)))).toEqual([
    true,
    true,
    false,
    false,
  ])
  expect(isPlanText('["plan", 1]')).toBe(false)
})

test('invalid JSON is reported with the message of the parser', () => {
  const answer = parsePlan('{')
  const message = 'error' in answer ? answer.error : ''
  expect(message).not.toBe('')
  expect(() => JSON.parse('{')).toThrow(message)
})
