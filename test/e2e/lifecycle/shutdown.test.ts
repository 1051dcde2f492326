/** The contract, Stop: the steps of a stop, and the order of a shutdown. */
import { expect, test } from 'vitest'
import { compileFixture, fixtures, Pitcrew, sh } from '../support/pitcrew.ts'
import {
  eventually,
  leftoverProcesses,
  outputOf,
  outsidePid,
  pidOf,
  processesUnder,
} from '../support/processes.ts'

const reports = compileFixture('reports-signals')
const up: string = expect.stringMatching(/^up \d+$/)
const stubborn = ['/bin/sh', `${fixtures}/scripts/ignores-term.sh`]

/** Starts a bundle, waits until each daemon has printed "up" so many times, and sends TERM. */
async function stopped(daemons: object, ups = 1, options: { asPid1?: boolean } = {}) {
  const pitcrew = new Pitcrew({ daemons }, options)
  for (const name of Object.keys(daemons)) await pitcrew.linesWith(`[${name}] up`, ups)
  pitcrew.signal('SIGTERM')
  return pitcrew
}

test('the stop signal is sent to the leader first, and to its group when the leader has exited', async () => {
  const command = sh(`${reports} 30 & exec ${reports} 60`)
  await using pitcrew = await stopped({ a: { command } }, 2)
  const beganMs = performance.now()
  expect(await pitcrew.exitCode()).toBe(0)
  expect(performance.now() - beganMs).toBeLessThan(2000) // Half of the grace is longer.
  const [first, second] = outputOf(pitcrew, 'a').filter((line) => line.startsWith('up'))
  expect(first).not.toBe(second)
  // The leader took 60 ms; a member that got TERM at the same time would have printed it earlier.
  expect(outputOf(pitcrew, 'a').slice(2)).toEqual(['got TERM', 'got TERM'])
  const stops = pitcrew.lines.findIndex((line) => line.includes('a: stopped'))
  expect(stops).toBe(pitcrew.lines.length - 1)
})

test('a member of the group gets no stop signal before the leader has exited or half of the grace is over', async () => {
  // The leader waits for its child, which only TERM ends: so the stop takes half of the grace, not all of it.
  const command = sh(
    `trap 'echo leader got it' TERM; ${reports} & wait; wait; wait; echo leader ends`,
  )
  await using pitcrew = new Pitcrew({ daemons: { a: { command, stop: { grace: '1s' } } } })
  await pitcrew.line('[a] up')
  const beganMs = performance.now()
  pitcrew.signal('SIGTERM')
  await pitcrew.line('[a] leader got it')
  await pitcrew.line('[a] got TERM')
  const tookMs = performance.now() - beganMs
  expect(await pitcrew.exitCode()).toBe(0)
  expect(tookMs).toBeGreaterThan(490)
  expect(tookMs).toBeLessThan(990)
  expect(outputOf(pitcrew, 'a').slice(1)).toEqual(['leader got it', 'got TERM', 'leader ends'])
})

test('a daemon that ignores TERM is killed once, at the end of its grace', async () => {
  await using pitcrew = await stopped({
    a: { command: stubborn, stop: { grace: '100ms' } },
    b: { command: [reports] },
  })
  const beganMs = performance.now()
  expect(await pitcrew.exitCode()).toBe(0)
  const tookMs = performance.now() - beganMs
  expect(tookMs).toBeGreaterThan(80)
  expect(tookMs).toBeLessThan(1000)
  const kills = pitcrew.lines.filter((line) => line.includes(': still running'))
  expect(kills).toEqual([expect.stringMatching(/^pitcrew: a: still running .* KILL \(run 1\)$/)])
  expect(pitcrew.lines.join('\n')).toContain('a: stopped: signal KILL')
})

test('with a grace of zero a daemon is killed at once', async () => {
  await using pitcrew = await stopped({ a: { command: stubborn, stop: { grace: '0ms' } } })
  expect(await pitcrew.exitCode()).toBe(0)
})

test('`stop.signal` is sent instead of TERM, also to the group', async () => {
  const command = sh(`${reports} 0 0 3 & exec ${reports} 20 0 3`)
  await using pitcrew = await stopped({ a: { command, stop: { signal: 'QUIT' } } }, 2)
  expect(await pitcrew.exitCode()).toBe(0)
  expect(outputOf(pitcrew, 'a')).toEqual([up, up, 'got QUIT', 'got QUIT'])
})

