/** The contract, Order, with many daemons. */
import { expect, test } from 'vitest'
import { Pitcrew, sh } from '../support/pitcrew.ts'
import { processesUnder, zombiesUnder } from '../support/processes.ts'

const long = { command: sh('echo up; exec sleep 1000') }
const started = ({ lines }: Pitcrew): string[] =>
  lines.flatMap((line) => /^pitcrew: ([a-z0-9-]+): started, /.exec(line)?.[1] ?? [])

test('three hundred daemons start in the order of the file, run, and stop', async () => {
  const names = Array.from({ length: 300 }, (_, n) => `d${(n * 7) % 300}`)
  const daemons = Object.fromEntries(names.map((name) => [name, long]))
  await using pitcrew = new Pitcrew({ daemons })
  await pitcrew.linesWith('] up', 300)
  await pitcrew.linesWith(': started', 300)
  expect(started(pitcrew)).toEqual(names)
  expect(processesUnder(pitcrew)).toHaveLength(300)
  expect(zombiesUnder(pitcrew)).toEqual([])
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(pitcrew.lines.filter((line) => line.includes(': stopped: signal TERM'))).toHaveLength(300)
})

test('a daemon waits for its dependencies, and delays no other', async () => {
  const daemons = {
    d: { ...long, after: ['b', 'c'] },
    a: long,
    c: { ...long, after: ['b'] },
    b: long,
  }
  await using pitcrew = new Pitcrew({ daemons })
  await pitcrew.linesWith('] up', 4)
  expect(started(pitcrew)).toEqual(['b', 'a', 'c', 'd'])
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
})

test('an optional daemon that cannot be started does not prevent the start of its dependents', async () => {
  const absent = { command: ['./absent'], restart: 'never', optional: true }
  const daemons = { a: absent, b: { ...long, after: ['a'] } }
  await using pitcrew = new Pitcrew({ daemons })
  await pitcrew.line('[b] up')
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(127)
})

test('a chain of two hundred daemons starts in order, and stops in reverse order', async () => {
  const daemons = Object.fromEntries(
    Array.from({ length: 200 }, (_, n) => [
      `d${n}`,
      { ...long, after: n === 0 ? [] : [`d${n - 1}`] },
    ]),
  )
  await using pitcrew = new Pitcrew({ daemons })
  await pitcrew.linesWith('] up', 200)
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  const stopped = pitcrew.lines.flatMap((line) => /^pitcrew: (d\d+): stopped/.exec(line)?.[1] ?? [])
  expect(stopped).toEqual(started(pitcrew).reverse())
})
