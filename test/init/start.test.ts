/** From the command line to the running supervisor: the host has control between the turns that a plan of thousands of
 *  daemons takes. */
import { describe, expect, test } from 'vitest'
import { planCheck } from '../../src/core/plan/check-plan.ts'
import { sealPlan, serializePlan } from '../../src/core/plan/plan-text.ts'
import { signalNumbers } from '../../src/core/signals.ts'
import type { Host } from '../../src/host/host.ts'
import { auxiliary } from '../../src/init/image/auxiliary.ts'
import { Boot } from '../../src/init/start/boot.ts'
import { Start } from '../../src/init/start/start.ts'
import { manyDaemons } from '../core/plans.ts'

class Starting {
  nowMs = 1000
  wakes = 0
  finished: number | null = null
  checks = 0
  selected: string | null = null
  readonly spawned: string[] = []
  readonly start: Start

  /** The clock advances at each reading. */
  constructor(text: string) {
    const host: Partial<Host> = {
      args: ['run', 'plan.json'],
      uid: 0,
      pid: 1,
      now: () => (this.nowMs += 6),
      wallMs: () => 0,
      wakeAt: (atMs) => {
        if (atMs <= this.nowMs) this.wakes++
      },
      readFile: () => ({ text }),
      sum: (text) => sumOf(text.slice(text.indexOf(' ') + 1)),
      startHelper: () => null,
      loadSupervisor: () => ({ Boot }),
      preloadSupervisor: () => {},
      loadAuxiliary: () => auxiliary,
      loadCheck: () => {
        this.checks++
        return planCheck
      },
      getenv: (name) => (name === 'PITCREW_DAEMONS' ? this.selected : null),
      envNames: () => [],
      envHide: () => {},
      isFolder: () => false,
      makeFolder: () => 'EROFS',
      oomKills: () => null,
      print: () => {},
      armShutdownWatchdog: () => {},
      spawn: ({ name }) => {
        this.spawned.push(name)
        return { pid: 7 }
      },
      finish: (code) => {
        this.finished = code
      },
    }
    this.start = new Start(host as Host)
  }

  turn(): void {
    this.start.handle({ type: 'wake' })
  }
}

const text = serializePlan(manyDaemons(4096, false))

function sumOf(text: string): string {
  return String(text.length).padStart(16, '0')
}

describe('a plan of 4096 daemons', () => {
  test('is read in many turns, and then its daemons start', () => {
    const starting = new Starting(text)
    let turns = 0
    for (; starting.spawned.length === 0 && turns < 1000; turns++) starting.turn()
    expect(turns).toBeGreaterThan(20)
    expect(starting.spawned[0]).toBe('d0')
  })

  test('starts nothing after a TERM while it is read, and the exit code is 0', () => {
    const starting = new Starting(text)
    for (let turns = 0; turns < 10; turns++) starting.turn()
    starting.start.handle({ type: 'signal', signal: signalNumbers.TERM, hangup: false })
    for (let turns = 0; turns < 1000; turns++) starting.turn()
    expect(starting.finished).toBe(0)
    expect(starting.spawned).toEqual([])
  })
})

test('the plan of the parsing helper is not checked again, unless it was changed', () => {
  const sealed = sealPlan(manyDaemons(2, false), sumOf)
  const checksOf = (text: string): number => {
    const starting = new Starting('daemons: { d0: { command: [x] } }')
    starting.turn()
    // The plan is read, and the end.
    starting.selected = 'none'
    const end = { errno: null, code: 0, signal: 0, timedOut: false, text }
    starting.start.handle({ type: 'helper', id: 0, ...end })
    expect(starting.finished).toBe(0)
    return starting.checks
  }
  expect(checksOf(sealed)).toBe(0)
  expect(checksOf(`${sealed.slice(0, -2)} ]}`)).toBe(1)
})
