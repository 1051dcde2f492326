/** A bug must not become an outage: a throw, an endless loop and an out-of-memory at every kind of event and at
 *  every kind of effect, once and always; then TERM. Runs a build in which such bugs can be planted. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { Pitcrew, root, sh } from './pitcrew.ts'

const program = join(root, 'build/pitcrew-plant')
const lastWord = 70

beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs'), '--plant'], { stdio: 'pipe' })
}, 60_000)

/** Every kind of event happens in it, most of them without being asked. */
const bundle = {
  deadline: '2s',
  signals: { USR1: { restart: ['calm', 'stubborn'] } },
  daemons: {
    calm: { command: sh('echo up; exec sleep 100') },
    missing: { command: ['no-such-command'] },
    'leaves-a-child': { command: sh('sleep 100 & echo up') },
    stubborn: {
      command: sh("trap '' TERM; echo up; while :; do sleep 100; done"),
      stop: { grace: '100ms' },
    },
  },
}

const faults = ['throw', 'loop', 'memory']
const events = [
  'boot',
  'spawned',
  'spawn-failed',
  'exited',
  'gone',
  'output-closed',
  'signal',
  'elapsed',
]
const effects = ['spawn', 'signal', 'arm', 'disarm', 'report'].map((type) => `perform-${type}`)
const places = [...events, ...effects]

async function survives(plant: string): Promise<void> {
  await using pitcrew = new Pitcrew(bundle, { program, env: { PITCREW_PLANT: plant } })
  await pitcrew.line(/\[calm] up|internal error/)
  await pitcrew.line(/\[stubborn] up|internal error/)
  pitcrew.signal('SIGUSR1')
  await pitcrew.line('internal error')
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).not.toBe(lastWord)
  // The run that was alive when TERM came ended in order, under its own name.
  expect(pitcrew.lines.findLast((line) => line.startsWith('pitcrew: calm:'))).toMatch(
    /stopped|cannot start/,
  )
}

describe.each(faults)('a bug that would %s', (fault) => {
  test.concurrent.each(places)('once, at %s: carries on, and TERM still ends everything', (place) =>
    survives(`${fault}:${place}`),
  )
})

describe('a bug that comes back every time', () => {
  test.concurrent.each(events)('at %s: TERM still ends everything in order', (place) =>
    survives(`throw:${place}:always`),
  )

  test('even in the recovery: the host has the last word, a second after the deadline', async () => {
    await using pitcrew = new Pitcrew(
      { ...bundle, deadline: '200ms' },
      { program, env: { PITCREW_PLANT: 'throw:signal:always,throw:reconcile:always' } },
    )
    await pitcrew.line('[calm] up')
    const askedAt = performance.now()
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(lastWord)
    expect(performance.now() - askedAt).toBeLessThan(5000)
    expect(pitcrew.errors.join()).toContain('everything was killed')
  })
})
