/** Converts a daemon of the plan into the host's arguments for a spawn. */
import { expect, test } from 'vitest'
import { type LimitSpec, limitNames } from '../../src/core/plan/plan.ts'
import { environmentFor } from '../../src/init/perform/environment.ts'
import { serviceCommandOf, spawnSpecOf } from '../../src/init/perform/spawn-spec.ts'
import { daemonSpec, type Some } from '../core/plans.ts'

function specOf(some: Some, names: readonly string[] = ['PATH', 'HOME']) {
  const spec = daemonSpec('web', some)
  return spawnSpecOf(environmentFor(names, [spec]), spec, 3)
}

test('a daemon with default settings', () => {
  expect(specOf({})).toEqual({
    daemon: 'web',
    run: 3,
    command: ['/bin/web'],
    env: [0, 1],
    cwd: null,
    user: null,
    group: null,
    umask: null,
    limits: [],
    stdio: 'pump',
    ready: null,
    notify: false,
    control: false,
  })
})

test('a daemon with all settings; its commands run in the same context', () => {
  const env = { set: { A: 'b' }, pass: ['PATH'], claim: [] }
  const place = { cwd: '/srv', umask: 0o27, user: 'app', group: '80' }
  const limits = { nofile: { soft: 100, hard: 'unlimited' } } as const
  const some = { command: ['x', 'y'], ...place, limits, env }
  const expected = { ...place, limits: [[7, 100, -1]] }
  expect(specOf(some)).toMatchObject({ ...expected, command: ['x', 'y'], env: [0, 'A=b'] })
  const spec = daemonSpec('web', some)
  const environment = environmentFor(['PATH', 'HOME'], [spec])
  expect(serviceCommandOf(environment, spec, ['probe'], 'null', ['B=c'])).toEqual({
    ...expected,
    command: ['probe'],
    env: [0, 'A=b', 'B=c'],
    stdio: 'null',
  })
})

test.each([
  ['none', false],
  ['look', true],
  ['operate', true],
] as const)('control: %s', (control, expected) => {
  expect(specOf({ control })).toMatchObject({ control: expected })
})

test('limits have the numbers of the kernel; unlimited is -1', () => {
  const limits = Object.fromEntries(
    limitNames.map((name, index): [string, LimitSpec] => [
      name,
      { soft: index, hard: 'unlimited' },
    ]),
  )
  expect(specOf({ limits: { ...limits, core: { soft: 'unlimited', hard: 5 } } })).toMatchObject({
    limits: [
      [9, 0, -1], // as
      [4, -1, 5], // core
      [0, 2, -1], // cpu
      [2, 3, -1], // data
      [1, 4, -1], // fsize
      [8, 5, -1], // memlock
      [7, 6, -1], // nofile
      [6, 7, -1], // nproc
      [3, 8, -1], // stack
    ],
  })
})
