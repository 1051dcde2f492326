/** What the host gets to start a run of a daemon, or of a command that serves it. */
import { expect, test } from 'vitest'
import { environmentFor } from '../../src/core/plan/environment.ts'
import { channelsOf, serviceCommandOf } from '../../src/init/perform/spawn-spec.ts'
import { daemonSpec, type Some } from '../core/plans.ts'

const ready = { timeoutMs: 3000, intervalMs: 100 }

test.each<[what: string, some: Some, channels: object]>([
  ['default settings', {}, { ready: null, notify: false, control: false }],
  ['a watchdog', { watchdogMs: 500 }, { ready: null, notify: true, control: false }],
  ['control: none', { control: 'none' }, { ready: null, notify: false, control: false }],
  ['control: look', { control: 'look' }, { ready: null, notify: false, control: true }],
  ['control: operate', { control: 'operate' }, { ready: null, notify: false, control: true }],
  [
    'readiness by sd_notify',
    { ready: { ...ready, sign: { type: 'notify' } } },
    { ready: { type: 'notify' }, notify: true, control: false },
  ],
  [
    'readiness by descriptor',
    { ready: { ...ready, sign: { type: 'fd', fd: 4 } } },
    { ready: { type: 'fd', fd: 4 }, notify: false, control: false },
  ],
  [
    'readiness by a probe',
    { ready: { ...ready, sign: { type: 'file', path: '/run/up' } } },
    { ready: null, notify: false, control: false },
  ],
])('the channels of a daemon with %s', (_, some, channels) => {
  expect(channelsOf(daemonSpec('web', some))).toEqual({ stdio: 'pump', ...channels })
})

test('the commands of a daemon run in its context', () => {
  const env = { set: { A: 'b' }, pass: ['PATH'], claim: [] }
  const place = { cwd: '/srv', umask: 0o27, user: 'app', group: '80' }
  const limits = { nofile: { soft: 100, hard: 'unlimited' } } as const
  const spec = daemonSpec('web', { command: ['x', 'y'], ...place, limits, env })
  const environment = environmentFor(['PATH', 'HOME'], [spec])
  expect(serviceCommandOf(environment, spec, ['probe'], 'null', ['B=c'])).toEqual({
    ...place,
    limits,
    command: ['probe'],
    env: [0, 'A=b', 'B=c'],
    stdio: 'null',
  })
})
