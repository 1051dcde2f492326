/** The socket while four daemons print as fast as they can: requests are answered soon, a
 *  restart replaces one run, and a follower learns how much it has missed. The figures are
 *  bounds that a slow machine keeps, not a benchmark. */
import { existsSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startVerb } from '../support/cli.ts'
import { type ControlClient, socketPath, tryConnect } from '../support/control-client.ts'
import { Pitcrew, sh } from '../support/pitcrew.ts'
import { eventually } from '../support/processes.ts'

/** Time in which other processes use the machine does not count: on a busy one pitcrew waits for
 *  its turn. */
const atMostMs = 250 * Math.max(1, (loadavg()[0] ?? 0) / availableParallelism())
const storm = { command: sh('exec yes "a line of a hundred bytes, as daemons print them"') }
const names = ['a', 'b', 'c', 'd']

let pitcrew: Pitcrew
let client: ControlClient

beforeAll(async () => {
  const daemons = Object.fromEntries(names.map((name) => [name, storm]))
  // The output is always read.
  pitcrew = new Pitcrew({ daemons }, { stdout: 'ignore' })
  await eventually('it listens', () => existsSync(socketPath(pitcrew)))
  client = (await tryConnect(socketPath(pitcrew))) as ControlClient
  for (const daemon of names) await client.done('wait', { daemon })
})

afterAll(async () => {
  await pitcrew[Symbol.asyncDispose]()
})

/** The time of the last line that a daemon has printed. */
async function lastLineMs(daemon: string): Promise<number> {
  using reader = (await tryConnect(socketPath(pitcrew))) as ControlClient
  await reader.done('logs', { daemons: [daemon], tail: 1 })
  await reader.closed
  return Number(reader.texts[0]?.split(' ')[0])
}

test('two hundred requests are all answered, 99 of 100 within 250 ms', async () => {
  const tookMs: number[] = []
  for (let n = 0; n < 200; n++) {
    const before = performance.now()
    expect(await client.done('status')).toMatchObject({ daemons: [{ state: 'ready' }, {}, {}, {}] })
    tookMs.push(performance.now() - before)
  }
  const p99 = tookMs.sort((x, y) => x - y)[197] as number
  expect(p99).toBeLessThan(atMostMs)
})

test('two hundred requests at once are all answered', async () => {
  const answers = Array.from({ length: 200 }, () => client.done('status', { daemons: ['a'] }))
  expect(await Promise.all(answers)).toHaveLength(200)
})

test('a restart replaces one daemon, which prints on; the others keep their pid', async () => {
  const pids = async (): Promise<unknown[]> =>
    ((await client.done('status')).daemons as { pid: number }[]).map(({ pid }) => pid)
  const before = await pids()
  const { outcome, old, now } = await client.done('restart', { daemon: 'b' })
  expect({ outcome, old, now }).toMatchObject({ outcome: 'done', old: { run: 1 }, now: { run: 2 } })
  expect(await pids()).toEqual(
    before.map((pid, at) => (at === 1 ? (now as { pid: number }).pid : pid)),
  )
  const restartedMs = Date.now()
  await expect.poll(() => lastLineMs('b')).toBeGreaterThanOrEqual(restartedMs)
})

test('a follower learns how much it has missed, and is not closed while it reads', async () => {
  const words = ['logs', 'a', 'c', '--follow', '--grep', 'never printed']
  const follower = startVerb(pitcrew, ...words)
  await eventually('the follower has a notice', () => follower.errors.length >= 2)
  for (const line of follower.errors) expect(line).toMatch(/^pitcrew: skipped \d+ bytes$/)
  // Other clients are answered meanwhile.
  const before = performance.now()
  await client.done('status')
  expect(performance.now() - before).toBeLessThan(1000)
  follower.process.kill('SIGINT')
  await follower.end()
})

test('a shutdown over the socket ends pitcrew within its deadline', async () => {
  expect(await client.done('shutdown')).toMatchObject({ outcome: 'done' })
  await pitcrew.end()
})
