/** A spawn takes time, and its call may fail after the spawn. */
import { expect, test } from 'vitest'
import type { Effect } from '../../src/core/effect.ts'
import type { Event } from '../../src/core/event.ts'
import { initialState } from '../../src/core/supervisor/state.ts'
import type { Host, LiveRun, SpawnAnswer } from '../../src/host/host.ts'
import { ControlGuard } from '../../src/init/control/control-guard.ts'
import { auxiliary } from '../../src/init/image/auxiliary.ts'
import { Tasks } from '../../src/init/loop/tasks.ts'
import { Timers } from '../../src/init/loop/timers.ts'
import { effectKinds } from '../../src/init/perform/effects.ts'
import { Performer } from '../../src/init/perform/perform.ts'
import { Deaths } from '../../src/init/report/deaths.ts'
import { Journal } from '../../src/init/report/journal.ts'
import { Reporter } from '../../src/init/report/reporter.ts'
import { plan } from '../core/plans.ts'

const spawn = { type: 'spawn', daemon: 'web', run: 2 } as const

/** A host on which a spawn takes 40 ms. */
function performerOn(
  live: readonly LiveRun[],
  answer: SpawnAnswer,
  loadAuxiliary: Host['loadAuxiliary'] = () => auxiliary,
): Performer {
  let nowMs = 1000
  const partial: Partial<Host> = {
    now: () => nowMs,
    spawn: () => {
      nowMs += 40
      return answer
    },
    liveRuns: () => live,
    envNames: () => [],
    getenv: () => null,
    envHide: () => {},
    wallMs: () => 0,
    oomKills: () => null,
    loadAuxiliary,
    isFolder: () => false,
    uid: 0,
  }
  const host = partial as Host
  const timers = new Timers()
  const bundle = plan({ web: {} })
  const tasks = new Tasks(host, () => {})
  const journal = new Journal(host, tasks, bundle.name, timers, () => {})
  const voice = new Reporter(host, () => {}, new Deaths(host), journal)
  const nothing = (): void => {}
  const none = (): never => {
    throw new Error('no operation is expected')
  }
  const state = initialState(bundle)
  const control = new ControlGuard(host, tasks, timers, voice, state, nothing, nothing, none)
  return new Performer(host, bundle, state, tasks, timers, voice, control, () => {})
}

/** The outcome of an effect that could not be performed. */
function lost(effect: Effect, performer: Performer): Event | null {
  const kind = effectKinds[effect.type]
  if (typeof kind.lost !== 'function') throw new Error('its loss has no outcome')
  return kind.lost(effect, performer, 'planted')
}

test('a run begins at the end of its spawn', () => {
  const performer = performerOn([], { pid: 7 })
  expect(effectKinds.spawn.perform(spawn, performer)).toMatchObject({
    type: 'spawned',
    pid: 7,
    atMs: 1040,
  })
})

test('a failure has the time of the end of the spawn', () => {
  const performer = performerOn([], { step: 'fork', errno: 'EAGAIN' })
  expect(effectKinds.spawn.perform(spawn, performer)).toMatchObject({
    type: 'spawn-failed',
    atMs: 1040,
  })
})

test('a call that failed after the spawn is a run: otherwise there would be two', () => {
  const live = { daemon: 'web', run: 2, pid: 7, exit: null, gone: false, ready: false }
  const performer = performerOn([live], { pid: 7 })
  expect(lost(spawn, performer)).toMatchObject({ type: 'spawned', run: 2, pid: 7 })
})

test('a call that failed before the spawn is a failure, whatever else is alive', () => {
  const live = { daemon: 'web', run: 1, pid: 7, exit: null, gone: false, ready: false }
  const performer = performerOn([live], { pid: 8 })
  expect(lost(spawn, performer)).toMatchObject({
    type: 'spawn-failed',
    run: 2,
    step: 'internal',
  })
})

test('an internal error at a stop command counts as its failure: the stop signal does not wait', () => {
  const performer = performerOn([], { pid: 7 })
  const order = { type: 'run-command', daemon: 'web', run: 2, pid: 7, about: null } as const
  expect(lost(order, performer)).toMatchObject({
    type: 'elapsed',
    timer: { kind: 'escalate', daemon: 'web', run: 2 },
  })
})

test('an end is reported without its reason if the image "auxiliary" cannot be loaded', () => {
  const loadAuxiliary = (): never => {
    throw new Error('planted')
  }
  const performer = performerOn([], { pid: 7 }, loadAuxiliary)
  const failure = { step: 'exec', errno: 'ENOENT' }
  const end = { type: 'exited', daemon: 'web', run: 2, code: 70, signal: 0, gone: true } as const
  const event = { ...end, failure, outputOpen: false, atMs: 1000 }
  expect(performer.withFailureReason(event)).toBe(event)
})
