/** DESIGN §8: "check: `reload.check` (`{file}` is the candidate's path)"; "activate by the daemon's
 *  reload strategy; verify". What the operator reads is in words: the check's own, the status of a
 *  response, the reason why a command could not run. */
import { describe, expect, test } from 'vitest'
import type { Exit } from '../../src/core/event.ts'
import {
  type DaemonSpec,
  type Probe,
  type ReloadSpec,
  specDefaults,
} from '../../src/core/plan/plan.ts'
import type { DaemonServices } from '../../src/init/image/auxiliary.ts'
import { auxiliary } from '../../src/init/image/auxiliary.ts'
import { Tasks } from '../../src/init/loop/tasks.ts'
import { Timers } from '../../src/init/loop/timers.ts'
import { Reloads } from '../../src/init/operations/reload.ts'
import { daemonSpec } from '../core/plans.ts'
import { FakeHost } from './fake-host.ts'

const http = {
  type: 'http',
  host: '127.0.0.1',
  port: 80,
  name: 'localhost',
  path: '/load',
} as const
const good: Exit = { code: 0, signal: 0 }

function web(reload: Partial<ReloadSpec>): DaemonSpec {
  return daemonSpec('web', {
    cwd: '/srv',
    user: 'www',
    reload: { ...specDefaults.reload, ...reload },
  })
}

class World {
  readonly fake: FakeHost = new FakeHost()
  readonly #timers: Timers = new Timers()
  readonly #tasks: Tasks = new Tasks(this.fake.host, () => {})
  readonly services: DaemonServices = auxiliary.makeDaemonServices({
    host: this.fake.host,
    tasks: this.#tasks,
    timers: this.#timers,
    deathEnvironment: () => [],
    log: () => {},
    commandFor: ({ cwd, user, group, umask, limits }, command, stdio, more) => ({
      command,
      env: ['A=1', ...more],
      cwd,
      user,
      group,
      umask,
      limits,
      stdio,
    }),
    dispatch: () => {},
  })
  readonly reloads: Reloads = new Reloads(this.fake.host, () => this.services)
  /** What was answered. */
  readonly answers: unknown[] = []

  check(check: readonly string[] | null, path = '/etc/.web.pitcrew-1', name?: string): this {
    this.reloads.check(web({ check }), path, (answer) => this.answers.push(answer), name)
    return this
  }

  activate(by: ReloadSpec['by']): this {
    this.reloads.activate(web({ by }), 3, by, (problem) => this.answers.push(problem))
    return this
  }

  verify(probe: Probe, forMs: number, reload: Partial<ReloadSpec> = {}): this {
    const untilMs = this.fake.nowMs + forMs
    this.reloads.verify(web(reload), 3, probe, untilMs, (problem) => this.answers.push(problem))
    return this
  }

  ended(name: string, run: number, exit: Exit | null, lastLines = ''): this {
    this.fake.lastLines = lastLines
    this.services.commandRuns.ended(name, run, exit, true)
    return this
  }

  probed(id: number, errno: string | null, text = ''): this {
    this.services.probes.probed({ type: 'probed', id, errno, text })
    return this
  }

  /** Lets time pass. @returns What was asked of the host, with the time behind it. */
  after(ms: number): string[] {
    const seen = this.fake.take()
    const endMs = this.fake.nowMs + ms
    for (let at = this.#timers.nextMs(); at <= endMs; at = this.#timers.nextMs()) {
      this.fake.nowMs = at
      const timer = this.#timers.takeDue(at)
      if (timer?.kind === 'probe' || timer?.kind === 'probe-timeout')
        this.services.probes.elapsed(timer)
      if (timer?.kind === 'command-timeout') this.services.commandRuns.timedOut(timer.command)
      seen.push(...this.fake.take().map((line) => `${line} at ${at - 1000} ms`))
    }
    this.fake.nowMs = endMs
    return seen
  }

  get armed(): number {
    return this.#timers.size
  }
}

