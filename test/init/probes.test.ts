/** Readiness and health probes (`ready:`, `alive:`). */
import { describe, expect, test } from 'vitest'
import type { Probe } from '../../src/core/plan/plan.ts'
import { Tasks } from '../../src/init/loop/tasks.ts'
import { Timers } from '../../src/init/loop/timers.ts'
import { CommandRuns } from '../../src/init/perform/command-runs.ts'
import { Probes } from '../../src/init/perform/probes.ts'
import type { ServiceCommand } from '../../src/init/perform/spawn-spec.ts'
import { daemonSpec } from '../core/plans.ts'
import { FakeHost } from './fake-host.ts'

const tcp: Probe = { type: 'tcp', host: '127.0.0.1', port: 80 }
const http: Probe = { type: 'http', host: '127.0.0.1', port: 80, name: 'localhost', path: '/ok' }
const as = { user: null, group: null, umask: null, limits: {} } as const
const asItself = { ...as, env: [], cwd: null, stdio: 'null' } as const

class World {
  readonly fake: FakeHost = new FakeHost()
  readonly #timers: Timers = new Timers()
  readonly #helpers: CommandRuns = new CommandRuns(this.fake.host, this.#timers)
  readonly #told: string[] = []
  readonly #tasks: Tasks = new Tasks(this.fake.host, (text) => this.#told.push(text))
  readonly probes: Probes = new Probes(
    this.fake.host,
    this.#tasks,
    this.#timers,
    this.#helpers,
    (_, command): ServiceCommand => ({ command, ...asItself }),
    (event) => {
      this.#told.push(`tell ${event.type} ${event.daemon} ${event.run}`)
    },
  )

  watchReady(sign: Probe): this {
    const ready = { sign, timeoutMs: 30_000, intervalMs: 100 }
    this.probes.watch(daemonSpec('web', { ready }), 1, 'ready')
    return this
  }

  watchAlive(probe: Probe, failures: number): this {
    const alive = { probe, intervalMs: 1000, timeoutMs: 200, failures }
    this.probes.watch(daemonSpec('web', { alive }), 1, 'alive')
    return this
  }

  probed(id: number, errno: string | null, text = ''): this {
    this.probes.probed({ type: 'probed', id, errno, text })
    return this
  }

  taskEnded(id: number, errno: string | null): this {
    const rest = { code: 0, signal: 0, timedOut: false, text: '' }
    this.#tasks.ended({ type: 'helper', id, errno, ...rest })
    return this
  }

  helperEnded(name: string, run: number, isGood: boolean): this {
    this.#helpers.ended(name, run, { code: isGood ? 0 : 1, signal: 0 }, true)
    return this
  }

