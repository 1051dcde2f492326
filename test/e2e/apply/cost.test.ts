/** What changes cost, and that they leave nothing behind. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Configured } from '../support/configured.ts'
import { eventually } from '../support/processes.ts'

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number

const fdsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length

function privateKib(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  return Number(/^Private_Dirty:\s+(\d+)/m.exec(text)?.[1])
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await work()
  return performance.now() - from
}

test('a change adds little to the restart, and a hundred leave nothing behind', async () => {
  await using web = new Configured()
  await web.pitcrew.line('[web] ready')
  const client = await web.client()
  const { pid } = web.pitcrew
  const content = (count: number): string => `content ${count % 7}\n`
  for (let count = 0; count < 20; count++) await web.apply(content(count))
  const before = { fds: fdsOf(pid), kib: privateKib(pid) }
  const [applies, restarts, unchanged]: [number[], number[], number[]] = [[], [], []]
  for (let count = 20; count < 120; count++) {
    const done = web.apply(content(count))
    applies.push(await timed(() => done))
    expect(await done).toMatchObject({ change: { result: 'applied' } })
    unchanged.push(await timed(() => web.apply(content(count))))
    restarts.push(await timed(() => client.done('restart', { daemon: 'web' })))
  }
  const addedMs = median(applies) - median(restarts)
  console.log(
    `apply ${median(applies).toFixed(1)} ms, restart ${median(restarts).toFixed(1)} ms, unchanged ${median(unchanged).toFixed(1)} ms`,
  )
  // Generous: the disk and the machine may be slow. The targets are 20 and 10.
  expect(addedMs).toBeLessThan(200)
  expect(median(unchanged)).toBeLessThan(100)
  // A helper may still be at work.
  await eventually('all descriptors are closed', () => fdsOf(pid) <= before.fds)
  expect(privateKib(pid) - before.kib).toBeLessThan(1024)
  expect(readdirSync(web.folder)).toEqual(['web.conf'])
  const kept = readdirSync(join(web.pitcrew.folder, 'pitcrew/config/web'))
  expect(kept.length).toBeLessThan(14)
  const record = join(web.pitcrew.folder, 'pitcrew/transaction.json')
  await eventually('no transaction is recorded', () => !existsSync(record))
}, 120_000)
