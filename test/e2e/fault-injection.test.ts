/** A bug must not become an outage. Injects an exception, an endless loop and an out-of-memory
 *  error at every kind of event and effect, once or every time, and then sends TERM. Runs a
 *  build with fault injection. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { startVerb } from './support/cli.ts'
import { type InjectionPoint, injectionPoints as otherPoints } from './support/injection-points.ts'
import { canUnshare, compileFixture, Pitcrew, root, sh } from './support/pitcrew.ts'
import { eventually, leftoverProcesses, release } from './support/processes.ts'
import { Program } from './support/program.ts'

const program = join(root, 'build/pitcrew-faults')
const watchdogStatus = 70

beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs'), '--faults'], { stdio: 'pipe' })
}, 60_000)

/** A bundle in which every kind of event happens, most of them without a request. */
const bundle = {
  deadline: '2s',
  signals: { USR1: { restart: ['calm', 'stubborn'] } },
  daemons: {
    calm: { command: sh('echo up; exec sleep 100') },
    missing: { command: ['no-such-command'], restart: 'never' },
    'leaves-a-child': { command: sh('sleep 100 & echo up'), restart: 'never' },
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
const points = [...events, ...effects]

async function survives(plant: string): Promise<void> {
  await using pitcrew = new Pitcrew(bundle, { program, env: { PITCREW_FAULTS: plant } })
  await pitcrew.line(/\[calm] up|internal error/)
  await pitcrew.line(/\[stubborn] up|internal error/)
  pitcrew.signal('SIGUSR1')
  await pitcrew.line('internal error')
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).not.toBe(watchdogStatus)
  // The run that was alive at TERM stopped in order, under its own name.
  expect(pitcrew.lines.findLast((line) => line.startsWith('pitcrew: calm:'))).toMatch(
    /stopped|cannot start/,
  )
}

/** The same for a point that only some bundles reach; the expected lines appear despite the
 *  fault. */
async function continuesDespite(
  plant: string,
  { daemons, lines }: Pick<InjectionPoint, 'daemons' | 'lines'>,
): Promise<void> {
  const calm = { command: sh('echo up; exec sleep 100') }
  const env = { PITCREW_FAULTS: plant, NOTIFIES: compileFixture('notifies') }
  // A recovery uses 100 ms of processor time, which is seconds on a busy machine.
  const bundle = { deadline: '20s', daemons: { calm, ...daemons } }
  await using pitcrew = new Pitcrew(bundle, { program, env })
  await pitcrew.line('[calm] up')
  for (const line of lines) await pitcrew.line(line)
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).not.toBe(watchdogStatus)
  await pitcrew.line('internal error')
  await pitcrew.line('calm: stopped: signal TERM')
}

test('the report of a bug names the functions of its stack, on one line', async () => {
  const env = { PITCREW_FAULTS: 'throw:signal' }
  const daemons = { calm: { command: sh('echo up; exec sleep 100') } }
  await using pitcrew = new Pitcrew({ deadline: '2s', daemons }, { program, env })
  await pitcrew.line('[calm] up')
  pitcrew.signal('SIGHUP')
  await pitcrew.line('internal error')
  const line = pitcrew.lines.find((text) => text.includes('internal error'))
  expect(line).toMatch(
    /carrying on: Error: injected fault at failBy at [^ ]+ at #step at #drain at /,
  )
  expect(line).not.toMatch(/null| {2}/)
})

describe.each(faults)('an effect lost to the fault %s is repeated', (fault) => {
  test.concurrent('READY=1 and STOPPING=1 reach the supervisor above pitcrew', async ({
    onTestFinished,
  }) => {
    const address = `@pitcrew-bug-${process.pid}-${fault}`
    const above = new Program([compileFixture('receives-datagrams'), address], { env: {} })
    onTestFinished(() => {
      above.process.kill('SIGKILL')
    })
    await above.line('listening')
    const env = { PITCREW_FAULTS: `${fault}:perform-announce`, NOTIFY_SOCKET: address }
    const calm = { command: sh('echo up; exec sleep 100') }
    await using pitcrew = new Pitcrew({ deadline: '2s', daemons: { calm } }, { program, env })
    await pitcrew.line('internal error')
    await above.line('received READY=1')
    pitcrew.signal('SIGTERM')
    await above.line('received STOPPING=1')
    expect(await pitcrew.exitCode()).toBe(0)
  })

  test.concurrent('a stopped daemon is no longer probed', async () => {
    const probe = (name: string) =>
      sh(`echo probe >> "$PITCREW_STATE_DIR/${name}"; [ ${name} = calm ]`)
    const command = sh('echo up; exec sleep 100')
    const interval = '10ms'
    const daemons = {
      calm: { command, alive: { command: probe('calm'), interval } },
      web: {
        command,
        ready: { command: probe('web'), interval, timeout: '100ms' },
        restart: 'never',
      },
    }
    const env = { PITCREW_FAULTS: `${fault}:perform-unwatch` }
    await using pitcrew = new Pitcrew({ deadline: '2s', daemons }, { program, env })
    await pitcrew.line('internal error')
    await pitcrew.line('web: stopped')
    const count = (name: string): number =>
      readFileSync(join(pitcrew.folder, name), 'utf8').split('\n').length
    const before = { calm: count('calm'), web: count('web') }
    await eventually('calm is probed', () => count('calm') > before.calm + 15)
    expect(count('web')).toBeLessThan(before.web + 5)
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(1)
  })
})

