/** Clients that use too much: processor time, connections, time at the end. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { beforeAll, expect, test } from 'vitest'
import { type ControlClient, socketPath, tryConnect } from '../e2e/support/control-client.ts'
import { isSpinning } from '../e2e/support/cost.ts'
import { Pitcrew, sh } from '../e2e/support/pitcrew.ts'
import { eventually, outputOf } from '../e2e/support/processes.ts'
import { buildHub, calls, Hub } from './images/clients.ts'

beforeAll(buildHub, 300_000)

test('an out-of-band byte is read like any other, and the loop does not spin', async () => {
  await using hub = await Hub.start()
  const caller = spawn(calls(), ['-o', hub.socket, 'one', 'two'], { stdio: 'ignore' })
  try {
    await hub.wait('line', 2)
    expect(hub.linesOfClients()).toEqual(['one', 'two'])
    expect(await isSpinning(hub)).toBe(false)
  } finally {
    caller.kill()
  }
})

test('an out-of-band byte without another byte does not make the loop spin', async () => {
  await using hub = await Hub.start()
  const caller = spawn(calls(), ['-o', hub.socket, 'one', ''], { stdio: 'ignore' })
  try {
    await hub.wait('line')
    expect(await isSpinning(hub)).toBe(false)
  } finally {
    caller.kill()
  }
})

test('daemons get a quarter of the connections, so that operators can connect', async () => {
  const wrap = ['/bin/sh', '-c', 'ulimit -n 64; exec "$@"', 'sh']
  const script = `for n in 1 2 3 4 5 6 7 8 9; do "$CALLS" "$PITCREW_STATE_DIR/s" '{"silent":true}' & done; wait`
  const spawned = { daemon: 'web', command: sh(script) }
  await using hub = await Hub.start([{ listen: 's' }, { spawn: spawned }], { wrap })
  await eventually('one is turned away', () => outputOf(hub, 'web').length === 1)
  expect(outputOf(hub, 'web')[0]).toBe('{"refused":true}')
  expect(hub.eventsOf('client')).toHaveLength(8)
  expect(await (await hub.connect()).ask({ echo: 'welcome' })).toBe('welcome')
})

test('the end gives a client that does not read a second, also if it was closed before', async () => {
  await using hub = await Hub.start()
  const [stuck, other] = [await hub.connect(), await hub.connect()]
  stuck.socket.pause()
  stuck.order({ many: 900, bytes: 1000 })
  await hub.wait('sent')
  const closedAt = performance.now()
  other.order({ close: 'bye', to: 1 }, { finish: 'the end' })
  await hub.exitCode()
  expect(performance.now() - closedAt).toBeLessThan(900)
})

test('many finished followers of a loud daemon delay no answer', async () => {
  const loud = { command: ['yes', 'x'.repeat(70)] }
  await using pitcrew = new Pitcrew({ daemons: { loud } }, { stdout: 'ignore' })
  using client = await firstClient(pitcrew)
  const followers = Array.from({ length: 300 }, () => follow(socketPath(pitcrew)))
  await eventually('all have read much', () =>
    followers.every(({ bytesRead, closed }) => bytesRead > 20_000 && !closed),
  )
  expect(await client.done('status')).toMatchObject({ name: 'pitcrew' })
  for (const follower of followers) follower.destroy()
})

test('many clients that do not read long answers yet are not closed, and each answer ends', async () => {
  const gate = { command: ['sleep', 'infinity'], ready: 'fd' }
  const web = { command: ['true'], after: ['gate'] }
  const names = Array.from({ length: 500 }, (_, n) => `web-${'x'.repeat(40)}-${n}`)
  const daemons = { gate, ...Object.fromEntries(names.map((name) => [name, web])) }
  await using pitcrew = new Pitcrew({ daemons }, { stdout: 'ignore' })
  using other = await firstClient(pitcrew)
  const stalled = Array.from({ length: 40 }, () => askOften(socketPath(pitcrew)))
  await Promise.all(stalled.map(({ connected }) => connected))
  // Answers take turns: all have got as much as they can without reading.
  await other.done('status')
  for (const kinds of await Promise.all(stalled.map(({ rest }) => rest()))) {
    const done = kinds.filter((kind) => kind === 'done').length
    // On a slow machine ten seconds may pass before a client reads: LAGGED.
    const failed = kinds.filter((kind) => kind === 'failed').length
    expect(done + failed).toBe(6)
    expect(kinds.filter((kind) => kind === 'item').length).toBeGreaterThanOrEqual(done * 501)
  }
})

/** Connects as soon as pitcrew listens; a socket that is bound already may still refuse. */
async function firstClient(pitcrew: Pitcrew): Promise<ControlClient> {
  const found: ControlClient[] = []
  const connects = async (): Promise<boolean> => {
    const client = await tryConnect(socketPath(pitcrew))
    if (client !== null) found.push(client)
    return client !== null
  }
  await expect.poll(connects, { timeout: 30_000, interval: 5 }).toBe(true)
  return found[0] as ControlClient
}

/** A client that reads nothing until `rest`, which reads until all answers have ended. */
function askOften(path: string): { connected: Promise<unknown>; rest(): Promise<string[]> } {
  const socket = connect(path).on('error', () => {})
  const connected = once(socket, 'connect')
  for (const id of [1, 2, 3, 4, 5, 6]) socket.write(`{"id":${id},"verb":"status"}\n`)
  return {
    connected,
    async rest() {
      const kinds: string[] = []
      let open = 6
      for await (const line of createInterface({ input: socket })) {
        const [, kind = ''] = /^{"id":\d,"(\w+)"/.exec(line) ?? []
        kinds.push(kind)
        open -= Number(kind === 'done' || kind === 'failed')
        if (open === 0) break
      }
      return kinds
    },
  }
}

function follow(path: string): Socket {
  const socket = connect(path)
  socket.write('{"id":1,"verb":"logs","args":{"daemons":["loud"],"tail":0,"follow":true}}\n')
  return socket.on('error', () => {}).resume()
}
