/** Host.usage: the current usage of each run, all of its processes together. */
import { beforeAll, expect, test } from 'vitest'
import type { Usage } from '../../../src/host/control.ts'
import { buildLogs, Logs } from '../../host/images/logs.ts'

beforeAll(buildLogs, 300_000)

async function usageOf(logs: Logs, daemon: string): Promise<Usage> {
  const usage = (await logs.usage()).find((one) => one.daemon === daemon)
  if (usage === undefined) throw new Error(`no usage of ${daemon}`)
  return usage
}

test('all processes of a run count, also those that left its group', async () => {
  await using logs = await Logs.start()
  await logs.run('alone', 'echo up; exec sleep 1000')
  await logs.run(
    'many',
    'sleep 1000 & setsid sleep 1000 & (setsid sh -c "echo up; exec sleep 1000" &) ; wait',
  )
  await logs.line('[alone] up')
  await logs.line('[many] up')
  const [alone, many] = [await usageOf(logs, 'alone'), await usageOf(logs, 'many')]
  expect(alone).toMatchObject({ run: 1, processes: 1 })
  expect(many).toMatchObject({ run: 1, processes: 4 })
  expect(alone.memoryKib).toBeGreaterThan(100)
  expect(alone.memoryKib).toBeLessThan(many.memoryKib)
  expect(alone.cpuMs).toBeLessThan(500)
})

test('processor time is that of living processes and of children they have reaped', async () => {
  await using logs = await Logs.start()
  const spins = 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done'
  await logs.run('living', `${spins}; echo up; sleep 1000; true`)
  await logs.run('waited', `sh -c '${spins}'; echo up; sleep 1000`)
  await logs.run('idle', 'echo up; sleep 1000')
  for (const name of ['living', 'waited', 'idle']) await logs.line(`[${name}] up`)
  const [living, waited, idle] = await Promise.all(
    ['living', 'waited', 'idle'].map((name) => usageOf(logs, name)),
  )
  expect(living?.cpuMs).toBeGreaterThan(50)
  expect(waited?.cpuMs).toBeGreaterThan(50)
  expect(idle?.cpuMs).toBeLessThan(50)
})

test('a run is listed until its last process has ended', async () => {
  await using logs = await Logs.start()
  await logs.run('web', 'echo one')
  await logs.run('left', 'sleep 1000 & echo one')
  await logs.lastLines('web', 1)
  await logs.lastLines('left', 1)
  const usage = await logs.usage()
  expect(usage).toMatchObject([{ daemon: 'left', run: 1, processes: 1 }])
})

test('one call lists two hundred runs', async () => {
  await using logs = await Logs.start()
  const names = Array.from({ length: 200 }, (_, n) => `d${n}`)
  for (const name of names) await logs.spawn(name, ['/bin/sleep', '1000'])
  const usage = await logs.usage()
  expect(usage.map(({ daemon }) => daemon).toSorted()).toEqual(names.toSorted())
  expect(usage.every(({ processes }) => processes === 1)).toBe(true)
})