describe('check', () => {
  test('the path of the candidate replaces {file}, wherever it stands', () => {
    const world = new World().check(['web', '-t', '--config={file}', '{file}:{file}'])
    expect(world.fake.take()).toEqual([
      'spawn web:check 1: web -t --config=/etc/.web.pitcrew-1 ' +
        '/etc/.web.pitcrew-1:/etc/.web.pitcrew-1 (pump)',
    ])
    expect(world.fake.environments).toEqual([['A=1', 'PITCREW_DAEMON=web']])
    expect(world.answers).toEqual([])
    world.ended('web:check', 1, good)
    expect(world.answers).toEqual([{ isGood: true, words: '' }])
  })

  test('a daemon without a check takes every content', () => {
    const world = new World().check(null)
    expect([world.fake.take(), world.answers]).toEqual([[], [{ isGood: true, words: '' }]])
  })

  test('its words are its last lines, with the name of the file instead of the candidate', () => {
    const words = 'web: bad word in /etc/.web.pitcrew-1:3\nweb: 1 error\n'
    const world = new World().check(['web', '{file}'], '/etc/.web.pitcrew-1', '/etc/web')
    world.ended('web:check', 1, { code: 1, signal: 0 }, words)
    expect(world.answers).toEqual([
      { isGood: false, words: 'web: bad word in /etc/web:3\nweb: 1 error' },
    ])
  })

  test('words of a good check are its last lines, too', () => {
    const world = new World().check(['web', '{file}'])
    world.ended('web:check', 1, good, 'deprecated: x\n')
    expect(world.answers).toEqual([{ isGood: true, words: 'deprecated: x' }])
  })

  test.each<[string, Exit | null]>([
    ['exit code 2', { code: 2, signal: 0 }],
    ['signal SEGV', { code: 0, signal: 11 }],
    ['its exit status was not seen', null],
    [
      'not executed: exec: no such file or directory (ENOENT)',
      { ...good, failure: { step: 'exec', errno: 'ENOENT' } },
    ],
  ])('a check that prints nothing and fails: %s', (words, exit) => {
    const world = new World().check(['web', '{file}']).ended('web:check', 1, exit)
    expect(world.answers).toEqual([{ isGood: false, words }])
  })

  test('a program that does not exist refuses the content', () => {
    const world = new World()
    world.fake.canSpawn = false
    expect(world.check(['wep', '{file}']).answers).toEqual([
      { isGood: false, words: 'cannot execute wep: no such file or directory (ENOENT)' },
    ])
  })

  test('a check that hangs is killed after 30 s', () => {
    const world = new World().check(['web', '{file}'])
    expect(world.after(29_999)).toHaveLength(1)
    expect(world.after(1)).toEqual(['stop 9 to the tree of web:check 1 at 30000 ms'])
    expect(world.answers).toEqual([{ isGood: false, words: 'not done after 30 s' }])
    world.ended('web:check', 1, { code: 0, signal: 9 })
    expect([world.answers.length, world.armed]).toEqual([1, 0])
  })

  test('a second check replaces the first, whose answer is lost', () => {
    const world = new World().check(['web', 'a{file}'], '/1').check(['web', 'b{file}'], '/2')
    expect(world.fake.take()).toEqual([
      'spawn web:check 1: web a/1 (pump)',
      'stop 9 to the tree of web:check 1',
      'spawn web:check 2: web b/2 (pump)',
    ])
    world.ended('web:check', 1, good).ended('web:check', 2, { code: 1, signal: 0 })
    expect(world.answers).toEqual([{ isGood: false, words: 'exit code 1' }])
  })
})

