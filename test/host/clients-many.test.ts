/** Very many clients at the same time, and a lack of descriptors. */
import { beforeAll, expect, test } from 'vitest'
import { isSanitized, isSpinning, residentKib } from '../e2e/support/cost.ts'
import { eventually, processesUnder } from '../e2e/support/processes.ts'
import { buildHub, type Client, Hub } from './images/clients.ts'

/** The refusal that the entry sets. */
const busy = '{"refused":true}'
const sleeps = { command: ['sleep', '1000'], stdio: 'null' as const }
/** More than the descriptors suffice for. */
const runs = Array.from({ length: 40 }, (_, n) => ({
  spawn: { daemon: `d${n}`, ...sleeps, notify: true },
}))

beforeAll(buildHub, 300_000)

test('a thousand clients at once get their answers at a bounded cost, and leave nothing', async () => {
  await using hub = await Hub.start()
  const first = await hub.connect()
  await first.ask({ echo: 'so far' })
  const [descriptors, memory] = [hub.descriptors(), residentKib(hub)]
  const clients = await connectMany(hub, 1000)
  const answers = await Promise.all(
    clients.map((client, n) => client.ask({ echo: `answer ${n}`, silent: true })),
  )
  expect(answers).toEqual(clients.map((_, n) => `answer ${n}`))
  expect(hub.descriptors()).toBe(descriptors + 1000)
  // Most of this is what the test's entry keeps of them.
  if (!isSanitized) expect(residentKib(hub) - memory).toBeLessThan(2000)
  for (const { socket } of clients) socket.destroy()
  await hub.wait('client-gone', 1000)
  await eventually('all are closed', () => hub.descriptors() === descriptors)
  expect(await first.ask({ echo: 'still here' })).toBe('still here')
})

test('the 2049th client is refused until another one leaves', async () => {
  await using hub = await Hub.start()
  const clients: Client[] = []
  for (const count of [1000, 2000, 2048]) {
    clients.push(...(await connectMany(hub, count - clients.length)))
    await hub.wait('client', count)
  }
  const late = await hub.connect()
  expect(await late.end()).toBe(null)
  expect(late.lines).toEqual([busy])
  expect(hub.eventsOf('client')).toHaveLength(2048)
  clients[7]?.socket.destroy()
  await hub.wait('client-gone')
  expect(await (await hub.connect()).ask({ echo: 'welcome' })).toBe('welcome')
})

test('half of the descriptors are reserved for daemons', async () => {
  await using hub = await Hub.start([{ listen: 's' }], limited(40))
  const clients = await connectMany(hub, 25)
  await hub.wait('client', 20)
  for (const late of clients.slice(20)) expect(await late.end()).toBe(null)
  const spawn = { daemon: 'web', ...sleeps, notify: true }
  expect(await clients[0]?.ask({ first: { spawn } })).toContain('"pid":')
})

test('without a descriptor new clients are turned away, and the loop does not spin', async () => {
  await using hub = await Hub.start([{ listen: 's' }, ...runs], limited(40))
  expect(hub.answers.at(-1)).toEqual({ step: 'socket', errno: 'EMFILE' })
  for (let times = 0; times < 3; times++) {
    const client = await hub.connect()
    expect(await client.end()).toBe(null)
    expect(client.lines).toEqual([busy])
  }
  expect(hub.eventsOf('client')).toEqual([])
  expect(await isSpinning(hub)).toBe(false)
  await endOne(hub)
  expect(await (await hub.connect()).ask({ echo: 'welcome' })).toBe('welcome')
})

test('a client that cannot be identified for lack of descriptors is closed: it may be a daemon', async () => {
  await using hub = await Hub.start([{ listen: 's' }, ...runs], { ...limited(40), asPid1: false })
  await endOne(hub)
  const client = await hub.connect()
  expect(await client.end()).toBe(null)
  expect(client.lines).toEqual([])
  // One for the connection, and two to identify the peer: a pidfd, and a file of /proc.
  for (let times = 0; times < 2; times++) await endOne(hub)
  expect(await (await hub.connect()).ask({ echo: 'welcome' })).toBe('welcome')
  expect(hub.eventsOf('client')).toHaveLength(1)
})

/** One of the runs ends, and gives back the descriptor that it had. */
async function endOne(hub: Hub): Promise<void> {
  const ended = hub.eventsOf('exited').length
  const [run] = processesUnder(hub).filter(({ state }) => state !== 'Z')
  process.kill(run?.pid as number, 'SIGKILL')
  await hub.wait('exited', ended + 1)
}

function limited(files: number): { wrap: string[] } {
  return { wrap: ['/bin/sh', '-c', `ulimit -n ${files}; exec "$@"`, 'sh'] }
}

/** All at once: a thousand may wait to be taken. */
async function connectMany(hub: Hub, count: number): Promise<Client[]> {
  return Promise.all(Array.from({ length: count }, () => hub.connect()))
}
