/** Very many clients of the control socket at the same time, and no descriptors left for them. */
import { beforeAll, expect, test } from 'vitest'
import { isSanitized, isSpinning, residentKib } from '../e2e/support/cost.ts'
import { eventually, processesUnder } from '../e2e/support/processes.ts'
import { buildHub, type Client, Hub } from './images/clients.ts'

/** What the entry says to a connection that there is no room for. */
const busy = '{"refused":true}'
const sleeps = { command: ['sleep', '1000'], stdio: 'null' as const }
/** More than there are descriptors for. */
const runs = Array.from({ length: 40 }, (_, n) => ({
  spawn: { daemon: `d${n}`, ...sleeps, notify: true },
}))

beforeAll(buildHub, 300_000)

test('a thousand at once are all answered, and cost little; nothing of them is left', async () => {
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
  // Of what the entry in the init's place keeps of them, this is the most.
  if (!isSanitized) expect(residentKib(hub) - memory).toBeLessThan(2000)
  for (const { socket } of clients) socket.destroy()
  await hub.wait('client-gone', 1000)
  await eventually('all are closed', () => hub.descriptors() === descriptors)
  expect(await first.ask({ echo: 'still here' })).toBe('still here')
})

test('the 2049th is told that it is one too many, and so it is until one goes', async () => {
  await using hub = await Hub.start()
  const clients: Client[] = []
  for (const count of [1000, 2000, 2048]) {
    clients.push(...(await connectMany(hub, count - clients.length)))
    await hub.wait('client', count)
  }
  const late = await hub.connect()
  expect(await late.end()).toBe(null)
  expect(late.lines).toEqual([busy])
  expect(hub.told('client')).toHaveLength(2048)
  clients[7]?.socket.destroy()
  await hub.wait('client-gone')
  expect(await (await hub.connect()).ask({ echo: 'welcome' })).toBe('welcome')
})

test('half of the descriptors are kept for daemons', async () => {
  await using hub = await Hub.start([{ listen: 's' }], limited(40))
  const clients = await connectMany(hub, 25)
  await hub.wait('client', 20)
  for (const late of clients.slice(20)) expect(await late.end()).toBe(null)
  const spawn = { daemon: 'web', ...sleeps, notify: true }
  expect(await clients[0]?.ask({ first: { spawn } })).toContain('"pid":')
})

test('with no descriptor left whoever comes is turned away, and nothing spins', async () => {
  await using hub = await Hub.start([{ listen: 's' }, ...runs], limited(40))
  expect(hub.answers.at(-1)).toEqual({ step: 'socket', errno: 'EMFILE' })
  for (let times = 0; times < 3; times++) {
    const client = await hub.connect()
    expect(await client.end()).toBe(null)
    expect(client.lines).toEqual([busy])
  }
  expect(hub.told('client')).toEqual([])
  expect(await isSpinning(hub)).toBe(false)
  await endOne(hub)
  expect(await (await hub.connect()).ask({ echo: 'welcome' })).toBe('welcome')
})

test('with too few left a client cannot be looked at, and is hung up on: it may be a daemon', async () => {
  await using hub = await Hub.start([{ listen: 's' }, ...runs], { ...limited(40), asPid1: false })
  await endOne(hub)
  const client = await hub.connect()
  expect(await client.end()).toBe(null)
  expect(client.lines).toEqual([])
  // One for the connection, and two for the look: a pidfd, and a file of /proc.
  for (let times = 0; times < 2; times++) await endOne(hub)
  expect(await (await hub.connect()).ask({ echo: 'welcome' })).toBe('welcome')
  expect(hub.told('client')).toHaveLength(1)
})

/** One of the runs ends, and gives back the descriptor that it had. */
async function endOne(hub: Hub): Promise<void> {
  const ended = hub.told('exited').length
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
