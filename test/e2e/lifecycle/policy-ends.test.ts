/** The contract, Death and Exit code, with `kind: job`, `main` and `critical`: which ends are
 *  permanent, and which code counts. */
import { describe, expect, test } from 'vitest'
import { isSanitized } from '../support/cost.ts'
import { Pitcrew, sh } from '../support/pitcrew.ts'
import { pidsOf } from '../support/processes.ts'

const long = { command: sh('echo up; exec sleep 1000') }
const signals = { USR1: { restart: ['b'] } }
const quick = { policy: 'on-failure', backoff: '1ms' }
/** The first run exits with 4, the next one with 0. */
const failsOnce = sh(
  '[ -e "$PITCREW_STATE_DIR/again" ] && exit 0; : > "$PITCREW_STATE_DIR/again"; exit 4',
)

async function end(pitcrew: Pitcrew, code = 0): Promise<void> {
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(code)
}

describe('on-failure', () => {
  test.each([
    ['0', sh('exit 0'), []],
    ['a code of stop.success', sh('exit 3'), [3]],
  ])('%s is a permanent end: the daemon is done', async (_, command, success) => {
    const b = { command, stop: { success }, restart: quick }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
    expect(await pitcrew.line('b: done')).toMatch(
      /^pitcrew: b: done, pid \d+, run 1, after \d+ ms$/,
    )
    await pitcrew.line('[a] up')
    await end(pitcrew)
    expect(pitcrew.lines.join('\n')).not.toContain('died')
    expect(pidsOf(pitcrew, 'b')).toHaveLength(1)
  })

  test.each([
    ['another code', 'exit 4', 'exit code 4'],
    ['a signal', 'kill -KILL $$', 'signal KILL'],
  ])('%s is a failure: the daemon restarts until it succeeds', async (_, how, why) => {
    const again = '[ -e "$PITCREW_STATE_DIR/again" ] && exit 0; : > "$PITCREW_STATE_DIR/again"'
    const b = { command: sh(`${again}; ${how}`), restart: quick }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
    await pitcrew.line(`b: died: ${why}, `)
    await pitcrew.line('b: done, ')
    await end(pitcrew)
    expect(pidsOf(pitcrew, 'b')).toHaveLength(2)
  })
})

describe('a job', () => {
  test('that exits with 0 or a code of stop.success is done', async () => {
    const daemons = {
      one: { command: ['true'], kind: 'job' },
      two: { command: sh('exit 9'), kind: 'job', stop: { success: [9] } },
    }
    await using pitcrew = new Pitcrew({ daemons })
    expect(await pitcrew.exitCode()).toBe(0)
    await pitcrew.linesWith(': done, ', 2)
    expect(pitcrew.lines.join('\n')).not.toContain('died')
  })

  test('that fails is not restarted by default, and its code counts', async () => {
    const b = { command: sh('exit 9'), kind: 'job' }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
    await pitcrew.line(/b: died: exit code 9, .*; restart policy is never$/)
    await pitcrew.line('[a] up')
    await end(pitcrew, 9)
    expect(pidsOf(pitcrew, 'b')).toHaveLength(1)
  })

  test('with the policy on-failure is restarted until it is done', async () => {
    const b = { command: failsOnce, kind: 'job', restart: quick }
    await using pitcrew = new Pitcrew({ daemons: { b } })
    expect(await pitcrew.exitCode()).toBe(0)
    await pitcrew.line('b: done, pid ')
    expect(pidsOf(pitcrew, 'b')).toHaveLength(2)
  })

  test('that is done runs again on request', async () => {
    const b = { command: ['true'], kind: 'job' }
    await using pitcrew = new Pitcrew({ signals, daemons: { a: long, b } })
    await pitcrew.line('b: done, ')
    await pitcrew.line('[a] up')
    pitcrew.signal('SIGUSR1')
    await pitcrew.linesWith('b: done, ', 2)
    await end(pitcrew)
  })
})

