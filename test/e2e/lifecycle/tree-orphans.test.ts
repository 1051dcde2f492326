/** The contract, Nothing left behind: every orphan is reaped. FAULTS 12. */
import { describe, expect, test } from 'vitest'
import { canUnshare, compileFixture, Pitcrew, sh } from '../support/pitcrew.ts'
import {
  eventually,
  isAlive,
  leftoverProcesses,
  outsidePid,
  pidOf,
  processesUnder,
  zombiesUnder,
} from '../support/processes.ts'

const long = { command: sh('echo up; exec sleep 1000') }

describe.each(canUnshare ? ['PID 1', 'a subreaper'] : ['a subreaper'])('as %s', (mode) => {
  const asPid1 = mode === 'PID 1'

  test('two thousand orphans in a second are all reaped, and the exit codes of daemons are correct', async () => {
    const makes = { command: [compileFixture('forks-orphans')], restart: 'never' }
    const fails = { command: sh('sleep 0.1; exit 4'), restart: 'never' }
    const daemons = { a: long, b: makes, c: makes, d: fails }
    await using pitcrew = new Pitcrew({ daemons }, { asPid1 })
    await pitcrew.linesWith('made 2000 orphans', 2)
    await pitcrew.line('b: died: exit code 7')
    await pitcrew.line('c: died: exit code 7')
    await pitcrew.line('d: died: exit code 4')
    await eventually('only the sleeper is left', () => processesUnder(pitcrew).length === 1)
    expect(zombiesUnder(pitcrew)).toEqual([])
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(7)
    expect(pitcrew.lines.filter((line) => line.includes(': died:'))).toHaveLength(3)
  })

  test('restarts are handled while orphans keep arriving', async () => {
    const flood = { command: sh('echo up; while :; do (true & true & true &) ; done') }
    const signals = { USR1: { restart: ['a'] } }
    await using pitcrew = new Pitcrew({ signals, daemons: { a: long, b: flood } }, { asPid1 })
    await pitcrew.line('[b] up')
    for (let run = 1; run <= 5; run++) {
      await pitcrew.linesWith('[a] up', run)
      pitcrew.signal('SIGUSR1')
    }
    await pitcrew.linesWith('[a] up', 6)
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(0)
    expect(leftoverProcesses(pitcrew)).toEqual([])
  })

  test('children that pitcrew had before its start are reaped, and are not taken for daemons', async () => {
    // A shell that executes pitcrew leaves it a child with an exit code of its own.
    const wrap = ['/bin/sh', '-c', 'sh -c "exit 9" & sleep 0.05; exec "$@"', 'sh']
    await using pitcrew = new Pitcrew({ daemons: { a: long } }, { asPid1, wrap })
    await pitcrew.line('[a] up')
    await eventually('the foreign child is reaped', () => zombiesUnder(pitcrew).length === 0)
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(0)
  })
})

test('when a pitcrew that is not PID 1 is killed, its daemons end, also those of another user', async () => {
  const b = process.getuid?.() === 0 ? { ...long, user: 'nobody' } : long
  await using pitcrew = new Pitcrew({ daemons: { a: long, b } }, { asPid1: false })
  await pitcrew.line('[a] up')
  await pitcrew.line('[b] up')
  const pids = [await pidOf(pitcrew, 'a'), await pidOf(pitcrew, 'b')]
  expect(pids.map((pid) => outsidePid(pitcrew, pid))).toEqual(pids)
  pitcrew.signal('SIGKILL')
  await eventually('they have ended', () => !pids.some(isAlive))
})
