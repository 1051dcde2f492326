/** The contract, Death: "followed by a restart under the policy"; the key `restart:`. FAULTS 1,
 *  2, 3, 13, 22. */
import { chmodSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort, listen, scratchFolder } from '../support/listeners.ts'
import { compileFixture, Pitcrew, sh } from '../support/pitcrew.ts'
import {
  descriptorsOf,
  eventually,
  isAlive,
  outputOf,
  outsidePid,
  pidOf,
  pidsOf,
  processesUnder,
  zombiesUnder,
} from '../support/processes.ts'

const long = { command: sh('echo up; exec sleep 1000') }
const signals = { USR1: { restart: ['b'] } }

/** The runs up to `last` exit with 5 at once; the next one stays up. */
const diesUntil = (last: number, first = 'exit 5'): string[] =>
  sh(`n=$(cat "$PITCREW_STATE_DIR/n" || echo 1); echo $((n + 1)) > "$PITCREW_STATE_DIR/n"
    [ $n = 1 ] && { echo run 1; ${first}; }
    [ $n -le ${last} ] && exit 5
    echo up; exec sleep 1000`)

async function end(pitcrew: Pitcrew, code = 0): Promise<void> {
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(code)
}

/** The logged delays before the next run, in ms. */
const loggedDelays = ({ lines }: Pitcrew): number[] =>
  lines.flatMap((line) => {
    const ms = /restarting in (\d+) ms/.exec(line)?.[1]
    return ms === undefined ? [] : [Number(ms)]
  })

async function kill(pitcrew: Pitcrew, daemon: string, run = 1): Promise<void> {
  process.kill(outsidePid(pitcrew, await pidOf(pitcrew, daemon, run)), 'SIGKILL')
}

test('a death is followed by the next run; its log line has the cause, the usage, and what follows', async () => {
  const b = { command: diesUntil(1, String.raw`echo last; printf 'words \033[31m'; exit 5`) }
  await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
  expect(await pitcrew.line('b: died')).toMatch(
    /^pitcrew: b: died: exit code 5, pid \d+, run 1, after \d+ ms \(cpu \d+ ms, memory \d+\.\d MiB\); restarting in 1\d\d ms; its last line: "words {2}\[31m"$/,
  )
  await pitcrew.line('[b] up')
  expect(await pidOf(pitcrew, 'b', 2)).not.toBe(await pidOf(pitcrew, 'b', 1))
  await pitcrew.line('[a] up')
  expect(pidsOf(pitcrew, 'a')).toHaveLength(1)
  await end(pitcrew)
  expect(pitcrew.lines.filter((line) => line.includes('died'))).toHaveLength(1)
})

test('the backoff of a daemon that crashes at once doubles each time, up to a maximum', async () => {
  // FAULTS 22. The daemon prints the time of its start.
  const restart = { backoff: { initial: '20ms', max: '80ms' } }
  const b = { command: sh('date +%s%3N; exit 1'), restart }
  await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
  await pitcrew.linesWith('b: died', 6)
  pitcrew.signal('SIGTERM')
  await pitcrew.exitCode()
  const [first = 0, ...delays] = loggedDelays(pitcrew).slice(0, 5)
  expect(first).toBeGreaterThanOrEqual(15) // Jitter: at least three quarters.
  expect(first).toBeLessThanOrEqual(20)
  const expected = [2, 4, 4, 4].map((times) => times * first)
  for (const [n, delay] of delays.entries()) {
    expect(Math.abs(delay - (expected[n] ?? 0)), `${n}`).toBeLessThanOrEqual(2) // Logged delays are rounded.
  }
  const startsMs = outputOf(pitcrew, 'b').map(Number)
  const waited = delays.map((_, n) => (startsMs[n + 2] ?? 0) - (startsMs[n + 1] ?? 0))
  for (const [n, delay] of delays.entries()) expect(waited[n]).toBeGreaterThanOrEqual(delay - 1)
})

