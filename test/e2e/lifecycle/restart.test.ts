/** The contract: Restart in place. FAULTS 4, 5. */
import { expect, test } from 'vitest'
import { compileFixture, fixtures, Pitcrew, sh } from '../support/pitcrew.ts'
import {
  descriptorsOf,
  eventually,
  outputOf,
  pidOf,
  pidsOf,
  processesUnder,
  release,
  zombiesUnder,
} from '../support/processes.ts'

const reports = compileFixture('reports-signals')
const exitsOnRelease = ['/bin/sh', `${fixtures}/scripts/exits-on-release.sh`]
const long = { command: sh('echo up; exec sleep 1000') }
const signals = { USR1: { restart: ['b'] } }

async function end(pitcrew: Pitcrew, code = 0): Promise<void> {
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(code)
}

test('a restart changes only the pid of the named daemon', async () => {
  await using pitcrew = new Pitcrew({ signals, daemons: { a: long, b: long, c: long } })
  for (const name of ['a', 'b', 'c']) await pitcrew.line(`[${name}] up`)
  const before = processesUnder(pitcrew).map(({ insidePid }) => insidePid)
  pitcrew.signal('SIGUSR1')
  await pitcrew.linesWith('[b] up', 2)
  const after = processesUnder(pitcrew).map(({ insidePid }) => insidePid)
  const [old, next] = pidsOf(pitcrew, 'b')
  expect(after).toHaveLength(3)
  expect(before.filter((pid) => !after.includes(pid))).toEqual([old])
  expect(after.filter((pid) => !before.includes(pid))).toEqual([next])
  await pitcrew.line(`b: restart (USR1): done in `)
  expect(pitcrew.lines.at(-1) ?? '').not.toContain('died')
  await end(pitcrew)
})

test('twenty restarts never interrupt another daemon that prints continuously', async () => {
  const counts = { command: ['/bin/sh', `${fixtures}/scripts/counts.sh`] }
  await using pitcrew = new Pitcrew({ signals, daemons: { a: counts, b: long } })
  for (let run = 1; run <= 20; run++) {
    await pitcrew.linesWith('[b] up', run)
    await pitcrew.linesWith('[a] ', run * 2)
    pitcrew.signal('SIGUSR1')
  }
  await pitcrew.linesWith('[b] up', 21)
  await end(pitcrew)
  const [pid] = pidsOf(pitcrew, 'a')
  const counted = outputOf(pitcrew, 'a')
  expect(counted.length).toBeGreaterThanOrEqual(40)
  expect(counted).toEqual(counted.map((_, index) => `${pid} ${index + 1}`))
})

test('a restart requested while the daemon is stopping joins the restart in progress, and its ticket', async () => {
  await using pitcrew = new Pitcrew({ signals, daemons: { b: { command: exitsOnRelease } } })
  await pitcrew.line('[b] up')
  pitcrew.signal('SIGUSR1')
  await pitcrew.line('[b] got TERM')
  pitcrew.signal('SIGUSR1')
  pitcrew.signal('SIGUSR2')
  await pitcrew.line('USR2 ignored') // The second USR1 has been handled.
  pitcrew.signal('SIGUSR1')
  pitcrew.signal('SIGHUP')
  await pitcrew.line('HUP ignored') // The third USR1 has been handled.
  await release(pitcrew)
  await pitcrew.line('b: restart (USR1, requested 3 times): done')
  await pitcrew.linesWith('[b] up', 2)
  pitcrew.signal('SIGTERM')
  await pitcrew.linesWith('[b] got TERM', 2)
  await release(pitcrew)
  expect(await pitcrew.exitCode()).toBe(0)
  expect(pidsOf(pitcrew, 'b')).toHaveLength(2)
})

test('a restart requested after the new run was spawned is another restart', async () => {
  await using pitcrew = new Pitcrew({ signals, daemons: { b: long } })
  await pitcrew.line('[b] up')
  pitcrew.signal('SIGUSR1')
  await pidOf(pitcrew, 'b', 2)
  pitcrew.signal('SIGUSR1')
  await pidOf(pitcrew, 'b', 3)
  await end(pitcrew)
  expect(pidsOf(pitcrew, 'b')).toHaveLength(3)
})

