/** `stop.command` runs in place of the stop signal; the rest of a stop is unchanged. */
import { expect, test } from 'vitest'
import { compileFixture, Pitcrew, sh } from '../support/pitcrew.ts'
import {
  eventually,
  leftoverProcesses,
  outputOf,
  pidOf,
  processesUnder,
} from '../support/processes.ts'

const reports = compileFixture('reports-signals')
const long = { command: sh('echo up; exec sleep 1000') }
/** Exits with 7 when a line is written to the FIFO "quit", and reports TERM. */
const quits =
  sh(`trap 'echo got TERM; exit 1' TERM; rm -f "$PITCREW_STATE_DIR/quit"; mkfifo "$PITCREW_STATE_DIR/quit"
  exec 4<> "$PITCREW_STATE_DIR/quit"; echo up; read -r word <&4; echo "$word"; exit 7`)
const signals = { USR1: { restart: ['b'] } }

test('a stop command runs with the daemon in its environment, and no signal is sent', async () => {
  const script =
    'echo "stop $PITCREW_DAEMON $PITCREW_RUN $PITCREW_PID"; echo good night > "$PITCREW_STATE_DIR/quit"'
  const b = { command: quits, stop: { command: sh(script), success: [7] } }
  await using pitcrew = new Pitcrew({ signals, daemons: { a: long, b } })
  await pitcrew.line('[b] up')
  await pitcrew.line('[a] up')
  pitcrew.signal('SIGUSR1')
  await pitcrew.linesWith('[b] up', 2)
  await pitcrew.line(`[b:stop] stop b 1 ${await pidOf(pitcrew, 'b')}`)
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(outputOf(pitcrew, 'b')).toEqual(['up', 'good night', 'up', 'good night'])
  await pitcrew.line('b: stopped: exit code 7')
})

test.each([true, false])(
  'when a stop command hangs, the signal is sent at half of the grace, and no process is left (PID 1: %s)',
  async (asPid1) => {
    const hangs = sh(`trap '' TERM; setsid sleep 1000 & echo begun; sleep 1000; sleep 1000`)
    const b = { command: [reports], stop: { command: hangs, grace: '400ms' } }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } }, { asPid1 })
    await pitcrew.line('[b] up')
    await pitcrew.line('[a] up')
    const requestedAtMs = performance.now()
    pitcrew.signal('SIGTERM')
    await pitcrew.line('[b:stop] begun')
    await pitcrew.line('[b] got TERM')
    expect(performance.now() - requestedAtMs).toBeGreaterThan(190)
    expect(await pitcrew.exitCode()).toBe(0)
    expect(performance.now() - requestedAtMs).toBeLessThan(2000)
    await eventually('nothing is left', () => leftoverProcesses(pitcrew).length === 0)
  },
)

test.each([
  ['fails', sh('exit 3'), /b:stop: failed/],
  ['is killed', sh('kill -KILL $$'), /b:stop: failed/],
  ['does not exist', ['./absent'], /b:stop: not run: .*ENOENT/],
])(
  'when a stop command %s, that is logged, and the signal is sent at once',
  async (_, command, line) => {
    const b = { command: [reports], stop: { command } }
    await using pitcrew = new Pitcrew({ daemons: { b } })
    await pitcrew.line('[b] up')
    const requestedAtMs = performance.now()
    pitcrew.signal('SIGTERM')
    await pitcrew.line(line)
    await pitcrew.line('[b] got TERM')
    expect(await pitcrew.exitCode()).toBe(0)
    expect(performance.now() - requestedAtMs).toBeLessThan(2000) // Half of the grace is longer.
  },
)

test('a daemon that neither the stop command nor the signal ends is killed at the end of the grace', async () => {
  const stubborn = sh(`trap '' TERM; echo up; while :; do sleep 0.1; done`)
  const b = { command: stubborn, stop: { command: ['true'], grace: '100ms' } }
  await using pitcrew = new Pitcrew({ signals, daemons: { a: long, b } })
  await pitcrew.line('[b] up')
  await pitcrew.line('[a] up')
  pitcrew.signal('SIGUSR1')
  await pitcrew.line('b: stopped: signal KILL')
  await pitcrew.linesWith('[b] up', 2)
  expect(processesUnder(pitcrew).filter(({ name }) => name === 'true')).toEqual([])
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
})

test('when a stop command hangs in a restart, the next run has a stop command of its own', async () => {
  const script = `[ $PITCREW_RUN = 1 ] && exec sleep 1000; echo "stop $PITCREW_RUN"; echo bye > "$PITCREW_STATE_DIR/quit"`
  const stop = { command: sh(script), grace: '1s', success: [1, 7] }
  await using pitcrew = new Pitcrew({ signals, daemons: { a: long, b: { command: quits, stop } } })
  await pitcrew.line('[a] up')
  await pitcrew.line('[b] up')
  pitcrew.signal('SIGUSR1')
  await pitcrew.linesWith('[b] up', 2)
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(outputOf(pitcrew, 'b')).toEqual(['up', 'got TERM', 'up', 'bye'])
})

test('the stop command does not run for a daemon that has died', async () => {
  const b = {
    command: sh('sleep 1000 & exit 5'),
    restart: 'never',
    stop: { command: sh('echo stop') },
  }
  await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
  await pitcrew.line('[a] up')
  await pitcrew.line('b: died')
  await eventually('none of its processes is left', () => processesUnder(pitcrew).length === 1)
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(5)
  expect(outputOf(pitcrew, 'b:stop')).toEqual([])
})