test('the backoff of a daemon that was ready for the time of `calm` starts again at the initial delay', async () => {
  // FAULTS 22: run 3 lives longer than `calm`.
  const script = `n=$(cat "$PITCREW_STATE_DIR/n" || echo 1); echo $((n + 1)) > "$PITCREW_STATE_DIR/n"
    [ $n = 3 ] && sleep 0.6; exit 1`
  const restart = { backoff: '4ms', calm: '500ms' }
  await using pitcrew = new Pitcrew({ daemons: { a: long, b: { command: sh(script), restart } } })
  const deaths = await pitcrew.linesWith('b: died', 4)
  pitcrew.signal('SIGTERM')
  await pitcrew.exitCode()
  expect(deaths.map((line) => /restart \d/.exec(line)?.[0])).toEqual([
    undefined,
    'restart 2',
    undefined,
    'restart 2',
  ])
})

test('without a backoff the next run follows at once; fifty restarts leave no descriptor and no zombie', async () => {
  const b = { command: diesUntil(51, 'exec sleep 1000'), restart: { backoff: 'none' } }
  await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
  await pitcrew.line('[a] up')
  await pitcrew.line('[b] run 1')
  const before = descriptorsOf(pitcrew)
  await kill(pitcrew, 'b')
  await pitcrew.line('[b] up')
  expect(await pitcrew.linesWith('restarting at once', 51)).toHaveLength(51)
  await eventually('no other process is left', () => processesUnder(pitcrew).length === 2)
  expect(zombiesUnder(pitcrew)).toEqual([])
  expect(descriptorsOf(pitcrew)).toHaveLength(before.length)
  expect(pidsOf(pitcrew, 'a')).toHaveLength(1)
  await end(pitcrew)
})

test('a daemon that crashes continuously without a backoff delays neither signals nor other daemons', async () => {
  const counts = { command: sh('n=0; while :; do echo $((n += 1)); sleep 0.01; done') }
  const b = { command: ['false'], restart: { backoff: 'none' } }
  await using pitcrew = new Pitcrew({ daemons: { a: counts, b } })
  await pitcrew.linesWith('b: died', 200)
  await pitcrew.line('[a] 5')
  pitcrew.signal('SIGUSR2')
  await pitcrew.line('USR2 ignored')
  pitcrew.signal('SIGTERM')
  await pitcrew.exitCode()
})

test('a daemon over its limit is given up, which is logged; other daemons run on, and its code counts', async () => {
  const restart = { backoff: 'none', limit: '3 in 1m' }
  const b = { command: sh('exit 3'), restart }
  await using pitcrew = new Pitcrew({ signals, daemons: { a: long, b } })
  await pitcrew.line('given up after 3 restarts in 1 min')
  await pitcrew.line('[a] up')
  expect(pidsOf(pitcrew, 'b')).toHaveLength(4)
  expect(isAlive(outsidePid(pitcrew, await pidOf(pitcrew, 'a')))).toBe(true)
  pitcrew.signal('SIGUSR1') // A request begins a new series of restarts.
  await pidOf(pitcrew, 'b', 5)
  await pitcrew.linesWith('given up after 3 restarts in 1 min', 2)
  await end(pitcrew, 3)
  expect(pidsOf(pitcrew, 'b')).toHaveLength(8)
  expect(pidsOf(pitcrew, 'a')).toHaveLength(1)
})

test('with `then: shutdown` a daemon that is given up ends pitcrew', async () => {
  // biome-ignore lint/suspicious/noThenProperty: a key of the bundle; the object is never awaited.
  const restart = { backoff: 'none', limit: '2 in 1m', then: 'shutdown' }
  const b = { command: sh('exit 3'), restart }
  await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
  expect(await pitcrew.exitCode()).toBe(3)
  expect(pidsOf(pitcrew, 'b')).toHaveLength(3)
  await pitcrew.line('b is given up: stopping 1 daemon')
  await pitcrew.line('a: stopped: signal TERM')
})

