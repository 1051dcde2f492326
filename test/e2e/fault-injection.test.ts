/** A bug must not become an outage: a throw, an endless loop and an out-of-memory at every kind of event and at
 *  every kind of effect, once and always; then TERM. Runs a build in which such bugs can be planted. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { startVerb } from './support/cli.ts'
import { type InjectionPoint, injectionPoints as otherPlaces } from './support/injection-points.ts'
import { canUnshare, compileFixture, Pitcrew, root, sh } from './support/pitcrew.ts'
import { eventually, leftoverProcesses, release } from './support/processes.ts'
import { Program } from './support/program.ts'

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

/** The same where only some daemons come by; and what such a daemon is for happens all the same. */
async function goesOn(
  plant: string,
  { daemons, lines }: Pick<InjectionPoint, 'daemons' | 'lines'>,
): Promise<void> {
  const calm = { command: sh('echo up; exec sleep 100') }
  const env = { PITCREW_PLANT: plant, NOTIFIES: compileFixture('notifies') }
  // A recovery takes a tenth of a second of a processor, which is seconds on a busy machine.
  const bundle = { deadline: '20s', daemons: { calm, ...daemons } }
  await using pitcrew = new Pitcrew(bundle, { program, env })
  await pitcrew.line('[calm] up')
  for (const line of lines) await pitcrew.line(line)
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).not.toBe(lastWord)
  await pitcrew.line('internal error')
  await pitcrew.line('calm: stopped: signal TERM')
}

describe.each(faults)('what a bug that would %s has taken', (fault) => {
  test.concurrent('whoever supervises pitcrew hears all the same that all are ready', async ({
    onTestFinished,
  }) => {
    const address = `@pitcrew-bug-${process.pid}-${fault}`
    const above = new Program([compileFixture('receives-datagrams'), address], { env: {} })
    onTestFinished(() => {
      above.process.kill('SIGKILL')
    })
    await above.line('listening')
    const env = { PITCREW_PLANT: `${fault}:perform-announce`, NOTIFY_SOCKET: address }
    const calm = { command: sh('echo up; exec sleep 100') }
    await using pitcrew = new Pitcrew({ deadline: '2s', daemons: { calm } }, { program, env })
    await pitcrew.line('internal error')
    await above.line('received READY=1')
    pitcrew.signal('SIGTERM')
    await above.line('received STOPPING=1')
    expect(await pitcrew.exitCode()).toBe(0)
  })

  test.concurrent('what is not there any more is not looked at, either', async () => {
    const looks = (name: string) =>
      sh(`echo look >> "$PITCREW_STATE_DIR/${name}"; [ ${name} = calm ]`)
    const command = sh('echo up; exec sleep 100')
    const interval = '10ms'
    const daemons = {
      calm: { command, alive: { command: looks('calm'), interval } },
      web: {
        command,
        ready: { command: looks('web'), interval, timeout: '100ms' },
        restart: 'never',
      },
    }
    const env = { PITCREW_PLANT: `${fault}:perform-unwatch` }
    await using pitcrew = new Pitcrew({ deadline: '2s', daemons }, { program, env })
    await pitcrew.line('internal error')
    await pitcrew.line('web: stopped')
    const count = (name: string): number =>
      readFileSync(join(pitcrew.folder, name), 'utf8').split('\n').length
    const before = { calm: count('calm'), web: count('web') }
    await eventually('calm is looked at', () => count('calm') > before.calm + 15)
    expect(count('web')).toBeLessThan(before.web + 5)
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(1)
  })
})

describe.each(faults)('a bug that would %s', (fault) => {
  test.concurrent.each(places)('once, at %s: carries on, and TERM still ends everything', (place) =>
    survives(`${fault}:${place}`),
  )

  test.concurrent.each(otherPlaces)('once, at $place ($what): it happens all the same', (place) =>
    goesOn(`${fault}:${place.point}`, place),
  )
})

describe('a bug that comes back every time', () => {
  test.concurrent.each(events)('at %s: TERM still ends everything in order', (place) =>
    survives(`throw:${place}:always`),
  )

  test.concurrent.each(otherPlaces)(
    'at $place ($what): TERM still ends everything in order',
    (place) =>
      goesOn(`throw:${place.point}:always`, {
        ...place,
        lines: [place.isAtStop ? ': started' : 'internal error'],
      }),
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

/** A policy that fails at every timer and in every recovery does nothing more of its own. */
const helpless = 'throw:elapsed:always,throw:reconcile:always'

describe('a policy that fails for good after a shutdown that no signal asked for', () => {
  const stubborn = sh("trap '' TERM; setsid sleep 1000 & echo up; while :; do sleep 100; done")

  const endsWhenTold = sh('go="$PITCREW_STATE_DIR/go"; mkfifo "$go"; read -r _ < "$go"; exit 3')

  async function hasLastWord(daemons: object, ask: (pitcrew: Pitcrew) => unknown): Promise<void> {
    const all = { stubborn: { command: stubborn, stop: { grace: '50ms' } }, ...daemons }
    const bundle = { deadline: '200ms', daemons: all }
    for (const asPid1 of canUnshare ? [true, false] : [false]) {
      const options = { program, asPid1, env: { PITCREW_PLANT: helpless } }
      await using pitcrew = new Pitcrew(bundle, options)
      await pitcrew.line('[stubborn] up')
      await ask(pitcrew)
      expect(await pitcrew.exitCode()).toBe(lastWord)
      expect(pitcrew.errors.join()).toContain('everything was killed')
      expect(leftoverProcesses(pitcrew)).toEqual([])
    }
  }

  test.concurrent('by a verb: the host has the last word', () =>
    hasLastWord({}, (pitcrew) => startVerb(pitcrew, 'shutdown')))

  test.concurrent('by the end of main: the host has the last word', () =>
    hasLastWord({ agent: { command: endsWhenTold, main: true } }, release))

  test.concurrent('by the end of a critical daemon: the host has the last word', () => {
    return hasLastWord(
      { agent: { command: endsWhenTold, critical: true, restart: 'never' } },
      release,
    )
  })
})

test('a pause in the middle of a shutdown is not held against it: no last word', async () => {
  const stubborn = sh("trap '' TERM; echo up; while :; do sleep 100; done")
  const daemons = { a: { command: stubborn, stop: { grace: '300ms' } } }
  await using pitcrew = new Pitcrew({ deadline: '500ms', daemons })
  await pitcrew.line('[a] up')
  pitcrew.signal('SIGTERM')
  await pitcrew.line('TERM: stopping')
  pitcrew.signal('SIGSTOP')
  // The last word would come 1.5 s after TERM.
  await new Promise((resolve) => setTimeout(resolve, 2500))
  pitcrew.signal('SIGCONT')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(pitcrew.errors.join()).not.toContain('everything was killed')
  await pitcrew.line('was not running for')
})