test('a restart of a daemon that has died starts it', async () => {
  const command = sh(
    'echo up; [ -e "$PITCREW_STATE_DIR/again" ] && exec sleep 1000; : > "$PITCREW_STATE_DIR/again"; exit 4',
  )
  const b = { command, restart: 'never' }
  await using pitcrew = new Pitcrew({ signals, daemons: { a: long, b } })
  await pitcrew.line('[a] up')
  await pitcrew.line('b: died: exit code 4')
  pitcrew.signal('SIGUSR1')
  await pitcrew.line('b: restart (USR1): done')
  await pitcrew.line('pid none -> ')
  await pitcrew.linesWith('[b] up', 2)
  await end(pitcrew) // The code of the last run counts, which did not fail.
})

test('a restart of a daemon that could not be started retries it, and its ticket has the result', async () => {
  const daemons = { a: long, b: { command: ['./absent'], restart: 'never' } }
  await using pitcrew = new Pitcrew({ signals, daemons })
  await pitcrew.line('b: cannot start (run 1)')
  await pitcrew.line('[a] up')
  pitcrew.signal('SIGUSR1')
  await pitcrew.line('b: cannot start (run 2)')
  await pitcrew.line('b: restart (USR1): failed: cannot start it: exec: ENOENT')
  await end(pitcrew, 127)
})

test('a restart of a daemon that ignores TERM kills it at the end of its grace, then starts the next run', async () => {
  const stubborn = {
    command: ['/bin/sh', `${fixtures}/scripts/ignores-term.sh`],
    stop: { grace: '60ms' },
  }
  await using pitcrew = new Pitcrew({ signals, daemons: { b: stubborn } })
  await pitcrew.line('[b] up')
  pitcrew.signal('SIGUSR1')
  await pitcrew.line('b: stopped: signal KILL')
  await pitcrew.linesWith('[b] up', 2)
  await end(pitcrew)
})

test('the deadline limits the stop of a restart when the daemon has no grace of its own', async () => {
  const stubborn = { command: ['/bin/sh', `${fixtures}/scripts/ignores-term.sh`] }
  await using pitcrew = new Pitcrew({ deadline: '300ms', signals, daemons: { b: stubborn } })
  await pitcrew.line('[b] up')
  const beganMs = performance.now()
  pitcrew.signal('SIGUSR1')
  await pitcrew.linesWith('[b] up', 2)
  expect(performance.now() - beganMs).toBeLessThan(600)
  await end(pitcrew)
})

test('one signal can restart several daemons and be forwarded to others', async () => {
  const all = { HUP: { restart: ['a', 'b'], forward: ['c'] } }
  const daemons = { a: long, b: long, c: { command: [reports] } }
  await using pitcrew = new Pitcrew({ signals: all, daemons })
  for (const name of ['a', 'b', 'c']) await pitcrew.line(`[${name}] up`)
  pitcrew.signal('SIGHUP')
  await pitcrew.line('a: restart (HUP): done')
  await pitcrew.line('b: restart (HUP): done')
  await pitcrew.line('[c] got HUP')
  await end(pitcrew)
})

test('the next run starts only when no process of the previous run is left', async () => {
  const lock = `exec "$FIXTURES/scripts/holds-lock.sh" "$PITCREW_STATE_DIR/lock" ${reports} 100`
  const b = { command: sh(lock), stop: { grace: '3s' } }
  await using pitcrew = new Pitcrew({ signals, daemons: { a: long, b } })
  await pitcrew.line('[a] up')
  for (let run = 1; run <= 3; run++) {
    await pitcrew.linesWith('[b] up', run)
    pitcrew.signal('SIGUSR1')
  }
  await pitcrew.linesWith('[b] up', 4)
  await end(pitcrew)
  const words = outputOf(pitcrew, 'b').map((line) => line.split(' ')[0])
  expect(words).toEqual(['up', 'got', 'up', 'got', 'up', 'got', 'up', 'got'])
})

test('two hundred restarts leave no descriptor, no zombie and no process behind', async () => {
  const b = { command: sh('sleep 1000 & setsid sleep 1000 & echo up; wait') }
  await using pitcrew = new Pitcrew({ signals, daemons: { a: long, b } })
  await pitcrew.line('[a] up')
  await pitcrew.line('[b] up')
  const before = descriptorsOf(pitcrew)
  const alive = processesUnder(pitcrew).length
  for (let run = 2; run <= 200; run++) {
    pitcrew.signal('SIGUSR1')
    await pitcrew.linesWith('[b] up', run)
  }
  await eventually('as many processes as before', () => processesUnder(pitcrew).length === alive)
  expect(zombiesUnder(pitcrew)).toEqual([])
  expect(descriptorsOf(pitcrew)).toHaveLength(before.length)
  expect(pidsOf(pitcrew, 'a')).toHaveLength(1)
  await end(pitcrew)
})
