/** The contract, Death, with the policy `never`. */
import { expect, test } from 'vitest'
import { Pitcrew, sh } from '../support/pitcrew.ts'
import { eventually, outsidePid, pidOf, pidsOf, zombiesUnder } from '../support/processes.ts'

const long = { command: sh('echo up; exec sleep 1000'), restart: 'never' }
const signals = { USR1: { restart: ['b'] } }
const died = (pitcrew: Pitcrew): string[] =>
  pitcrew.lines.filter((line) => line.includes(': died:'))

test('an unexpected death leaves other daemons running, and is logged once with its code', async () => {
  const daemons = { a: long, b: { command: sh('echo up; exit 5'), restart: 'never' } }
  await using pitcrew = new Pitcrew({ daemons })
  await pitcrew.line('[a] up')
  const line = await pitcrew.line('b: died')
  expect(line).toMatch(
    /^pitcrew: b: died: exit code 5, pid \d+, run 1, after [\d.]+ m?s \(cpu \d+ ms, memory [\d.]+ MiB\); restart policy is never; its last line: "up"$/,
  )
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(5)
  expect(died(pitcrew)).toHaveLength(1)
  const all = pitcrew.lines
  expect(all.indexOf('[b] up')).toBeLessThan(all.indexOf(line))
  expect(all.join('\n')).not.toContain('b: stopped')
})

test.each([
  ['KILL', 'SIGKILL'],
  ['SEGV', 'SIGSEGV'],
  ['TERM', 'SIGTERM'],
] as const)(
  'a death by a signal from outside (%s) is logged with the signal',
  async (name, signal) => {
    await using pitcrew = new Pitcrew({ daemons: { a: long, b: long } })
    await pitcrew.line('[a] up')
    await pitcrew.line('[b] up')
    process.kill(outsidePid(pitcrew, await pidOf(pitcrew, 'b')), signal)
    await pitcrew.line(`b: died: signal ${name}`)
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(0)
  },
)

test('the death of each run is logged', async () => {
  const b = { command: ['false'], restart: 'never' }
  await using pitcrew = new Pitcrew({ signals, daemons: { a: long, b } })
  await pitcrew.line('[a] up')
  for (let run = 1; run <= 3; run++) {
    await pitcrew.line(new RegExp(`b: died: exit code 1, pid \\d+, run ${run},`))
    if (run < 3) pitcrew.signal('SIGUSR1')
  }
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(1)
  expect(died(pitcrew)).toHaveLength(3)
  expect(pidsOf(pitcrew, 'a')).toHaveLength(1)
})

test('an exit while a stop is in progress is no unexpected death', async () => {
  await using pitcrew = new Pitcrew({
    signals,
    daemons: { b: { command: sh('trap "exit 9" TERM; echo up; while :; do sleep 0.01; done') } },
  })
  await pitcrew.line('[b] up')
  pitcrew.signal('SIGUSR1')
  await pitcrew.line('b: stopped: exit code 9')
  await pitcrew.linesWith('[b] up', 2)
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(9)
  expect(died(pitcrew)).toEqual([])
})

test('the last lines of a daemon are printed before its death, also without a final newline', async () => {
  const daemons = { a: { command: sh('seq 500; printf last'), restart: 'never' } }
  await using pitcrew = new Pitcrew({ daemons })
  expect(await pitcrew.exitCode()).toBe(0)
  const at = pitcrew.lines.findIndex((line) => line.includes('a: died'))
  expect(pitcrew.lines[at - 1]).toBe('[a] last')
})

test('a child that exits at once is one death, and nothing leaks', async () => {
  // FAULTS 1: a hundred daemons that exit before their spawn has returned to the policy.
  const quick = Object.fromEntries(
    Array.from({ length: 100 }, (_, n) => [`d${n}`, { command: ['true'], restart: 'never' }]),
  )
  await using pitcrew = new Pitcrew({ daemons: { a: long, ...quick } })
  await pitcrew.line('[a] up')
  await pitcrew.linesWith(': died: exit code 0', 100)
  await eventually('no zombie is left', () => zombiesUnder(pitcrew).length === 0)
  expect(new Set(died(pitcrew).map((line) => line.split(':')[1])).size).toBe(100)
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
})

test('a hundred daemons that die in the same moment are logged as a hundred deaths', async () => {
  const daemons = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`d${n}`, long]))
  await using pitcrew = new Pitcrew({ daemons: { a: long, ...daemons } })
  const pids = []
  for (let n = 0; n < 100; n++) pids.push(await pidOf(pitcrew, `d${n}`))
  const outside = pids.map((pid) => outsidePid(pitcrew, pid))
  for (const pid of outside) process.kill(pid, 'SIGKILL')
  await pitcrew.linesWith(': died: signal KILL', 100)
  expect(zombiesUnder(pitcrew)).toEqual([])
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
})

test('pitcrew exits when every daemon has ended permanently', async () => {
  const daemons = {
    a: { command: ['true'], restart: 'never' },
    b: { command: sh('sleep 0.05'), restart: 'never' },
  }
  await using pitcrew = new Pitcrew({ daemons })
  expect(await pitcrew.exitCode()).toBe(0)
  expect(died(pitcrew)).toHaveLength(2)
})
