/** Contents that clients send behind a line, on their way to the stdin of a helper. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { isSanitized, residentKib } from '../e2e/support/cost.ts'
import { eventually } from '../e2e/support/processes.ts'
import { buildHub, type Client, Hub } from './images/clients.ts'
import type { Order } from './images/clients-entry.ts'

const mebibyte = 1024 * 1024

beforeAll(buildHub, 300_000)

/** Every byte, newlines too, and no two neighbours of 64 KiB alike. */
const bytesOf = (length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, n) => (n + (n >> 16)) % 256))
const lineOf = (order: Order): string => `${JSON.stringify(order)}\n`

/** @returns What a call of the host answered. */
const ask = async (client: Client, order: Order): Promise<unknown> =>
  JSON.parse(await client.ask({ ...order, silent: true }))

/** The content of a client as a helper got it. */
async function stored(hub: Hub, client: Client, number: number): Promise<Buffer> {
  const helpers = hub.eventsOf('helper').length
  expect(await ask(client, { store: `stored-${number}` })).toBeNull()
  const ends = await hub.wait('helper', helpers + 1)
  expect(ends.at(-1)).toMatchObject({ errno: null, code: 0 })
  return readFileSync(join(hub.folder, `stored-${number}`))
}

/** Sends the line alone, and waits for the answer. */
async function begin(client: Client, bytes: number, timeoutMs?: number): Promise<void> {
  const order = { content: bytes, ...(timeoutMs !== undefined && { timeoutMs }) }
  expect(await ask(client, order)).toBeNull()
}

describe('a content', () => {
  test.each([0, 1, 65_535, 65_536, 65_537, mebibyte])(
    'of %i bytes reaches the stdin of a helper as it is, and lines go on behind it',
    async (length) => {
      await using hub = await Hub.start()
      const client = await hub.connect()
      const content = bytesOf(length)
      const line = Buffer.from(lineOf({ content: length, silent: true } as Order))
      client.socket.write(Buffer.concat([line, content, Buffer.from('behind\n')]))
      await hub.wait('line')
      expect(hub.linesOfClients()).toEqual(['behind'])
      expect(hub.eventsOf('content')).toEqual([{ type: 'content', client: 1, errno: null }])
      expect((await stored(hub, client, 1)).equals(content)).toBe(true)
    },
  )

  test('may come in pieces', async () => {
    await using hub = await Hub.start()
    const [client, other] = [await hub.connect(), await hub.connect()]
    await begin(client, 6)
    for (const byte of 'a\nb\nc\n') {
      expect(hub.eventsOf('content')).toEqual([])
      client.socket.write(byte)
      expect(await other.ask({ echo: byte.trim(), silent: true })).toBe(byte.trim())
    }
    await hub.wait('content')
    expect((await stored(hub, client, 1)).toString()).toBe('a\nb\nc\n')
    expect(hub.linesOfClients()).toEqual([])
  })

  test('is taken once', async () => {
    await using hub = await Hub.start()
    const client = await hub.connect()
    await begin(client, 3)
    expect(await askOther(hub, { store: 'x', of: 1 })).toBe('ENOENT') // It is not complete.
    client.socket.write('abc')
    await hub.wait('content')
    expect((await stored(hub, client, 1)).toString()).toBe('abc')
    expect(await ask(client, { store: 'again' })).toBe('ENOENT')
    expect(existsSync(join(hub.folder, 'again'))).toBe(false)
  })

  test('follows another, once that was taken or dropped', async () => {
    await using hub = await Hub.start()
    const client = await hub.connect()
    await client.ask({ echo: 'here', silent: true })
    const before = hub.descriptors()
    for (const [n, content] of ['one', 'two'].entries()) {
      await begin(client, 3)
      client.socket.write(content)
      await hub.wait('content', n + 1)
      expect((await stored(hub, client, n)).toString()).toBe(content)
    }
    expect(hub.descriptors()).toBe(before)
    await begin(client, 5)
    client.socket.write('three')
    await hub.wait('content', 3)
    expect(await ask(client, { content: 4 })).toBe('EBUSY')
    expect(await ask(client, { drop: true })).toBeNull()
    expect(await ask(client, { store: 'x' })).toBe('ENOENT')
    await begin(client, 4)
    client.socket.write('four')
    await hub.wait('content', 4)
    expect((await stored(hub, client, 4)).toString()).toBe('four')
  })

  test('of more than 1 MiB is refused, and what follows are lines', async () => {
    await using hub = await Hub.start()
    const client = await hub.connect()
    for (const content of [mebibyte + 1, -1, 1e300])
      expect(await ask(client, { content })).toBe('EFBIG')
    client.socket.write('a line\n')
    await hub.wait('line')
    expect(hub.linesOfClients()).toEqual(['a line'])
  })

  test('begins with a line of its client, and of no other', async () => {
    await using hub = await Hub.start()
    await hub.connect()
    expect(await askOther(hub, { content: 5, of: 1 })).toBe('EINVAL')
    expect(await askOther(hub, { content: 5, of: 99 })).toBe('ENOENT')
  })
})