describe('a main daemon', () => {
  test.each([
    ['with its code', 'exit 7', 7],
    ['with 0', 'exit 0', 0],
    ['by a signal from outside, as 128 + n', 'kill -KILL $$', 137],
  ])('is never restarted by the policy: it ends %s, and so does pitcrew', async (_, how, code) => {
    // It ends once `a` is up. The failure of `go` does not count beside the code of the main daemon.
    const daemons = {
      go: { command: sh('mkfifo "$PITCREW_STATE_DIR/go"; exit 99'), kind: 'job', optional: true },
      agent: {
        command: sh(`read -r _ < "$PITCREW_STATE_DIR/go"; ${how}`),
        main: true,
        after: ['go'],
      },
      a: {
        command: sh('echo up; echo > "$PITCREW_STATE_DIR/go"; exec sleep 1000'),
        after: ['agent'],
      },
    }
    await using pitcrew = new Pitcrew({ daemons })
    expect(await pitcrew.exitCode()).toBe(code)
    await pitcrew.line('agent is the main daemon and has ended: stopping 1 daemon')
    await pitcrew.line('a: stopped: signal TERM')
    expect(pidsOf(pitcrew, 'agent')).toHaveLength(1)
    expect(pitcrew.exitReport().from).toBe('agent')
  })
})

describe('a critical daemon', () => {
  test('ends pitcrew when it is given up, and not before', async () => {
    const b = {
      command: sh('exit 6'),
      critical: true,
      restart: { backoff: '1ms', limit: '2 in 1m' },
    }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
    expect(await pitcrew.exitCode()).toBe(6)
    await pitcrew.line('b is critical and is given up: stopping 1 daemon')
    expect(pidsOf(pitcrew, 'b')).toHaveLength(3)
    await pitcrew.line('a: stopped')
  })

  test('that died by a signal from outside makes pitcrew fail', async () => {
    const b = { command: sh('kill -KILL $$'), critical: true, restart: 'never' }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
    expect(await pitcrew.exitCode()).toBe(137)
  })

  test('that cannot be started is given up at its limit', async () => {
    const restart = { backoff: '1ms', limit: '2 in 1m' }
    const b = { command: ['./absent'], critical: true, restart }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
    expect(await pitcrew.exitCode()).toBe(127)
    await pitcrew.line('b: cannot start (run 3): ')
  })
})

test('the exit report has the last death of each daemon: its cause, usage, last lines, and what followed', async () => {
  const script = `[ -e "$PITCREW_STATE_DIR/again" ] && { echo up; exec sleep 1000; }
    : > "$PITCREW_STATE_DIR/again"; seq 7; exit 4`
  const b = { command: sh(script), restart: { backoff: 'none' } }
  await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
  await pitcrew.line('[a] up')
  await pitcrew.line('[b] up')
  await end(pitcrew)
  const { exitCode, daemons } = pitcrew.exitReport()
  expect(exitCode).toBe(0) // A later run succeeded.
  const [a, other] = daemons as { name: string }[]
  expect(a).toEqual({ name: 'a', runs: 1, ended: 'TERM', asked: true, counted: 0 })
  expect(other).toEqual({
    name: 'b',
    runs: 2,
    ended: 'TERM',
    asked: true,
    counted: 0,
    lastDeath: {
      run: 1,
      pid: pidsOf(pitcrew, 'b')[0],
      cause: 'code 4',
      uptimeMs: expect.any(Number),
      cpuMs: expect.any(Number),
      memoryKib: expect.any(Number),
      status: '',
      lastLines: ['3', '4', '5', '6', '7'],
      next: 'restarting at once',
    },
  })
})

test('the usage of a death is that of the run, without that of pitcrew', async () => {
  const usesMuch = `x=$(head -c 20000000 /dev/zero | tr '\\0' x); n=0; while [ $n -lt 20000 ]; do n=$((n + 1)); done; exit 4`
  const daemons = {
    big: { command: ['bash', '-c', usesMuch], restart: 'never' },
    small: { command: sh('exit 4'), restart: 'never' },
  }
  await using pitcrew = new Pitcrew({ daemons })
  expect(await pitcrew.exitCode()).toBe(4)
  const [big, small] = (
    pitcrew.exitReport().daemons as { lastDeath: { cpuMs: number; memoryKib: number } }[]
  ).map(({ lastDeath }) => lastDeath)
  expect(big?.memoryKib).toBeGreaterThan(20_000)
  expect(big?.cpuMs).toBeGreaterThan(20)
  // The memory of a run is at least what pitcrew had when it started the run.
  if (!isSanitized) expect(small?.memoryKib).toBeLessThan(8000)
})
