/** DESIGN §1: a helper is a short-lived child of pitcrew itself, bounded in time. */
import { describe, expect, test } from 'vitest'
import { Timers } from '../../src/init/loop/timers.ts'
import { CommandRuns, type ServiceCommand } from '../../src/init/perform/command-runs.ts'
import { FakeHost } from './fake-host.ts'

const look: ServiceCommand = {
  command: ['/bin/look'],
  env: [],
  cwd: null,
  user: null,
  group: null,
  umask: null,
  limits: [],
  stdio: 'null',
}

function setUp() {
  const fake = new FakeHost()
  const timers = new Timers()
  const helpers = new CommandRuns(fake.host, timers)
  const told: boolean[] = []
  const start = () =>
    helpers.start('web:ready', look, 500, (isGood) => {
      told.push(isGood)
    })
  return { fake, timers, helpers, told, start }
}

describe('what comes of a helper', () => {
  test.each([
    ['it ended well', true],
    ['it did not', false],
  ])('%s', (_, isGood) => {
    const { helpers, told, start, timers } = setUp()
    expect(start()).toBeNull()
    helpers.ended('web:ready', 1, isGood, true)
    expect(told).toEqual([isGood])
    expect(helpers.isRunning('web:ready')).toBe(false)
    expect(timers.size).toBe(0)
  })

  test('its time is up: a failure, told at once, and it is killed with all it has', () => {
    const { fake, timers, helpers, told, start } = setUp()
    start()
    fake.take()
    expect(timers.takeDue(1499)).toBeNull()
    expect(timers.takeDue(1500)).toEqual({ kind: 'command-timeout', command: 'web:ready' })
    helpers.timedOut('web:ready')
    expect(told).toEqual([false])
    expect(fake.take()).toEqual(['stop 9 to the tree of web:ready 1'])
    helpers.ended('web:ready', 1, false, true)
    expect(told).toEqual([false])
  })

  test('a failure behind its spawn: it is killed, since no timer would end it', () => {
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

  test('it left something behind: that is killed, and it is over when that is gone', () => {
    const { fake, helpers, told, start } = setUp()
    start()
    fake.take()
    helpers.ended('web:ready', 1, true, false)
    expect(told).toEqual([true])
    expect(fake.take()).toEqual(['stop 9 to the tree of web:ready 1'])
    expect(helpers.isRunning('web:ready')).toBe(true)
    helpers.ended('web:ready', 1, false, true)
    expect(helpers.isRunning('web:ready')).toBe(false)
  })

  test('it cannot be started: that is said, and nothing is kept of it', () => {
    const { fake, helpers, told, start, timers } = setUp()
    fake.canSpawn = false
    expect(start()).toBe('cannot execute /bin/look: no such file or directory (ENOENT)')
    expect([told, helpers.isRunning('web:ready'), timers.size]).toEqual([[], false, 0])
  })
})

test('nobody waits for it any more: it is killed, and its end is told to nobody', () => {
  const { fake, helpers, told, start } = setUp()
  start()
  fake.take()
  helpers.cancel('web:ready')
  expect(fake.take()).toEqual(['stop 9 to the tree of web:ready 1'])
  helpers.ended('web:ready', 1, true, true)
  expect(told).toEqual([])
})

test('the end of another run is not its own', () => {
  const { helpers, told, start } = setUp()
  start()
  helpers.ended('web:ready', 7, true, true)
  expect([told, helpers.isRunning('web:ready')]).toEqual([[], true])
})

describe('after a failure of pitcrew', () => {
  test('one of which nobody knows any more is killed; daemons are none of its business', () => {
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

  test('one that is late has a little time: a failure that comes each time must not spin', () => {
    const { fake, helpers, start, timers } = setUp()
    start()
    fake.nowMs = 1500
    expect(timers.takeDue(1500)).toEqual({ kind: 'command-timeout', command: 'web:ready' })
    helpers.reconcile([live])
    expect(timers.nextMs()).toBe(1700)
  })

  test('one that was canceled and lives is killed again: the first KILL may have failed', () => {
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
    ['one whose rest lives is told, and the rest is ended', [ended], [true], true],
    ['one of which the host knows nothing has failed', [], [false], false],
  ])('%s', (_, found, expected, isThere) => {
    const { helpers, told, start } = setUp()
    start()
    helpers.reconcile(found)
    expect(told).toEqual(expected)
    expect(helpers.isRunning('web:ready')).toBe(isThere)
  })
})
