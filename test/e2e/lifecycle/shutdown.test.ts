/** DESIGN, the contract: how a stop goes, and in which order. */
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

/** Starts a bundle, waits until each daemon has said "up" so many times, and sends TERM. */
async function stopped(daemons: object, ups = 1, options: { asPid1?: boolean } = {}) {
  const pitcrew = new Pitcrew({ daemons }, options)
  for (const name of Object.keys(daemons)) await pitcrew.linesWith(`[${name}] up`, ups)
  pitcrew.signal('SIGTERM')
  return pitcrew
}

test('the stop signal goes to the leader first, and to its group when the leader is gone', async () => {
  const command = sh(`${reports} 30 & exec ${reports} 60`)
  await using pitcrew = await stopped({ a: { command } }, 2)
  const beganMs = performance.now()
  expect(await pitcrew.exitCode()).toBe(0)
  expect(performance.now() - beganMs).toBeLessThan(2000) // Half of the grace is more.
  const [first, second] = outputOf(pitcrew, 'a').filter((line) => line.startsWith('up'))
  expect(first).not.toBe(second)
  // The leader took 60 ms; a member told at the same moment would have said it before the leader was gone.
  expect(outputOf(pitcrew, 'a').slice(2)).toEqual(['got TERM', 'got TERM'])
  const stops = pitcrew.lines.findIndex((line) => line.includes('a: stopped'))
  expect(stops).toBe(pitcrew.lines.length - 1)
})

test('a member of the group is not told before the leader is gone or half of the grace is over', async () => {
  // The leader waits for its child, which only TERM ends: so it takes half of the grace, and not all of it.
  const command = sh(
    `trap 'echo leader told' TERM; ${reports} & wait; wait; wait; echo leader ends`,
  )
  await using pitcrew = new Pitcrew({ daemons: { a: { command, stop: { grace: '1s' } } } })
  await pitcrew.line('[a] up')
  const beganMs = performance.now()
  pitcrew.signal('SIGTERM')
  await pitcrew.line('[a] leader told')
  await pitcrew.line('[a] got TERM')
  const tookMs = performance.now() - beganMs
  expect(await pitcrew.exitCode()).toBe(0)
  expect(tookMs).toBeGreaterThan(490)
  expect(tookMs).toBeLessThan(990)
  expect(outputOf(pitcrew, 'a').slice(1)).toEqual(['leader told', 'got TERM', 'leader ends'])
})

test('what ignores TERM is killed at the end of its grace, once', async () => {
  await using pitcrew = await stopped({
    a: { command: stubborn, stop: { grace: '100ms' } },
    b: { command: [reports] },
  })
  const beganMs = performance.now()
  expect(await pitcrew.exitCode()).toBe(0)
  const tookMs = performance.now() - beganMs
  expect(tookMs).toBeGreaterThan(80)
  expect(tookMs).toBeLessThan(1000)
  const kills = pitcrew.lines.filter((line) => line.includes(': KILL'))
  expect(kills).toEqual([expect.stringMatching(/^pitcrew: a: still there .* KILL \(run 1\)$/)])
  expect(pitcrew.lines.join('\n')).toContain('a: stopped: signal KILL')
})

test('a grace of zero is KILL at once', async () => {
  await using pitcrew = await stopped({ a: { command: stubborn, stop: { grace: '0ms' } } })
  expect(await pitcrew.exitCode()).toBe(0)
})

test('stop.signal is what is sent, to the group too, and no TERM', async () => {
  const command = sh(`${reports} 0 0 3 & exec ${reports} 20 0 3`)
  await using pitcrew = await stopped({ a: { command, stop: { signal: 'QUIT' } } }, 2)
  expect(await pitcrew.exitCode()).toBe(0)
  expect(outputOf(pitcrew, 'a')).toEqual([up, up, 'got QUIT', 'got QUIT'])
})

test('a daemon that stopped itself (SIGSTOP) stops well: CONT comes behind TERM', async () => {
  const command = ['/bin/sh', `${fixtures}/scripts/stops-itself.sh`]
  await using pitcrew = new Pitcrew({ daemons: { a: { command } } })
  await pitcrew.line('[a] up')
  await eventually('it is stopped', () =>
    processesUnder(pitcrew).some(({ state }) => state === 'T'),
  )
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(outputOf(pitcrew, 'a')).toEqual(['up', 'ended well'])
  expect(pitcrew.lines.join('\n')).not.toContain('KILL')
})

test('a daemon that somebody else stopped stops well, with its whole group', async () => {
  const command = sh(`${reports} & exec ${reports} 20`)
  await using pitcrew = new Pitcrew({ daemons: { a: { command } } })
  await pitcrew.linesWith('[a] up', 2)
  const leader = outsidePid(pitcrew, await pidOf(pitcrew, 'a'))
  process.kill(-leader, 'SIGSTOP')
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(outputOf(pitcrew, 'a')).toEqual([up, up, 'got TERM', 'got TERM'])
})

test('without "after" all daemons stop at once', async () => {
  const slow = { command: [reports, '200'] }
  await using pitcrew = await stopped({ a: slow, b: slow, c: slow, d: slow })
  const beganMs = performance.now()
  expect(await pitcrew.exitCode()).toBe(0)
  expect(performance.now() - beganMs).toBeLessThan(700)
})

test('with "after", a daemon stops when those that come after it are over', async () => {
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

test('what ends by itself during the shutdown, before it was told, holds nobody up', async () => {
  const waits =
    'mkfifo "$PITCREW_STATE_DIR/end"; echo up; read -r _ < "$PITCREW_STATE_DIR/end"; exit 0'
  const tells = 'trap \'echo > "$PITCREW_STATE_DIR/end"; sleep 0.1; exit 0\' TERM; echo up'
  await using pitcrew = await stopped({
    base: { command: sh(waits) },
    top: { command: sh(`${tells}; while :; do sleep 0.01; done`), after: ['base'] },
  })
  expect(await pitcrew.exitCode()).toBe(0)
  const ends = pitcrew.lines.filter((line) => /(died|stopped):/.test(line))
  expect(ends).toEqual([
    expect.stringContaining('base: died: exit code 0'),
    expect.stringContaining('top: stopped: exit code 0'),
  ])
})

test.each([true, false])(
  'nothing is left after a shutdown, whatever the daemons were doing (PID 1: %s)',
  async (asPid1) => {
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
  },
)

test('its own end is the last thing: it waits for the last lines of its daemons', async () => {
  const command = sh(
    'trap "seq 2000; printf the-end; exit" TERM; echo up; while :; do sleep 0.01; done',
  )
  await using pitcrew = await stopped({ a: { command } })
  expect(await pitcrew.exitCode()).toBe(0)
  const said = outputOf(pitcrew, 'a')
  expect(said).toHaveLength(2002)
  expect(said.at(-1)).toBe('the-end')
})