describe('activate', () => {
  test.each(['restart', 'none'] as const)('%s: nothing is to be done here', (type) => {
    const world = new World().activate({ type })
    expect([world.fake.take(), world.answers]).toEqual([[], [null]])
  })

  test.each([
    ['sent', null],
    ['gone', 'its run has ended'],
    ['EPERM', 'not permitted (EPERM)'],
  ])('signal: to the first process, alone: %s', (answer, problem) => {
    const world = new World()
    world.fake.signalAnswer = answer
    world.activate({ type: 'signal', signal: 'HUP' })
    expect(world.fake.take()).toEqual(['1 to the leader of web 3'])
    expect(world.answers).toEqual([problem])
  })

  test('command: it knows the run, and exit code 0 is success', () => {
    const world = new World()
    world.fake.live = [
      { daemon: 'web', run: 2, pid: 20, exit: null, gone: false, ready: true },
      { daemon: 'web', run: 3, pid: 30, exit: null, gone: false, ready: true },
    ]
    world.activate({ type: 'command', command: ['web', 'reload'] })
    expect(world.fake.take()).toEqual(['spawn web:reload 1: web reload (pump)'])
    expect(world.fake.environments).toEqual([
      ['A=1', 'PITCREW_DAEMON=web', 'PITCREW_RUN=3', 'PITCREW_PID=30'],
    ])
    expect(world.ended('web:reload', 1, good, 'done\n').answers).toEqual([null])
  })

  test('command: a failure has its last lines', () => {
    const command = { type: 'command', command: ['web', 'reload'] } as const
    const failed = { code: 3, signal: 0 }
    const world = new World().activate(command).ended('web:reload', 1, failed, 'no master\n')
    expect(world.answers).toEqual(['exit code 3: no master'])
    expect(new World().activate(command).ended('web:reload', 1, failed).answers).toEqual([
      'exit code 3',
    ])
  })

  test('command: one that hangs is killed', () => {
    const world = new World().activate({ type: 'command', command: ['web', 'reload'] })
    world.after(30_000)
    expect(world.answers).toEqual(['not done after 30 s'])
  })

  test.each([
    ['HTTP/1.1 200 OK', null],
    ['HTTP/1.0 302 Found', null],
    ['HTTP/1.1 400 Bad Request', 'POST 127.0.0.1:80/load answered 400'],
    ['HTTP/1.1 503 Service Unavailable', 'POST 127.0.0.1:80/load answered 503'],
    ['SSH-2.0-OpenSSH', 'POST 127.0.0.1:80/load answered "SSH-2.0-OpenSSH", which is no HTTP'],
  ])('http: one POST; the response %j', (line, problem) => {
    const world = new World().activate(http)
    expect(world.after(10)).toEqual(['exchange 1: 127.0.0.1:80 at 0 ms'])
    expect(world.fake.requests).toEqual([
      'POST /load HTTP/1.1\r\nHost: localhost\r\nUser-Agent: pitcrew\r\nAccept: */*\r\n' +
        'Content-Length: 0\r\nConnection: close\r\n\r\n',
    ])
    expect(world.probed(1, null, line).answers).toEqual([problem])
    // A request that changes something is never repeated.
    expect([world.after(60_000), world.armed]).toEqual([[], 0])
  })

  test.each([
    ['ECONNREFUSED', 'POST 127.0.0.1:80/load: connection refused (ECONNREFUSED)'],
    ['EPROTO', 'POST 127.0.0.1:80/load: the response is incomplete'],
  ])('http: %s', (errno, problem) => {
    const world = new World().activate(http)
    world.after(10)
    expect(world.probed(1, errno).answers).toEqual([problem])
  })

  test('http: a server that does not answer', () => {
    const world = new World().activate(http)
    world.after(30_000)
    expect(world.answers).toEqual(['POST 127.0.0.1:80/load did not answer in 30 s'])
  })
})

