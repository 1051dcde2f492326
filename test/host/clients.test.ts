/** The lines of clients of the control socket, and how their connections end. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { isSanitized, residentKib } from '../e2e/support/cost.ts'
import { eventually } from '../e2e/support/processes.ts'
import { buildHub, type Client, calls, Hub } from './images/clients.ts'

const kib = 1024
const lineBytesMax = 64 * kib

beforeAll(buildHub, 300_000)

describe('a line', () => {
  test('is delivered whole, however it is split', async () => {
    await using hub = await Hub.start()
    const [client, other] = [await hub.connect(), await hub.connect()]
    for (const piece of ['on', 'e', '\n', 'two\nthr', 'ee\n\nfo', 'ur\n']) {
      client.socket.write(piece)
      await barrier(other)
    }
    expect(hub.linesOfClients()).toEqual(['one', 'two', 'three', '', 'four'])
  })

  test('may have any bytes; invalid UTF-8 becomes U+FFFD', async () => {
    await using hub = await Hub.start()
    const client = await hub.connect()
    client.socket.write(Buffer.from('a\0b\n\xff\xfe\nend\r\n\x1b[31m\n', 'latin1'))
    client.socket.write('grün \u{1f600}\n')
    await hub.wait('line', 5)
    expect(hub.linesOfClients()).toEqual([
      'a\0b',
      '\ufffd\ufffd',
      'end\r',
      '\x1b[31m',
      'grün \u{1f600}',
    ])
  })

  test('may be split within a character', async () => {
    await using hub = await Hub.start()
    const [client, other] = [await hub.connect(), await hub.connect()]
    for (const byte of Buffer.from('ü\n')) {
      client.socket.write(Buffer.from([byte]))
      await barrier(other)
    }
    expect(hub.linesOfClients()).toEqual(['ü'])
  })

  test('has up to 64 KiB', async () => {
    await using hub = await Hub.start()
    const client = await hub.connect()
    client.socket.write(`${'x'.repeat(lineBytesMax)}\n${'y'.repeat(lineBytesMax - 1)}\nend\n`)
    const lines = await hub.wait('line', 3)
    expect(lines.map(({ length, text }) => length ?? text)).toEqual([
      lineBytesMax,
      lineBytesMax - 1,
      'end',
    ])
  })

  test('that is longer is delivered as null, and its client is not read any more', async () => {
    await using hub = await Hub.start()
    const [client, other] = [await hub.connect(), await hub.connect()]
    client.socket.write(`one\n${'x'.repeat(lineBytesMax + 1)}\nnever\n`)
    await hub.wait('line', 2)
    client.order({ echo: 'never' })
    await barrier(other)
    expect(hub.linesOfClients()).toEqual(['one', null])
    // It still can be told why.
    other.order({ to: 1, many: 1, bytes: 3, silent: true })
    await client.has(1)
    expect(client.lines).toEqual(['xxx'])
    client.socket.destroy()
    expect(await hub.wait('client-gone')).toMatchObject([{ client: 1, lagged: false }])
  })

  test('of a slow sender delays no other client', async () => {
    await using hub = await Hub.start()
    const [client, other] = [await hub.connect(), await hub.connect()]
    for (const letter of 'slowly') {
      client.socket.write(letter)
      expect(await other.ask({ echo: letter, silent: true })).toBe(letter)
    }
    expect(hub.linesOfClients()).toEqual([])
    client.socket.end()
    expect(await hub.wait('client-gone')).toMatchObject([{ client: 1, lagged: false }])
    expect(hub.linesOfClients()).toEqual([]) // What was not ended is no line.
  })
})

describe('the beginning of a line', () => {
  const part = 'x'.repeat(60 * kib)

  test('is freed with its client', async () => {
    await using hub = await Hub.start()
    for (let n = 1; n <= 80; n++) {
      const client = await hub.connect()
      client.socket.end(part)
      await hub.wait('client-gone', n)
    }
    const client = await hub.connect()
    client.socket.write(part)
    client.socket.write('x\n')
    await hub.wait('line')
    expect(hub.eventsOf('line')).toMatchObject([{ client: 81, length: part.length + 1 }])
  })

  test('is limited to 4 MiB in all: the client that exceeds it is closed', async () => {
    await using hub = await Hub.start()
    const other = await hub.connect()
    for (let n = 0; n < 80; n++) (await hub.connect()).socket.write(part)
    const gone = await hub.wait('client-gone', 16)
    expect(gone.every(({ lagged }) => !lagged)).toBe(true)
    await barrier(other)
    expect(hub.eventsOf('client-gone')).toHaveLength(16)
  })
})

describe('ten megabytes', () => {
  test('without a newline are reported once, and kept nowhere', async () => {
    await using hub = await Hub.start()
    const [client, other] = [await hub.connect(), await hub.connect()]
    await barrier(other)
    const before = residentKib(hub)
    client.socket.write('x'.repeat(10 * kib * kib))
    await hub.wait('line')
    await barrier(other)
    expect(hub.linesOfClients()).toEqual([null])
    expect(residentKib(hub) - before).toBeLessThan(500)
  })

  test.each([
    ['long lines', 10_000, kib, 5],
    ['short lines', 100_000, 0, 40],
  ])(
    'or so of %s are all told, and others are answered meanwhile',
    async (_, count, bytes, times) => {
      await using hub = await Hub.start()
      const [client, other] = [await hub.connect(), await hub.connect()]
      client.socket.write(`{"silent":"${'x'.repeat(bytes)}"}\n`.repeat(count))
      client.order({ echo: 'done', silent: true })
      let answers = 0
      for (; client.lines.length === 0; answers++) await barrier(other)
      expect(client.lines).toEqual(['done'])
      expect(answers).toBeGreaterThan(times)
    },
  )
})

describe('a client that', () => {
  test('disconnects is reported as gone, once', async () => {
    await using hub = await Hub.start()
    const [client, other] = [await hub.connect(), await hub.connect()]
    client.socket.destroy()
    await hub.wait('client-gone')
    await barrier(other)
    expect(hub.eventsOf('client-gone')).toEqual([{ type: 'client-gone', client: 1, lagged: false }])
  })

  test('closes its half after its request is gone, and gets its answer', async () => {
    await using hub = await Hub.start()
    const client = await hub.connect()
    client.order({ echo: 'one' }, { echo: 'two' })
    client.socket.end()
    expect(await client.end()).toBe(null)
    expect(client.lines).toEqual(['one', 'two'])
    expect(await hub.wait('client-gone')).toMatchObject([{ client: 1, lagged: false }])
  })

  test('sends more lines than a turn takes and disconnects is read to the end', async () => {
    await using hub = await Hub.start()
    const client = await hub.connect()
    client.socket.end('line\n'.repeat(100))
    await hub.wait('client-gone')
    expect(hub.linesOfClients()).toEqual(new Array(100).fill('line'))
  })

  test('disconnects within an answer is gone, and leaves nothing', async () => {
    await using hub = await Hub.start()
    const other = await hub.connect()
    await barrier(other)
    const before = hub.descriptors()
    const client = await hub.connect()
    client.socket.pause()
    client.order({ many: 20, bytes: 32 * kib })
    await hub.wait('sent')
    client.socket.destroy()
    expect(await hub.wait('client-gone')).toMatchObject([{ client: 2, lagged: false }])
    await barrier(other)
    expect(hub.descriptors()).toBe(before)
  })

  test('does not read its answers is not read, and gets all of them when it reads', async () => {
    await using hub = await Hub.start()
    const [client, other] = [await hub.connect(), await hub.connect()]
    client.socket.pause()
    const orders = 40
    for (let n = 0; n < orders; n++) client.order({ many: 1, bytes: 50 * kib, silent: true })
    await barrier(other)
    const served = hub.eventsOf('sent').length
    expect(served).toBeLessThan(20)
    client.socket.resume()
    await hub.wait('sent', orders)
    await client.has(orders)
    expect(hub.eventsOf('client-gone')).toEqual([])
  })

  test('never reads is cut off, and others are not affected', async () => {
    await using hub = await Hub.start()
    const [client, other] = [await hub.connect(), await hub.connect()]
    await barrier(other)
    client.socket.pause()
    other.order({ to: 1, many: 100, bytes: 32 * kib, silent: true })
    const [sent] = await hub.wait('sent')
    expect(sent?.queued).toBeGreaterThan(30) // 1 MiB, and what the socket itself holds
    expect(sent?.queued).toBeLessThan(60)
    expect(await hub.wait('client-gone')).toMatchObject([{ client: 1, lagged: true }])
    expect(await other.ask({ echo: 'still here' })).toBe('still here')
    // It is known no more.
    other.order({ to: 1, many: 1, bytes: 1 })
    await hub.wait('sent', 2)
    expect(hub.eventsOf('sent')[1]).toMatchObject({ client: 1, queued: 0 })
  })

  test('never reads, forty times, costs 8 MiB in all, and no other client its answer', async () => {
    await using hub = await Hub.start()
    const other = await hub.connect()
    for (let n = 0; n < 40; n++) (await hub.connect()).socket.pause()
    await barrier(other)
    const before = residentKib(hub)
    for (let id = 2; id <= 41; id++)
      other.order({ to: id, many: 28, bytes: 32 * kib, silent: true })
    await hub.wait('sent', 40)
    if (!isSanitized) expect(residentKib(hub) - before).toBeLessThan(12 * kib)
    expect(await other.ask({ echo: 'still here' })).toBe('still here')
    const gone = await hub.wait('client-gone')
    expect(gone.every(({ lagged }) => lagged)).toBe(true)
    expect(gone.length).toBeLessThan(35)
  })
})

describe('a client that is closed', () => {
  test('gets its queued lines, and is not reported as gone', async () => {
    await using hub = await Hub.start()
    const [client, other] = [await hub.connect(), await hub.connect()]
    client.order({ close: 'bye' }, { echo: 'never' })
    expect(await client.end()).toBe(null)
    expect(client.lines).toEqual(['bye'])
    await barrier(other)
    expect(hub.eventsOf('client-gone')).toEqual([])
    expect(hub.linesOfClients()).toEqual(['{"close":"bye"}'])
  })

  test('gets them without a reset, also if it sent more than was read', async () => {
    await using hub = await Hub.start()
    const said = execFileSync(calls(), [hub.socket, '{"close":"bye"}\nmore', 'again'])
    expect(String(said)).toBe('bye\nno answer\n')
  })

  test('and disconnects before it has them all is not reported as gone', async () => {
    await using hub = await Hub.start()
    const [client, other] = [await hub.connect(), await hub.connect()]
    client.socket.pause()
    other.order({ to: 1, many: 20, bytes: 32 * kib }, { to: 1, close: 'bye' })
    await hub.wait('line', 2)
    await barrier(other)
    const open = hub.descriptors()
    client.socket.destroy()
    await eventually('it is closed', () => hub.descriptors() === open - 1)
    await barrier(other)
    expect(hub.eventsOf('client-gone')).toEqual([])
  })

  test('and does not read them is closed after a second', async () => {
    await using hub = await Hub.start()
    const other = await hub.connect()
    await barrier(other)
    const before = hub.descriptors()
    const client = await hub.connect()
    client.socket.pause()
    client.order({ many: 20, bytes: 32 * kib, silent: true })
    await hub.wait('sent')
    other.order({ to: 2, close: 'bye' })
    await barrier(other)
    expect(hub.descriptors()).toBe(before + 1)
    // It has a second.
    await eventually('it is closed', () => hub.descriptors() === before)
    expect(hub.eventsOf('client-gone')).toEqual([])
    client.socket.resume()
    await client.end()
    expect(client.lines.length).toBeGreaterThan(3)
    expect(client.lines).not.toContain('bye')
  })
})

test('at the end queued answers are sent, and the socket is removed', async () => {
  await using hub = await Hub.start()
  const [client, other] = [await hub.connect(), await hub.connect()]
  other.socket.pause()
  client.order({ to: 2, many: 20, bytes: 32 * kib }, { finish: 'bye' })
  expect(await client.end()).toBe(null)
  expect(client.lines).toEqual(['bye'])
  other.socket.resume()
  expect(await hub.exitCode()).toBe(0)
  await other.end()
  expect(other.lines).toHaveLength(20)
  expect(existsSync(hub.socket)).toBe(false)
})

test('the end does not wait for a client that does not read', async () => {
  await using hub = await Hub.start()
  const [client, other] = [await hub.connect(), await hub.connect()]
  other.socket.pause()
  client.order({ to: 2, many: 20, bytes: 32 * kib }, { finish: 'bye' })
  expect(await hub.exitCode()).toBe(0)
})

/** The hub has had a turn with all that came before. */
async function barrier(client: Client): Promise<void> {
  await client.ask({ echo: 'so far', silent: true })
}