  /** Lets time pass; what was asked and told on the way, with the time behind it. */
  after(ms: number): string[] {
    const seen = this.#take('')
    const endMs = this.fake.nowMs + ms
    for (let at = this.#timers.nextMs(); at <= endMs; at = this.#timers.nextMs()) {
      this.fake.nowMs = at
      const timer = this.#timers.takeDue(at)
      if (timer?.kind === 'probe' || timer?.kind === 'probe-timeout') this.probes.elapsed(timer)
      if (timer?.kind === 'command-timeout') this.#helpers.timedOut(timer.command)
      seen.push(...this.#take(` at ${at - 1000} ms`))
    }
    this.fake.nowMs = endMs
    return seen
  }

  #take(behind: string): string[] {
    return [...this.fake.take(), ...this.#told.splice(0)].map((line) => `${line}${behind}`)
  }
}

describe('a readiness probe', () => {
  test('is repeated until one succeeds', () => {
    const world = new World().watchReady(tcp)
    expect(world.after(50)).toEqual(['tcp 1: 127.0.0.1:80 at 10 ms'])
    expect(world.probed(1, 'ECONNREFUSED').after(200)).toEqual(['tcp 2: 127.0.0.1:80 at 150 ms'])
    expect(world.probed(2, null).after(1000)).toEqual(['tell ready web 1'])
  })

  test('times out, and a later result is ignored', () => {
    const world = new World().watchReady(tcp)
    expect(world.after(6000)).toEqual([
      'tcp 1: 127.0.0.1:80 at 10 ms',
      'forget 1 at 5010 ms',
      'tcp 2: 127.0.0.1:80 at 5110 ms',
    ])
    expect(world.probed(1, null).after(10)).toEqual([])
  })

  test('fails if it cannot be started', () => {
    const world = new World()
    world.fake.canProbe = false
    expect(world.watchReady(tcp).after(150)).toEqual([
      'tcp 1: 127.0.0.1:80 at 10 ms',
      'tcp 2: 127.0.0.1:80 at 110 ms',
    ])
  })

  test('stops when the run is not watched any more', () => {
    const world = new World().watchReady(tcp)
    world.after(50)
    world.probes.unwatch('web')
    expect(world.probed(1, null).after(10_000)).toEqual(['forget 1'])
  })

  test.each([
    ['HTTP/1.1 200 OK', true],
    ['HTTP/1.0 302 Found', true],
    ['HTTP/1.1 404 Not Found', false],
    ['HTTP/1.1 503 Service Unavailable', false],
    ['SSH-2.0-OpenSSH_9.2', false],
    ['HTTP/1.1 ', false],
    ['', false],
  ])('by http: the response %j', (line, isReady) => {
    const world = new World().watchReady(http)
    expect(world.after(50)).toEqual(['exchange 1: 127.0.0.1:80 at 10 ms'])
    expect(world.probed(1, null, line).after(0)).toEqual(isReady ? ['tell ready web 1'] : [])
  })

  test('by a command is a run of its own, one at a time, and is killed at its timeout', () => {
    const world = new World().watchReady({ type: 'command', command: ['/bin/look', '-q'] })
    expect(world.after(5100)).toEqual([
      'spawn web:ready 1: /bin/look -q (null) at 10 ms',
      'stop 9 to the tree of web:ready 1 at 5010 ms',
    ])
    // It does not end: no second one is started.
    expect(world.after(500)).toEqual([])
    expect(world.helperEnded('web:ready', 1, false).after(100)).toEqual([
      'spawn web:ready 2: /bin/look -q (null) at 5610 ms',
    ])
    expect(world.helperEnded('web:ready', 2, true).after(0)).toEqual(['tell ready web 1'])
  })

  test.each([
    ['file', '{"exists":"/run/web","timeoutMs":5000}'],
    ['unix', '{"connect":"/run/web","timeoutMs":5000}'],
  ] as const)('by a path (%s): by a helper, since a disk may hang', (type, task) => {
    const world = new World().watchReady({ type, path: '/run/web' })
    expect(world.after(50)).toEqual([`task 1: ${task} at 10 ms`])
    expect(world.taskEnded(1, 'ENOENT').after(100)).toEqual([`task 2: ${task} at 150 ms`])
    expect(world.taskEnded(2, null).after(1000)).toEqual(['tell ready web 1'])
  })

  test('by a relative path is relative to the working directory of the daemon', () => {
    const world = new World()
    const ready = { sign: { type: 'file', path: 'up' }, timeoutMs: 1000, intervalMs: 100 } as const
    world.probes.watch(daemonSpec('web', { ready, cwd: '/srv' }), 1, 'ready')
    expect(world.after(50)).toEqual(['task 1: {"exists":"/srv/up","timeoutMs":5000} at 10 ms'])
  })

  test('of an abstract socket name needs no helper', () => {
    const world = new World().watchReady({ type: 'unix', path: '@web' })
    expect(world.after(50)).toEqual(['unix 1: @web at 10 ms'])
  })

  test('by a helper is ended when it is not wanted any more, and a later result is ignored', () => {
    const world = new World().watchReady({ type: 'file', path: '/run/web' })
    world.after(50)
    world.probes.unwatch('web')
    expect(world.taskEnded(1, null).after(10_000)).toEqual(['forget task 1'])
  })

  test('by a command is killed when it is not wanted any more', () => {
    const world = new World().watchReady({ type: 'command', command: ['/bin/look'] })
    world.after(50)
    world.probes.unwatch('web')
    expect(world.helperEnded('web:ready', 1, true).after(1000)).toEqual([
      'stop 9 to the tree of web:ready 1',
    ])
  })
})

describe('a health probe', () => {
  test('counts failures in a row; a success resets the count', () => {
    const world = new World().watchAlive(tcp, 2)
    expect(world.after(1000)).toEqual(['tcp 1: 127.0.0.1:80 at 1000 ms'])
    expect(world.probed(1, 'ECONNREFUSED').after(1000)).toEqual(['tcp 2: 127.0.0.1:80 at 2000 ms'])
    expect(world.probed(2, null).after(1000)).toEqual(['tcp 3: 127.0.0.1:80 at 3000 ms'])
    expect(world.probed(3, 'ECONNREFUSED').after(1000)).toEqual(['tcp 4: 127.0.0.1:80 at 4000 ms'])
    expect(world.probed(4, 'ECONNREFUSED').after(60_000)).toEqual(['tell unhealthy web 1'])
  })

  test('fails at its timeout', () => {
    expect(new World().watchAlive(tcp, 1).after(5000)).toEqual([
      'tcp 1: 127.0.0.1:80 at 1000 ms',
      'forget 1 at 1200 ms',
      'tell unhealthy web 1 at 1200 ms',
    ])
  })
})

describe('a probe for which no helper can be started', () => {
  const path: Probe = { type: 'file', path: '/run/web' }
  const task = '{"exists":"/run/web","timeoutMs":200}'

  test('says nothing about the daemon, unless that lasts', () => {
    const world = new World()
    world.fake.refusal = 'EBUSY'
    world.watchAlive(path, 1)
    expect(world.after(1500)).toEqual([`task 1: ${task} at 1000 ms`])
    world.fake.refusal = null
    expect(world.after(1000)).toEqual([`task 2: ${task} at 2000 ms`])
    world.fake.refusal = 'EBUSY'
    expect(world.taskEnded(2, null).after(3000)).toEqual([
      `task 3: ${task} at 3500 ms`,
      `task 4: ${task} at 4500 ms`,
      'tell unhealthy web 1 at 4500 ms',
    ])
  })

  test('because too many hang is reported once until one can be started again', () => {
    const world = new World()
    world.fake.refusal = 'EAGAIN'
    const hanging = /^too many helpers hang/
    const said = (lines: string[]): string[] => lines.filter((line) => hanging.test(line))
    world.watchReady(path)
    expect(said(world.after(1000))).toHaveLength(1)
    world.fake.refusal = null
    expect(said(world.after(100))).toHaveLength(0)
    world.fake.refusal = 'EAGAIN'
    world.taskEnded(11, 'ENOENT')
    expect(said(world.after(1000))).toHaveLength(1)
  })

  test('because an earlier one hangs at the same path fails', () => {
    const world = new World()
    world.fake.refusal = 'ETIMEDOUT'
    expect(world.watchAlive(path, 1).after(5000)).toEqual([
      `task 1: ${task} at 1000 ms`,
      'tell unhealthy web 1 at 1000 ms',
    ])
  })
})

test('a second watch starts from the beginning', () => {
  const world = new World().watchReady(tcp)
  world.after(50)
  expect(world.watchReady(tcp).after(50)).toEqual(['forget 1', 'tcp 2: 127.0.0.1:80 at 60 ms'])
})

test('a timer of an older run is ignored', () => {
  const world = new World().watchReady(tcp)
  world.probes.elapsed({ kind: 'probe', daemon: 'web', run: 7 })
  expect(world.after(5)).toEqual([])
})