test('pitcrew exits when all daemons are given up', async () => {
  const restart = { backoff: '1ms', limit: '2 in 1m' }
  const daemons = { b: { command: sh('exit 3'), restart }, c: { command: ['false'], restart } }
  await using pitcrew = new Pitcrew({ daemons })
  expect(await pitcrew.exitCode()).toBe(3)
})

test('a daemon that cannot be started is retried, and runs once its program exists', async () => {
  // FAULTS 2.
  const program = join(scratchFolder(), 'program')
  const daemons = { a: long, b: { command: [program], restart: { backoff: '10ms' } } }
  await using pitcrew = new Pitcrew({ daemons })
  await pitcrew.line('[a] up')
  const line = await pitcrew.line('b: cannot start (run 2)')
  const before = descriptorsOf(pitcrew)
  expect(line).toMatch(
    /cannot execute \S+: no such file or directory \(ENOENT\); restarting in [12]\d ms, restart 2 in a row$/,
  )
  await pitcrew.line('b: cannot start (run 3)')
  expect(zombiesUnder(pitcrew)).toEqual([])
  writeFileSync(`${program}.new`, '#!/bin/sh\necho up\nexec sleep 1000\n')
  chmodSync(`${program}.new`, 0o700)
  renameSync(`${program}.new`, program)
  await pitcrew.line('[b] up')
  expect(descriptorsOf(pitcrew)).toHaveLength(before.length + 1) // The pipe for its output.
  await end(pitcrew)
})

test('a requested restart does not wait for the rest of the backoff', async () => {
  const b = { command: diesUntil(1), restart: { backoff: '1m' } }
  await using pitcrew = new Pitcrew({ signals, daemons: { a: long, b } })
  await pitcrew.line(/b: died: .*; restarting in (1 min|\d\d(\.\d+)? s)/)
  pitcrew.signal('SIGUSR1')
  await pitcrew.line('[b] up')
  await pitcrew.line('b: restart (USR1): done in ')
  await end(pitcrew)
})

test('a shutdown ends a daemon in its backoff at once: it is not spawned again, and its code counts', async () => {
  // FAULTS 3.
  const b = { command: sh('exit 5'), restart: { backoff: '1m' } }
  await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
  await pitcrew.line('b: died')
  await pitcrew.line('[a] up')
  const requestedAtMs = performance.now()
  await end(pitcrew, 5)
  expect(performance.now() - requestedAtMs).toBeLessThan(2000)
  expect(pidsOf(pitcrew, 'b')).toHaveLength(1)
})

test('a daemon that finds its port in use is restarted until it can bind', async () => {
  // FAULTS 13.
  const server = createServer()
  const port = await listen(server)
  const b = {
    command: [compileFixture('binds-port'), String(port)],
    restart: { backoff: '10ms', limit: 'none' },
  }
  await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
  await pitcrew.linesWith('[b] the port is taken', 3)
  server.close()
  await pitcrew.line('[b] up')
  await end(pitcrew)
})

test('the port of the previous run is free before the next run begins', async () => {
  // FAULTS 10, 13: a child outside the group that ignores TERM holds it.
  const port = String(await freePort())
  const b = { command: [compileFixture('binds-port'), port, 'child'], stop: { grace: '50ms' } }
  await using pitcrew = new Pitcrew({ daemons: { b: { ...b, restart: { backoff: '1ms' } } } })
  for (let run = 1; run <= 3; run++) {
    await pitcrew.linesWith('[b] child up', run)
    await pitcrew.linesWith('[b] up', run)
    await kill(pitcrew, 'b', run)
    await pidOf(pitcrew, 'b', run + 1)
  }
  await pitcrew.linesWith('[b] child up', 4)
  await end(pitcrew)
  expect(outputOf(pitcrew, 'b')).not.toContain('the port is taken')
})
