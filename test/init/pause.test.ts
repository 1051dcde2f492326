/** A paused pitcrew (`docker pause`) postpones its timers: no daemon could have met a deadline. */
import { expect, test } from 'vitest'
import { signalNumbers } from '../../src/core/signals.ts'
import type { Host } from '../../src/host/host.ts'
import { auxiliary } from '../../src/init/image/auxiliary.ts'
import { Loop } from '../../src/init/loop/loop.ts'
import { plan } from '../core/plans.ts'

const ready = { sign: { type: 'notify' }, timeoutMs: 3000, intervalMs: 100 } as const

class Frozen {
  nowMs = 1000
  wakeAtMs = Number.POSITIVE_INFINITY
  readonly lines: string[] = []
  readonly kills: string[] = []
  readonly loop: Loop
  readonly spawnMs: number

  constructor(daemons: Parameters<typeof plan>[0] = { web: { ready } }, spawnMs = 0) {
    this.spawnMs = spawnMs
    const host: Partial<Host> = {
      now: () => this.nowMs,
      wallMs: () => this.nowMs,
      uid: 0,
      isFolder: () => false,
      startHelper: () => null,
      wakeAt: (atMs) => {
        this.wakeAtMs = atMs
      },
      spawn: () => {
        this.nowMs += this.spawnMs
        return { pid: 7 }
      },
      signal: () => 'sent',
      stop: (daemon, _, signal) => {
        if (signal === signalNumbers.KILL) this.kills.push(`${daemon} at ${this.nowMs}`)
        return 'sent'
      },
      startShutdownWatchdog: () => {},
      print: (line) => {
        this.lines.push(line)
      },
      getenv: () => null,
      envNames: () => [],
      envHide: () => {},
      loadAuxiliary: () => auxiliary,
      oomKills: () => null,
      notify: () => {},
    }
    this.loop = new Loop(host as Host, plan(daemons), Object.keys(daemons), null)
    this.loop.boot()
  }

  /** What has happened so far is written down. */
  written(): this {
    this.wakeAt(1250)
    const end = { errno: null, code: 0, signal: 0, timedOut: false, text: '' }
    this.loop.handle({ type: 'helper', id: 1, ...end })
    return this
  }

  wakeAt(atMs: number): void {
    this.nowMs = atMs
    this.loop.handle({ type: 'wake' })
  }
}

test('without a pause, a daemon that is not ready in time is ended', () => {
  const world = new Frozen().written()
  expect(world.wakeAtMs).toBe(4000)
  world.wakeAt(4900)
  expect(world.lines.join()).toContain('not ready in time')
})

test('after a pause, the daemon has the rest of its time, and the pause is logged once', () => {
  const world = new Frozen().written()
  world.wakeAt(64_000)
  expect(world.lines.filter((line) => line.includes('was paused'))).toEqual([
    'pitcrew: was paused for 1 min',
  ])
  expect(world.lines.join()).not.toContain('not ready in time')
  world.wakeAt(64_250) // For the journal.
  expect(world.wakeAtMs).toBe(65_000)
  world.wakeAt(65_000)
  expect(world.lines.join()).toContain('not ready in time')
})

test('the pause is logged once, also if the first event sets no new wake-up time', () => {
  const world = new Frozen().written()
  world.nowMs = 64_000
  world.loop.handle({ type: 'output-closed', daemon: 'web:alive', run: 1 })
  world.loop.handle({ type: 'wake' })
  expect(world.lines.filter((line) => line.includes('was paused'))).toHaveLength(1)
})

test('after a pause, the first event is handled before any timer elapses', () => {
  const world = new Frozen().written()
  world.nowMs = 64_000
  world.loop.handle({ type: 'notify', daemon: 'web', run: 1, fields: { READY: '1' } })
  expect(world.lines.at(-1)).toContain('web: ready')
  world.wakeAt(64_250)
  expect(world.wakeAtMs).toBe(Number.POSITIVE_INFINITY)
})

test('a start that was not handled before the pause has its whole grace after it', () => {
  const one = { stop: { graceMs: 1000 } }
  const many = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`d${index}`, one]))
  const world = new Frozen(many, 10)
  world.nowMs = 8000
  world.loop.handle({ type: 'signal', signal: signalNumbers.TERM, hangup: false })
  while (world.kills.length === 0) world.wakeAt(world.wakeAtMs)
  expect(world.kills).toHaveLength(16)
  expect(new Set(world.kills.map((kill) => kill.split(' at ')[1]))).toEqual(new Set(['9000']))
})