test('a daemon that suspended itself (STOP) handles TERM: CONT follows the stop signal', async () => {
  const command = ['/bin/sh', `${fixtures}/scripts/stops-itself.sh`]
  await using pitcrew = new Pitcrew({ daemons: { a: { command } } })
  await pitcrew.line('[a] up')
  await eventually('it is suspended', () =>
    processesUnder(pitcrew).some(({ state }) => state === 'T'),
  )
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(outputOf(pitcrew, 'a')).toEqual(['up', 'ended well'])
  expect(pitcrew.lines.join('\n')).not.toContain('KILL')
})

test('a daemon and its group, suspended from outside, handle TERM', async () => {
  const command = sh(`${reports} & exec ${reports} 20`)
  await using pitcrew = new Pitcrew({ daemons: { a: { command } } })
  await pitcrew.linesWith('[a] up', 2)
  const leader = outsidePid(pitcrew, await pidOf(pitcrew, 'a'))
  process.kill(-leader, 'SIGSTOP')
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(outputOf(pitcrew, 'a')).toEqual([up, up, 'got TERM', 'got TERM'])
})

test('daemons without `after` stop concurrently', async () => {
  const slow = { command: [reports, '200'] }
  await using pitcrew = await stopped({ a: slow, b: slow, c: slow, d: slow })
  const beganMs = performance.now()
  expect(await pitcrew.exitCode()).toBe(0)
  expect(performance.now() - beganMs).toBeLessThan(700)
})

test('a daemon stops when all daemons that are `after` it have ended', async () => {
  await using pitcrew = await stopped({
    base: { command: [reports] },
    middle: { command: [reports, '30'], after: ['base'] },
    top: { command: [reports, '30'], after: ['middle'] },
    other: { command: [reports, '30'], after: ['base'] },
  })
  expect(await pitcrew.exitCode()).toBe(0)
  const at = (text: string): number => pitcrew.lines.findIndex((line) => line.includes(text))
  expect(at('middle: stopped')).toBeGreaterThan(at('top: stopped'))
  expect(at('[middle] got TERM')).toBeGreaterThan(at('top: stopped'))
  expect(at('[base] got TERM')).toBeGreaterThan(at('middle: stopped'))
  expect(at('[base] got TERM')).toBeGreaterThan(at('other: stopped'))
})

test('a daemon that exits during the shutdown before its stop signal delays no other', async () => {
  const waits =
    'mkfifo "$PITCREW_STATE_DIR/end"; echo up; read -r _ < "$PITCREW_STATE_DIR/end"; exit 0'
  const endsBase = 'trap \'echo > "$PITCREW_STATE_DIR/end"; sleep 0.1; exit 0\' TERM; echo up'
  await using pitcrew = await stopped({
    base: { command: sh(waits) },
    top: { command: sh(`${endsBase}; while :; do sleep 0.01; done`), after: ['base'] },
  })
  expect(await pitcrew.exitCode()).toBe(0)
  const ends = pitcrew.lines.filter((line) => /(died|stopped):/.test(line))
  expect(ends).toEqual([
    expect.stringContaining('base: died: exit code 0'),
    expect.stringContaining('top: stopped: exit code 0'),
  ])
})

test.each([true, false])('no process is left after a shutdown (PID 1: %s)', async (asPid1) => {
  const daemons = {
    a: { command: stubborn, stop: { grace: '50ms' } },
    b: {
      command: sh(`(setsid ${stubborn.join(' ')} &); echo up; exec sleep 1000`),
      stop: { grace: '50ms' },
    },
    c: { command: [reports] },
  }
  await using pitcrew = await stopped(daemons, 1, asPid1 ? {} : { asPid1 })
  expect(processesUnder(pitcrew).length).toBeGreaterThanOrEqual(1)
  expect(await pitcrew.exitCode()).toBe(0)
  expect(leftoverProcesses(pitcrew)).toEqual([])
})

test('pitcrew prints the last lines of its daemons before it exits', async () => {
  const command = sh(
    'trap "seq 2000; printf the-end; exit" TERM; echo up; while :; do sleep 0.01; done',
  )
  await using pitcrew = await stopped({ a: { command } })
  expect(await pitcrew.exitCode()).toBe(0)
  const printed = outputOf(pitcrew, 'a')
  expect(printed).toHaveLength(2002)
  expect(printed.at(-1)).toBe('the-end')
})
