/** From a daemon of the plan to what the host is told. */
import { expect, test } from 'vitest'
import { type LimitSpec, limitNames } from '../../src/core/plan.ts'
import type { FileAnswer } from '../../src/host/system.ts'
import { environmentFor } from '../../src/init/environment.ts'
import { spawnSpecOf } from '../../src/init/spawn-spec.ts'
import { daemonSpec, type Some } from '../core/plans.ts'

function specOf(some: Some, names: readonly string[] = ['PATH', 'HOME']) {
  const spec = daemonSpec('web', some)
  const readFile = (path: string): FileAnswer =>
    path === '/etc/passwd' ? { text: 'app:x:1000:1000::/srv:\n' } : { error: 'ENOENT' }
  return spawnSpecOf({ uid: 0, readFile }, environmentFor(names, [spec]), spec, 3)
}

test('a daemon that says nothing', () => {
  expect(specOf({})).toEqual({
    daemon: 'web',
    run: 3,
    command: ['/bin/web'],
    env: [0, 1],
    cwd: null,
    uid: null,
    gid: null,
    groups: null,
    umask: null,
    limits: [],
    stdio: 'pump',
    ready: null,
    notify: false,
    control: false,
  })
})

test('a daemon that says all: its identity is in its environment, too', () => {
  const env = { set: { A: 'b' }, pass: ['PATH'], claim: [] }
  expect(specOf({ command: ['x', 'y'], cwd: '/srv', umask: 0o27, user: 'app', env })).toMatchObject(
    {
      command: ['x', 'y'],
      env: [0, 'HOME=/srv', 'USER=app', 'LOGNAME=app', 'A=b'],
      cwd: '/srv',
      uid: 1000,
      gid: 1000,
      groups: [1000],
      umask: 0o27,
    },
  )
})

test.each([
  ['none', false],
  ['look', true],
  ['operate', true],
] as const)('control: %s', (control, expected) => {
  expect(specOf({ control })).toMatchObject({ control: expected })
})

test('a user that nobody knows is no spec', () => {
  expect(specOf({ user: 'nobody2' })).toEqual({ error: 'user nobody2 is not in /etc/passwd' })
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
