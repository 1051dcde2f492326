/** Commands that serve a daemon are runs with a timeout; the whole tree of one is ended. */
import { describe, expect, test } from 'vitest'
import { Timers } from '../../src/init/loop/timers.ts'
import { CommandRuns } from '../../src/init/perform/command-runs.ts'
import type { ServiceCommand } from '../../src/init/perform/spawn-spec.ts'
import { FakeHost } from './fake-host.ts'

const look: ServiceCommand = {
  command: ['/bin/look'],
  env: [],
  cwd: null,
  user: null,
  group: null,
  umask: null,
  limits: {},
  stdio: 'null',
}

const good = { code: 0, signal: 0 }

function setUp() {
  const fake = new FakeHost()
  const timers = new Timers()
  const helpers = new CommandRuns(fake.host, timers)
  const told: boolean[] = []
  const start = () =>
    helpers.start('web:ready', look, 500, ({ isGood }) => {
      told.push(isGood)
    })
  return { fake, timers, helpers, told, start }
}

describe('the outcome of a command', () => {
  test.each([
    ['exit code 0', good, true],
    ['exit code 1', { code: 1, signal: 0 }, false],
    ['killed', { code: 0, signal: 9 }, false],
    ['not executed', { ...good, failure: { step: 'exec', errno: 'ENOENT' } }, false],
    ['not observed', null, false],
  ])('%s', (_, exit, isGood) => {
    const { helpers, told, start, timers } = setUp()
    expect(start()).toBeNull()
    helpers.ended('web:ready', 1, exit, true)
    expect(told).toEqual([isGood])
    expect(helpers.isRunning('web:ready')).toBe(false)
    expect(timers.size).toBe(0)
  })

  test('a timeout is a failure, reported at once, and kills the whole tree', () => {
    const { fake, timers, helpers, told, start } = setUp()
    start()
    fake.take()
    expect(timers.takeDue(1499)).toBeNull()
    expect(timers.takeDue(1500)).toEqual({ kind: 'command-timeout', command: 'web:ready' })
    helpers.timedOut('web:ready')
    expect(told).toEqual([false])
    expect(fake.take()).toEqual(['stop 9 to the tree of web:ready 1'])
    helpers.ended('web:ready', 1, null, true)
    expect(told).toEqual([false])
  })

  test('a run is killed if its start fails after the spawn, since no timer would end it', () => {
    const { fake, timers, helpers, start } = setUp()
    const { arm } = timers
    timers.arm = () => {
      throw new Error('out of memory')
    }
    expect(start).toThrow('out of memory')
    timers.arm = arm
    expect(fake.take()).toEqual([
      'spawn web:ready 1: /bin/look (null)',
      'stop 9 to the tree of web:ready 1',
    ])
    expect(helpers.isRunning('web:ready')).toBe(false)
  })

  test('remaining processes are killed, and the run is over when they are gone', () => {
    const { fake, helpers, told, start } = setUp()
    start()
    fake.take()
    helpers.ended('web:ready', 1, good, false)
    expect(told).toEqual([true])
    expect(fake.take()).toEqual(['stop 9 to the tree of web:ready 1'])
    expect(helpers.isRunning('web:ready')).toBe(true)
    helpers.ended('web:ready', 1, null, true)
    expect(helpers.isRunning('web:ready')).toBe(false)
  })

  test('a failed start is returned, and no run is kept', () => {
    const { fake, helpers, told, start, timers } = setUp()
    fake.canSpawn = false
    expect(start()).toBe('cannot execute /bin/look: no such file or directory (ENOENT)')
    expect([told, helpers.isRunning('web:ready'), timers.size]).toEqual([[], false, 0])
  })
})

test('a cancelled run is killed, and its end is not reported', () => {
  const { fake, helpers, told, start } = setUp()
  start()
  fake.take()
  helpers.cancel('web:ready')
  expect(fake.take()).toEqual(['stop 9 to the tree of web:ready 1'])
  helpers.ended('web:ready', 1, good, true)
  expect(told).toEqual([])
})

test('the end of an older run is ignored', () => {
  const { helpers, told, start } = setUp()
  start()
  helpers.ended('web:ready', 7, good, true)
  expect([told, helpers.isRunning('web:ready')]).toEqual([[], true])
})

describe('after a failure of pitcrew', () => {
  test('an unknown command run is killed; runs of daemons are left alone', () => {
    const { fake, helpers } = setUp()
    const unknown = { run: 4, pid: 74, exit: null, gone: false, ready: false }
    helpers.reconcile([
      { ...unknown, daemon: 'web:ready' },
      { ...unknown, daemon: 'db:alive', gone: true },
      { ...unknown, daemon: 'web' },
    ])
    expect(fake.take()).toEqual(['stop 9 to the tree of web:ready 4'])
  })

  const live = { daemon: 'web:ready', run: 1, pid: 71, exit: null, gone: false, ready: false }
  const ended = { ...live, exit: { code: 0, signal: 0 } }

  test('an overdue timeout is postponed a little, so that a permanent failure does not spin', () => {
    const { fake, helpers, start, timers } = setUp()
    start()
    fake.nowMs = 1500
    expect(timers.takeDue(1500)).toEqual({ kind: 'command-timeout', command: 'web:ready' })
    helpers.reconcile([live])
    expect(timers.nextMs()).toBe(1700)
  })

  test('a cancelled run that is alive is killed again: the first KILL may have failed', () => {
    const { fake, helpers, told, start } = setUp()
    start()
    helpers.cancel('web:ready')
    fake.take()
    helpers.reconcile([live])
    expect(fake.take()).toEqual(['stop 9 to the tree of web:ready 1'])
    expect(told).toEqual([])
  })

  test.each([
    ['one that lives goes on', [live], [], true],
    ['one that ended is told', [{ ...ended, gone: true }], [true], false],
    ['an end with remaining processes is reported, and they are killed', [ended], [true], true],
    ['one of which the host knows nothing has failed', [], [false], false],
  ])('%s', (_, found, expected, isThere) => {
    const { helpers, told, start } = setUp()
    start()
    helpers.reconcile(found)
    expect(told).toEqual(expected)
    expect(helpers.isRunning('web:ready')).toBe(isThere)
  })
})