describe('verify', () => {
  const up: Probe = { ...http, path: '/' }
  const tcp: Probe = { type: 'tcp', host: '::1', port: 80 }

  test('probes until one succeeds', () => {
    const world = new World().verify(up, 5000)
    expect(world.after(100)).toEqual(['exchange 1: 127.0.0.1:80 at 0 ms'])
    world.probed(1, null, 'HTTP/1.1 503 Service Unavailable')
    expect(world.answers).toEqual([])
    expect(world.after(200)).toEqual(['exchange 2: 127.0.0.1:80 at 300 ms'])
    expect(world.fake.requests.at(-1)).toContain('GET / HTTP/1.1\r\n')
    expect(world.probed(2, null, 'HTTP/1.1 204 No Content').answers).toEqual([null])
    expect([world.after(60_000), world.armed]).toEqual([[], 0])
  })

  test('when the time is over, the words are those of the last probe', () => {
    const world = new World().verify(up, 600)
    world.after(100)
    world.probed(1, 'ECONNREFUSED').after(200)
    expect(world.probed(2, null, 'HTTP/1.1 503 X').answers).toEqual([])
    world.after(200)
    world.probed(3, null, 'HTTP/1.1 502 X')
    expect(world.answers).toEqual(['GET 127.0.0.1:80/ answered 502'])
    expect([world.after(60_000), world.armed]).toEqual([[], 0])
  })

  test('a probe without an answer ends with the time', () => {
    const world = new World().verify(tcp, 700)
    expect(world.after(700)).toEqual(['tcp 1: ::1:80 at 0 ms', 'forget 1 at 700 ms'])
    expect(world.answers).toEqual(['[::1]:80 did not answer in time'])
  })

  test('after a reload the first probe waits, since the run may still use the old content', () => {
    const reload = { by: { type: 'signal', signal: 'HUP' }, settleMs: 400 } as const
    const world = new World().verify(tcp, 5000, reload)
    expect(world.after(1000)).toEqual(['tcp 1: ::1:80 at 400 ms'])
    const short = new World().verify(tcp, 300, reload)
    expect(short.after(1000)).toEqual(['tcp 1: ::1:80 at 300 ms', 'forget 1 at 301 ms'])
    expect(short.answers).toEqual(['[::1]:80 did not answer in time'])
  })

  test('by a command, beside a probe of its health', () => {
    const probe: Probe = { type: 'command', command: ['/bin/ok'] }
    const alive = { probe, intervalMs: 50, timeoutMs: 100, failures: 3 }
    const world = new World()
    world.services.probes.watch(daemonSpec('web', { alive }), 3, 'alive')
    world.verify(probe, 500)
    expect(world.after(60)).toEqual([
      'spawn web:verify 1: /bin/ok (null) at 0 ms',
      'spawn web:alive 2: /bin/ok (null) at 50 ms',
    ])
    world.ended('web:verify', 1, { code: 7, signal: 0 })
    expect(world.after(200)).toContain('spawn web:verify 3: /bin/ok (null) at 260 ms')
    world.ended('web:verify', 3, good)
    expect(world.answers).toEqual([null])
    world.services.probes.unwatch('web')
  })

  test('by a path: a helper looks, since its disk may hang', () => {
    const world = new World().verify({ type: 'file', path: 'up' }, 100)
    expect(world.after(10)).toEqual(['task 1: {"exists":"/srv/up","timeoutMs":100} at 0 ms'])
  })
})

describe('cancel', () => {
  const command = { type: 'command', command: ['web', 'reload'] } as const

  test('ends everything of one daemon, and nothing is answered', () => {
    const world = new World().check(['web', '{file}']).activate(command)
    world.verify({ type: 'tcp', host: '127.0.0.1', port: 80 }, 1000).after(10)
    world.reloads.cancel('db')
    expect(world.fake.take()).toEqual([])
    world.reloads.cancel('web')
    expect(world.fake.take()).toEqual([
      'stop 9 to the tree of web:check 1',
      'stop 9 to the tree of web:reload 2',
      'forget 1',
    ])
    world.ended('web:check', 1, good).ended('web:reload', 2, good).probed(1, null)
    expect([world.answers, world.after(60_000), world.armed]).toEqual([[], [], 0])
  })

  test('after a failure inside pitcrew everything is forgotten, and its commands are killed', () => {
    const world = new World().check(['web', '{file}']).activate(http)
    world.after(10)
    world.reloads.cancelAll()
    world.services.probes.forgetAll()
    world.services.commandRuns.reconcile([
      { daemon: 'web:check', run: 1, pid: 71, exit: null, gone: false, ready: false },
    ])
    expect(world.fake.take()).toContain('stop 9 to the tree of web:check 1')
    world.ended('web:check', 1, good).probed(1, null, 'HTTP/1.1 200 OK')
    expect(world.answers).toEqual([])
  })

  test('loads nothing where nothing is under way', () => {
    const fake = new FakeHost()
    const reloads = new Reloads(fake.host, () => {
      throw new Error('loaded')
    })
    reloads.cancel('web')
    reloads.cancelAll()
  })
})
