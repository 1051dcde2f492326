/** The stop command (`stop.command`) and the death command (`onDeath`). */
import { describe, expect, test } from 'vitest'
import type { DeathNote } from '../../src/core/effect.ts'
import { Timers } from '../../src/init/loop/timers.ts'
import { CommandRuns } from '../../src/init/perform/command-runs.ts'
import { Hooks } from '../../src/init/perform/hooks.ts'
import type { ServiceCommand } from '../../src/init/perform/spawn-spec.ts'
import { Deaths } from '../../src/init/report/deaths.ts'
import { daemonSpec } from '../core/plans.ts'
import { FakeHost } from './fake-host.ts'

const web = daemonSpec('web', { stop: { command: ['/bin/quit'] }, onDeath: ['/bin/tell'] })
const as = { user: null, group: null, umask: null, limits: {} } as const
const rest = { ...as, cwd: null, stdio: 'pump' } as const
const about: DeathNote = {
  kind: 'died',
  daemon: 'web',
  run: 2,
  pid: 17,
  uptimeMs: 5,
  status: '',
  verdict: { kind: 'over', why: 'policy' },
  code: 3,
  signal: 0,
  flaw: null,
  leftOthers: false,
}

class World {
  readonly fake: FakeHost = new FakeHost()
  readonly #timers: Timers = new Timers()
  readonly helpers: CommandRuns = new CommandRuns(this.fake.host, this.#timers)
  readonly #commands: Hooks
  env: readonly string[] = []

  constructor() {
    const { asked } = this.fake
    const deaths = new Deaths(this.fake.host)
    deaths.record(about)
    this.#commands = new Hooks(
      this.fake.host,
      this.helpers,
      (about) => deaths.environment(about),
      (text) => asked.push(`say ${text}`),
      ({ timer }) => asked.push(`tell ${timer.kind}`),
    )
  }

  stop(run = 2): string[] {
    return this.#run(run, null)
  }

  die(): string[] {
    return this.#run(2, about)
  }

  endStop(): string[] {
    this.#commands.cancelStop('web')
    return this.fake.take()
  }

  finish(flushMs: number): string[] {
    this.#commands.finish(3, flushMs)
    return this.fake.take()
  }

  ended(name: string, run: number, isGood = true): string[] {
    this.helpers.ended(name, run, { code: isGood ? 0 : 1, signal: 0 }, true)
    return this.fake.take()
  }

  after(ms: number): string[] {
    this.fake.nowMs += ms
    const timer = this.#timers.takeDue(this.fake.nowMs)
    if (timer?.kind === 'command-timeout') this.helpers.timedOut(timer.command)
    return this.fake.take()
  }

  #run(run: number, death: DeathNote | null): string[] {
    const effect = { type: 'run-command', daemon: 'web', run, pid: 17, about: death } as const
    this.#commands.run(effect, web, (command, env): ServiceCommand => {
      this.env = env
      return { command, env, ...rest }
    })
    return this.fake.take()
  }
}

test('the death command gets the death in its environment', () => {
  const world = new World()
  expect(world.die()).toEqual(['spawn web:death 1: /bin/tell (pump)'])
  expect(world.env).toEqual([
    'PITCREW_DAEMON=web',
    'PITCREW_RUN=2',
    'PITCREW_PID=17',
    'PITCREW_CAUSE=code 3',
    'PITCREW_NEXT=restart policy is never',
    'PITCREW_LAST_LINES=',
  ])
})

test('a death during the command of the death before is logged, and its command is not run', () => {
  const world = new World()
  world.die()
  expect(world.die()).toEqual(['say web:death: not run: the previous one still runs'])
})

describe('the stop command', () => {
  test('is ended when its run is over', () => {
    const world = new World()
    world.stop()
    expect(world.endStop()).toEqual(['stop 9 to the tree of web:stop 1'])
  })

  test('does not block that of the next run, even if it is not gone yet', () => {
    const world = new World()
    world.stop()
    world.endStop()
    expect(world.stop(3)).toEqual(['spawn web:stop 2: /bin/quit (pump)'])
    expect(world.ended('web:stop', 1)).toEqual([])
    expect(world.helpers.isRunning('web:stop')).toBe(true)
  })

  test('is followed by the stop signal at once if it fails', () => {
    const world = new World()
    world.stop()
    expect(world.ended('web:stop', 1, false)).toEqual(['say web:stop: failed', 'tell escalate'])
  })

  test('is followed by the stop signal at once if it cannot be run', () => {
    const world = new World()
    world.fake.canSpawn = false
    expect(world.stop()).toEqual([
      'spawn web:stop 1: /bin/quit (pump)',
      'say web:stop: not run: cannot execute /bin/quit: no such file or directory (ENOENT)',
      'tell escalate',
    ])
  })
})

describe('the end', () => {
  test('comes at once if no death command runs', () => {
    expect(new World().finish(900)).toEqual(['finish 3, 900 ms'])
  })

  test('ends stop commands', () => {
    const world = new World()
    world.stop()
    expect(world.finish(900)).toEqual(['stop 9 to the tree of web:stop 1', 'finish 3, 900 ms'])
  })

  test('waits for a death command, which may notify of the end itself', () => {
    const world = new World()
    world.die()
    expect(world.finish(900)).toEqual([])
    world.fake.nowMs += 100
    expect(world.ended('web:death', 1)).toEqual(['finish 3, 800 ms'])
  })

  test('waits no longer than the flush time', () => {
    const world = new World()
    world.die()
    world.finish(900)
    expect(world.after(649)).toEqual([])
    expect(world.after(1)).toEqual([
      'stop 9 to the tree of web:death 1',
      'say web:death: failed',
      'finish 3, 250 ms',
    ])
  })
})