describe.each(faults)('after the fault %s', (fault) => {
  test.concurrent.each(points)('at %s pitcrew continues, and TERM ends everything', (point) =>
    survives(`${fault}:${point}`),
  )

  test.concurrent.each(otherPoints)('at $point ($what) its work is done all the same', (point) =>
    continuesDespite(`${fault}:${point.point}`, point),
  )
})

describe('with a fault that recurs every time', () => {
  test.concurrent.each(events)('at %s, TERM ends everything in order', (point) =>
    survives(`throw:${point}:always`),
  )

  test.concurrent.each(otherPoints)('at $point ($what), TERM ends everything in order', (point) =>
    continuesDespite(`throw:${point.point}:always`, {
      ...point,
      lines: [point.isAtStop ? ': started' : 'internal error'],
    }),
  )

  test('in the recovery as well, the shutdown watchdog kills everything a second after the deadline', async () => {
    await using pitcrew = new Pitcrew(
      { ...bundle, deadline: '200ms' },
      { program, env: { PITCREW_FAULTS: 'throw:signal:always,throw:reconcile:always' } },
    )
    await pitcrew.line('[calm] up')
    const requestedAt = performance.now()
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(watchdogStatus)
    expect(performance.now() - requestedAt).toBeLessThan(5000)
    expect(pitcrew.errors.join()).toContain('everything was killed')
  })
})

/** The policy fails at every timer and in every recovery, so that it does nothing more by
 *  itself. */
const permanentFaults = 'throw:elapsed:always,throw:reconcile:always'

describe('when the policy fails permanently, the shutdown watchdog ends a shutdown that was requested', () => {
  const stubborn = sh("trap '' TERM; setsid sleep 1000 & echo up; while :; do sleep 100; done")

  const exitsOnRelease = sh('go="$PITCREW_STATE_DIR/go"; mkfifo "$go"; read -r _ < "$go"; exit 3')

  async function expectWatchdog(
    daemons: object,
    trigger: (pitcrew: Pitcrew) => unknown,
  ): Promise<void> {
    const all = { stubborn: { command: stubborn, stop: { grace: '50ms' } }, ...daemons }
    const bundle = { deadline: '200ms', daemons: all }
    for (const asPid1 of canUnshare ? [true, false] : [false]) {
      const options = { program, asPid1, env: { PITCREW_FAULTS: permanentFaults } }
      await using pitcrew = new Pitcrew(bundle, options)
      await pitcrew.line('[stubborn] up')
      await trigger(pitcrew)
      expect(await pitcrew.exitCode()).toBe(watchdogStatus)
      expect(pitcrew.errors.join()).toContain('everything was killed')
      expect(leftoverProcesses(pitcrew)).toEqual([])
    }
  }

  test.concurrent('by a verb', () =>
    expectWatchdog({}, (pitcrew) => startVerb(pitcrew, 'shutdown')))

  test.concurrent('by the end of the main daemon', () =>
    expectWatchdog({ agent: { command: exitsOnRelease, main: true } }, release))

  test.concurrent('by the end of a critical daemon', () => {
    return expectWatchdog(
      { agent: { command: exitsOnRelease, critical: true, restart: 'never' } },
      release,
    )
  })
})

test('the shutdown watchdog does not count time in which pitcrew was paused', async () => {
  const stubborn = sh("trap '' TERM; echo up; while :; do sleep 100; done")
  const daemons = { a: { command: stubborn, stop: { grace: '300ms' } } }
  await using pitcrew = new Pitcrew({ deadline: '500ms', daemons })
  await pitcrew.line('[a] up')
  pitcrew.signal('SIGTERM')
  await pitcrew.line('TERM: stopping')
  pitcrew.signal('SIGSTOP')
  // The shutdown watchdog would fire 1.5 s after TERM.
  await new Promise((resolve) => setTimeout(resolve, 2500))
  pitcrew.signal('SIGCONT')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(pitcrew.errors.join()).not.toContain('everything was killed')
  await pitcrew.line('was paused for')
})
