/** Each invariant catches a planted violation, and a step that throws changes nothing. */
import { describe, expect, test } from 'vitest'
import type { Daemon, In } from '../../../src/core/daemon/phases.ts'
import type { Effect } from '../../../src/core/effect.ts'
import { checkChange, checkStep } from '../../../src/core/supervisor/invariants.ts'
import type { StepContext } from '../../../src/core/supervisor/step-context.ts'
import { type Beat, elapsed, exited, restart, spawned } from '../events.ts'
import { photograph } from '../interrupt.ts'
import { daemonSpec, plan } from '../plans.ts'
import { up } from '../story.ts'

const pair = plan({ web: {}, db: {} })
const spawnWeb: Effect = { type: 'spawn', daemon: 'web', run: 2 }

function contextOf(...beats: Beat[]): StepContext {
  const { state, nowMs } = up(pair).play(...beats)
  state.begin(nowMs)
  return state
}

function web(context: StepContext): Daemon {
  return context.daemons.get('web') as Daemon
}

test('an untampered step passes', () => {
  const context = contextOf()
  context.advance(web(context), { type: 'restart', graceMs: 100, atMs: 0 })
  expect(() => checkStep(context)).not.toThrow()
})

/** A change that no rule makes. */
type Change = [what: string, beats: Beat[], change: (daemon: Daemon) => Daemon, message: string]

describe('a change is caught:', () => {
  test.each<Change>([
    [
      'a daemon becomes another one',
      [],
      (daemon) => ({ ...daemon, spec: daemonSpec('new') }),
      'web: has become new',
    ],
    ['a run goes back', [], (daemon) => ({ ...daemon, run: 0 }), 'web: run 0 after run 1'],
    [
      'a run is left out',
      [exited('web', 1)],
      (daemon) => ({ ...daemon, run: 3 }),
      'web: run 2 was left out',
    ],
    [
      'a run begins before the one before it is over',
      [],
      ({ spec, run, last, streak }) => {
        return { spec, run: run + 1, last, streak, phase: 'starting', want: 'up', graceMs: 0 }
      },
      'web: run 2 begins before run 1 is over',
    ],
    [
      'a process without a pid',
      [],
      (daemon) => ({ ...(daemon as In<'running'>), pid: 0 }),
      'web: run 1 has pid 0',
    ],
    [
      'a requested end without a stop signal',
      [restart('web')],
      (daemon) => {
        return { ...(daemon as In<'terminating'>), exit: { code: 0, signal: 0 }, sent: [] }
      },
      'web: is ending without a stop signal',
    ],
    [
      'a requested end by KILL without a signal',
      [restart('web'), elapsed('escalate', 'web', 1), elapsed('grace', 'web', 1)],
      (daemon) => ({ ...(daemon as In<'killing'>), sent: [] }),
      'web: is ending without a stop signal',
    ],
  ])('%s', (_, beats, change, message) => {
    const before = web(contextOf(...beats))
    expect(() => checkChange(before, before)).not.toThrow()
    expect(() => checkChange(before, change(before))).toThrow(`invariant broken: ${message}`)
  })
})

type Plant = [what: string, beats: Beat[], plant: (context: StepContext) => void, message: string]

describe('a step is caught:', () => {
  test.each<Plant>([
    [
      'fewer than no daemons',
      [],
      (context) => {
        context.inPhase.stopped = 3
      },
      '-1 daemons are active',
    ],
    [
      'the end, with a daemon alive and no shutdown',
      [exited('db', 1)],
      (context) => {
        context.set('finished', true)
      },
      'the end, with daemons alive',
    ],
    [
      'two spawns of a daemon in one step',
      [restart('web'), exited('web', 1)],
      (context) => {
        context.emit(spawnWeb)
        context.emit(spawnWeb)
      },
      'web is spawned twice in one step',
    ],
    [
      'a spawn in the shutdown',
      [restart('web'), exited('web', 1), 'TERM'],
      (context) => context.emit(spawnWeb),
      'web is spawned during the shutdown',
    ],
    [
      'a spawn of what is not starting',
      [],
      (context) => context.emit(spawnWeb),
      'web is not starting',
    ],
  ])('%s', (_, beats, plant, message) => {
    const context = contextOf(...beats)
    plant(context)
    expect(() => checkStep(context)).toThrow(`invariant broken: ${message}`)
  })
})

describe('a step that throws changes nothing', () => {
  test('at its very end, when an invariant breaks', () => {
    const game = up(pair).play(restart('web'), exited('web', 1))
    const before = photograph(game.state)
    expect(() => game.play(spawned('web', 2, 0))).toThrow('web: run 2 has pid 0')
    expect(photograph(game.state)).toBe(before)
    game.play(spawned('web', 2, 17))
    expect(game.daemon('web')).toMatchObject({ phase: 'running', pid: 17 })
  })

  test('in the middle, when one daemon has changed and the next one fails', () => {
    let isBroken = false
    const broken = {
      ...daemonSpec('db'),
      get stop() {
        if (isBroken) throw new Error('planted')
        return daemonSpec('db').stop
      },
    }
    const game = up({ ...pair, daemons: [daemonSpec('web'), broken] }).play('USR1')
    const before = photograph(game.state)
    isBroken = true
    expect(() => game.play('TERM')).toThrow('planted')
    isBroken = false
    expect(photograph(game.state)).toBe(before)
    game.play('TERM', exited('web', 1), exited('db', 1))
    expect(game.effects.at(-1)).toMatchObject({ type: 'finish' })
  })
})