describe('a client', () => {
  test('that sends half and waits delays no other, and ends with its time', async () => {
    await using hub = await Hub.start()
    const [client, other] = [await hub.connect(), await hub.connect()]
    await begin(client, 6, 300)
    client.socket.write('abc')
    expect(await other.ask({ echo: 'here', silent: true })).toBe('here')
    expect(await hub.wait('content')).toEqual([{ type: 'content', client: 1, errno: 'ETIMEDOUT' }])
    // The rest would be taken for lines.
    client.socket.write('def\nghi\n')
    expect(await other.ask({ echo: 'there', silent: true })).toBe('there')
    expect(hub.linesOfClients()).toEqual([])
    // It can still be told why.
    other.order({ to: 1, many: 1, bytes: 3, silent: true })
    await eventually('it is told', () => client.lines.includes('xxx'))
  })

  test('that sends half and leaves is gone, and leaves no descriptor', async () => {
    await using hub = await Hub.start()
    const before = hub.descriptors()
    for (let n = 1; n <= 20; n++) {
      const client = await hub.connect()
      await begin(client, 6)
      client.socket.end('abc')
      await hub.wait('client-gone', n)
    }
    expect(hub.eventsOf('content')).toEqual([])
    expect(hub.descriptors()).toBe(before)
  })

  test('may leave its content: a helper can take it, or it makes room for others', async () => {
    await using hub = await Hub.start()
    const other = await hub.connect()
    await other.ask({ echo: 'here', silent: true })
    const before = hub.descriptors()
    for (let n = 1; n <= 20; n++) {
      const client = await hub.connect()
      await begin(client, 3)
      client.socket.end(`${n}`.padEnd(3))
      await hub.wait('client-gone', n)
    }
    expect(hub.eventsOf('content')).toHaveLength(20)
    expect(hub.descriptors()).toBe(before + 8)
    const answers: unknown[] = []
    for (const of of [12, 13, 14, 20]) answers.push(await ask(other, { store: `of-${of}`, of }))
    // The first client is the other one.
    expect(answers).toEqual(['ENOENT', 'ENOENT', null, null])
    await hub.wait('helper', 2)
    expect(readFileSync(join(hub.folder, 'of-14'), 'latin1')).toBe('13 ')
    for (const of of [15, 16, 17, 18, 19, 21]) await ask(other, { drop: true, of })
    expect(hub.descriptors()).toBe(before)
  })

  test('that is closed by pitcrew in its content leaves no descriptor', async () => {
    await using hub = await Hub.start()
    const other = await hub.connect()
    await other.ask({ echo: 'here', silent: true })
    const before = hub.descriptors()
    const client = await hub.connect()
    await begin(client, 6, 100)
    client.socket.write('abc')
    other.order({ close: 'bye', to: 2, silent: true })
    await client.end()
    await eventually('it is closed', () => hub.descriptors() === before)
    expect(hub.eventsOf('content')).toEqual([])
  })

  test('that floods is read as far as its content goes, and its lines after it', async () => {
    await using hub = await Hub.start()
    const [client, other] = [await hub.connect(), await hub.connect()]
    const content = bytesOf(mebibyte)
    const line = Buffer.from(lineOf({ content: mebibyte, silent: true } as Order))
    const flood = Buffer.from('flood\n'.repeat(50_000))
    client.socket.write(Buffer.concat([line, content, flood]))
    await hub.wait('content')
    expect(await other.ask({ echo: 'here', silent: true })).toBe('here')
    expect(await ask(other, { store: 'x' })).toBe('ENOENT')
    await hub.wait('line', 50_000)
    expect(new Set(hub.linesOfClients())).toEqual(new Set(['flood']))
    expect((await stored(hub, client, 1)).equals(content)).toBe(true)
  })
})

describe('eight contents', () => {
  test('are kept at a time; a ninth is refused until one is gone', async () => {
    await using hub = await Hub.start()
    const clients: Client[] = []
    for (let n = 0; n < 9; n++) clients.push(await hub.connect())
    const [last] = clients.slice(8) as [Client]
    for (const client of clients.slice(0, 8)) await begin(client, mebibyte)
    expect(await ask(last, { content: 3 })).toBe('EBUSY')
    clients[0]?.socket.end()
    await hub.wait('client-gone')
    await begin(last, 3)
    last.socket.write('abc')
    await hub.wait('content')
    expect((await stored(hub, last, 1)).toString()).toBe('abc')
  })

  test.skipIf(isSanitized)('never enter the memory of pitcrew', async () => {
    await using hub = await Hub.start()
    const clients: Client[] = []
    for (let n = 0; n < 8; n++) clients.push(await hub.connect())
    await begin(clients[0] as Client, 1)
    clients[0]?.socket.write('x')
    await hub.wait('content')
    expect(await ask(clients[0] as Client, { drop: true })).toBeNull()
    const before = residentKib(hub)
    for (const client of clients) {
      await begin(client, mebibyte)
      client.socket.write(bytesOf(mebibyte))
    }
    await hub.wait('content', 9)
    expect(residentKib(hub) - before).toBeLessThan(400)
  })
})

test('an argument of 64 KiB reaches a helper', async () => {
  await using hub = await Hub.start()
  const client = await hub.connect()
  await begin(client, 3)
  client.socket.write('abc')
  await hub.wait('content')
  const name = `${'./'.repeat(30_000)}stored`
  expect(await ask(client, { store: name })).toBeNull()
  // It arrived whole: the kernel refuses such a path.
  const [end] = await hub.wait('helper')
  expect(end).toMatchObject({ errno: null, code: 0, text: '"ENAMETOOLONG"\n' })
})

async function askOther(hub: Hub, order: Order): Promise<unknown> {
  return await ask(await hub.connect(), order)
}
