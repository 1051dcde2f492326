/** `run --trace FILE`: the events of a real run, replayed through the core, give the same
 *  effects. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Effect } from '../../../src/core/effect.ts'
import type { Event } from '../../../src/core/event.ts'
import type { Plan } from '../../../src/core/plan/plan.ts'
import { initialState } from '../../../src/core/supervisor/state.ts'
import { step } from '../../../src/core/supervisor/supervisor.ts'
import { Pitcrew, sh } from '../support/pitcrew.ts'

interface Step {
  readonly event: Event
  readonly effects: readonly Effect[]
}

const bundle = {
  deadline: '1s',
  signals: { USR1: { restart: ['calm', 'stubborn'] }, HUP: { forward: ['calm'] } },
  daemons: {
    calm: { command: sh("trap 'echo hup' HUP; echo up; while :; do sleep 100 & wait $!; done") },
    missing: { command: ['no-such-command'], restart: 'never' },
    'leaves-a-child': {
      command: sh('sleep 100 & echo up'),
      after: ['calm'],
      restart: 'never',
    },
    stubborn: {
      command: sh("trap '' TERM; echo up; while :; do sleep 100; done"),
      stop: { grace: '50ms' },
    },
  },
}

/** Records a run with all kinds of events. */
async function tracedRun(): Promise<{ plan: Plan; steps: Step[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'pitcrew-trace-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'bundle.json')
  const trace = join(folder, 'trace')
  writeFileSync(path, JSON.stringify(bundle))
  await using traced = new Pitcrew(null, { args: ['run', '--trace', trace, path] })
  await traced.line('[calm] up')
  await traced.line('[stubborn] up')
  await traced.line('leaves-a-child: died')
  traced.signal('SIGHUP')
  await traced.line('[calm] hup')
  traced.signal('SIGUSR1')
  await traced.line('stubborn: restart (USR1): done')
  await traced.linesWith('[stubborn] up', 2)
  traced.signal('SIGTERM')
  await traced.exitCode()
  const [first, ...rest] = readFileSync(trace, 'utf8').trimEnd().split('\n')
  return { plan: JSON.parse(first as string).plan, steps: rest.map((line) => JSON.parse(line)) }
}

/** On a busy machine a start may fail late, which is the exit of its run. */
function kindOf(event: Event): Event['type'] {
  return event.type === 'exited' && event.failure !== undefined ? 'spawn-failed' : event.type
}

/** The steps for which the core now gives other effects. */
function differences(plan: Plan, steps: readonly Step[]): Step[] {
  const state = initialState(plan)
  return steps.filter(({ event, effects }) => {
    const again = step(state, event)
    return JSON.stringify(again) !== JSON.stringify(effects)
  })
}

test('a trace replays through the core with the same effects, and a changed one does not', async () => {
  const { plan, steps } = await tracedRun()
  const kinds = new Set(steps.map(({ event }) => kindOf(event)))
  // On a busy machine a start may be slow: its program is executed by an event of its own.
  kinds.delete('executed')
  expect([...kinds].sort()).toEqual(
    [
      'boot',
      'elapsed',
      'exited',
      'gone',
      'output-closed',
      'signal',
      'spawn-failed',
      'spawned',
    ].sort(),
  )
  expect(differences(plan, steps)).toEqual([])
  const changed = steps.map(({ event, effects }) =>
    event.type === 'exited'
      ? { event: { ...event, code: event.code + 1 }, effects }
      : { event, effects },
  )
  expect(differences(plan, changed)).not.toEqual([])
})

test('output that is closed at the end of its run needs no event of its own', async () => {
  const { steps } = await tracedRun()
  const openAtExit = steps.flatMap(({ event }) => {
    return event.type === 'exited' && event.outputOpen ? [`${event.daemon} ${event.run}`] : []
  })
  const closed = steps.flatMap(({ event }) => {
    return event.type === 'output-closed' ? [`${event.daemon} ${event.run}`] : []
  })
  expect(closed.length).toBeGreaterThan(0)
  expect(openAtExit).toEqual(expect.arrayContaining(closed))
})
