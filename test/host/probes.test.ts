/** Probes of addresses: whether a listener accepts and what it answers, without blocking. The listeners are
 *  real, the host is real, and a test stands in the init's place. */
import { spawnSync } from 'node:child_process'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { beforeAll, describe, expect, test } from 'vitest'
import type { ProbeSpec } from '../../src/host/host.ts'
import { freePort, fullListener, listen } from '../e2e/support/listeners.ts'
import { descriptorsOf, eventually } from '../e2e/support/processes.ts'
import { buildProber, Prober } from './images/prober.ts'

const accepted = { errno: null, text: '' }
const refused = { errno: 'ECONNREFUSED', text: '' }
const request = 'GET /ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n'

beforeAll(buildProber, 300_000)

const tcp = (port: number, host = '127.0.0.1'): ProbeSpec => ({ type: 'tcp', host, port })
const unix = (path: string): ProbeSpec => ({ type: 'unix', path })
const ask = (port: number): ProbeSpec => ({ type: 'exchange', host: '127.0.0.1', port, request })

let names = 0

/** @returns Its name, with @ before it. Its backlog is full, which is that of a listener, too. */
async function abstractListener(): Promise<string> {
  const name = `@pitcrew-probes-${process.pid}-${++names}`
  await fullListener(name)
  return name
}

/** What comes of a question to a server that does this with each connection. */
async function asking(serve: (socket: Socket) => void) {
  await using prober = await Prober.start()
  const server = createServer((socket) => {
    socket.on('error', () => {})
    serve(socket)
  })
  return await prober.look(ask(await listen(server)))
}

describe('tcp', () => {
  test.each(['127.0.0.1', '::1'])('a listener on %s accepts', async (host) => {
    await using prober = await Prober.start()
    const port = await listen(createServer(), { host, port: 0 })
    expect(await prober.look(tcp(port, host))).toEqual(accepted)
  })

  test.each(['127.0.0.1', '::1'])('a port without a listener on %s refuses', async (host) => {
    await using prober = await Prober.start()
    expect(await prober.look(tcp(await freePort(), host))).toEqual(refused)
  })

  const upLoopback = ['unshare', '--net', 'ip', 'link', 'set', 'lo', 'up']
  const canUnshareNet = spawnSync(upLoopback[0] as string, upLoopback.slice(1)).status === 0
  test.skipIf(!canUnshareNet)('a socket that is connected with itself is no listener', async () => {
    // The only port for a client is the probed port itself.
    const onePort =
      'ip link set lo up && echo 40001 40001 >/proc/sys/net/ipv4/ip_local_port_range && exec "$@"'
    const wrap = ['unshare', '--net', 'sh', '-c', onePort, 'sh']
    await using prober = await Prober.start({ wrap })
    expect(await prober.look(tcp(40001))).toEqual(refused)
  })

  test('a listener with a full backlog is waited for, until the probe is cancelled', async () => {
    await using prober = await Prober.start()
    const before = descriptorsOf(prober)
    const id = await prober.probe(tcp(await fullListener()))
    // The second turn comes after whatever was ready in the first.
    const other = await prober.look(tcp(await freePort()))
    expect(other).toEqual(refused)
    expect(prober.answersTo(id)).toEqual([])
    await prober.execute({ forget: id })
    expect(descriptorsOf(prober)).toHaveLength(before.length + 1) // The epoll set of all probes.
  })
})

describe('unix', () => {
  test('an abstract name with and without a listener', async () => {
    await using prober = await Prober.start()
    const name = await abstractListener()
    expect(await prober.look(unix(name))).toEqual(accepted)
    expect(await prober.look(unix(`${name}-`))).toEqual(refused)
  })

  test('a path is refused, since its disk may hang: a helper probes it', async () => {
    await using prober = await Prober.start()
    expect(await prober.execute({ probe: 1, spec: unix('/run/socket') })).toEqual(['EINVAL'])
  })
})

describe('exchange', () => {
  test.each([
    [200, 'HTTP/1.1 200 OK'],
    [404, 'HTTP/1.1 404 Not Found'],
  ])('http %i', async (status, text) => {
    await using prober = await Prober.start()
    const asked: (string | undefined)[] = []
    const server = createHttpServer((incoming, response) => {
      asked.push(incoming.url)
      response.writeHead(status).end('x'.repeat(100_000))
    })
    expect(await prober.look(ask(await listen(server)))).toEqual({ errno: null, text })
    expect(asked).toEqual(['/ready'])
  })

  test('garbage is returned unchanged, up to 256 bytes', async () => {
    const garbage = Buffer.from('\0\r\x1b[2J\xff\xfe'.repeat(200), 'latin1')
    const answer = await asking((socket) => socket.write(garbage))
    expect(answer).toEqual({ errno: null, text: garbage.subarray(0, 256).toString() })
  })

  test('a line of 255, 256 and 257 bytes', async () => {
    for (const bytes of [255, 256, 257]) {
      const line = 'x'.repeat(bytes)
      const answer = await asking((socket) => socket.write(`${line}\nmore\n`))
      expect(answer).toEqual({ errno: null, text: line.slice(0, 256) })
    }
  })

  test('a server that answers gets an orderly end and no reset, however much it sent', async () => {
    const ends: boolean[] = []
    await asking((socket) => {
      socket.on('close', (hadError) => ends.push(hadError))
      socket.once('data', () => socket.write(`220 ready\n${'x'.repeat(1000)}`))
    })
    await eventually('the connection has ended', () => ends.length === 1)
    expect(ends).toEqual([false])
  })

  test('a response in pieces is put together', async () => {
    const pieces = ['HTTP/1', '.1 20', '0 OK\r', '\nmore']
    const answer = await asking((socket) => {
      socket.setNoDelay(true)
      const next = (): void => {
        const piece = pieces.shift()
        if (piece !== undefined) socket.write(piece, () => setImmediate(next))
      }
      socket.once('data', next)
    })
    expect(answer).toEqual({ errno: null, text: 'HTTP/1.1 200 OK' })
  })

  test.each([
    ['before a byte', '', 'ECONNRESET'],
    ['within a line', 'HTTP/1.1 200', 'EPROTO'],
  ])('a connection that ends %s', async (_, said, errno) => {
    const answer = await asking((socket) => socket.once('data', () => socket.end(said)))
    expect(answer).toEqual({ errno, text: '' })
  })

  test('a connection that is reset', async () => {
    const answer = await asking((socket) => socket.once('data', () => socket.resetAndDestroy()))
    expect(answer).toEqual({ errno: 'ECONNRESET', text: '' })
  })

  test('a cancelled probe closes its connection', async () => {
    await using prober = await Prober.start()
    let isAsked = false
    let isClosed = false
    const server = createServer((socket) => {
      socket.on('data', () => {
        isAsked = true
      })
      socket.on('close', () => {
        isClosed = true
      })
    })
    const id = await prober.probe(ask(await listen(server)))
    await eventually('it was asked', () => isAsked)
    await prober.execute({ forget: id })
    await eventually('the connection is closed', () => isClosed)
    expect(prober.answersTo(id)).toEqual([])
  })

  test('a port without a listener refuses', async () => {
    await using prober = await Prober.start()
    expect(await prober.look(ask(await freePort()))).toEqual(refused)
  })
})

describe('many probes', () => {
  test('an id that is used again has one result, that of the new probe', async () => {
    await using prober = await Prober.start()
    const path = await abstractListener()
    const port = await fullListener()
    const noListener = unix(`${path}-`)
    const under = { probe: 7, spec: tcp(port) }
    const queued = { probe: 7, spec: noListener }
    expect(await prober.execute(under, queued, under, { probe: 7, spec: unix(path) })).toEqual(
      Array(4).fill(null),
    )
    expect(await prober.resultOf(7)).toEqual({ type: 'probed', id: 7, ...accepted })
    await prober.look(noListener)
    expect(prober.answersTo(7)).toHaveLength(1)
  })

  test('a cancelled result that waits for delivery is dropped', async () => {
    await using prober = await Prober.start()
    await prober.execute({ probe: 7, spec: unix('@pitcrew-none') }, { forget: 7 })
    await prober.look(unix('@pitcrew-none'))
    expect(prober.answersTo(7)).toEqual([])
  })

  test('a thousand at once have one result each, and leave no descriptor open', async () => {
    await using prober = await Prober.start()
    const path = await abstractListener()
    const port = await listen(createServer((socket) => socket.resume()))
    const dead = await freePort()
    await prober.look(unix(path))
    const before = descriptorsOf(prober)
    const kinds = [tcp(port), tcp(dead), unix(path), unix(`${path}-`)]
    const orders = Array.from({ length: 1000 }, (_, index) => ({
      probe: 1000 + index,
      spec: kinds[index % kinds.length] as ProbeSpec,
    }))
    expect(await prober.execute(...orders)).toEqual(Array(1000).fill(null))
    await eventually('all are answered', () => prober.answers().length >= 1001)
    const told = new Map(prober.answers().map(({ id, errno }) => [id, errno]))
    expect(told.size).toBe(1001)
    expect([1000, 1001, 1002, 1003].map((id) => told.get(id))).toEqual([
      null,
      'ECONNREFUSED',
      null,
      'ECONNREFUSED',
    ])
    expect(descriptorsOf(prober)).toEqual(before)
    expect(prober.lines).not.toContain('an event inside a call')
  })

  test('they are limited, and cancelled ones make room', async () => {
    await using prober = await Prober.start()
    const spec = tcp(await fullListener())
    const blocks = Array.from({ length: 16 }, (_, block) =>
      Array.from({ length: 256 }, (__, index) => block * 256 + index),
    )
    for (const ids of blocks)
      expect(await prober.execute(...ids.map((probe) => ({ probe, spec })))).toEqual(
        Array(256).fill(null),
      )
    expect(await prober.execute({ probe: 5000, spec })).toEqual(['EAGAIN'])
    for (const ids of blocks) await prober.execute(...ids.map((forget) => ({ forget })))
    expect(await prober.execute({ probe: 5000, spec })).toEqual([null])
    expect(prober.answers()).toEqual([])
  })

  test.each([
    ['a name', { type: 'tcp', host: 'localhost', port: 80 }, 'EINVAL'],
    ['no port', { type: 'tcp', host: '127.0.0.1', port: 0 }, 'EINVAL'],
    ['a port out of range', { type: 'tcp', host: '127.0.0.1', port: 65_536 }, 'EINVAL'],
    ['no path', { type: 'unix', path: '' }, 'EINVAL'],
    ['a long name', { type: 'unix', path: `@${'x'.repeat(108)}` }, 'ENAMETOOLONG'],
    ['a long request', { ...ask(80), request: 'x'.repeat(2049) }, 'EINVAL'],
  ])('%s is refused', async (_, spec, errno) => {
    await using prober = await Prober.start()
    expect(await prober.execute({ probe: 1, spec: spec as ProbeSpec })).toEqual([errno])
  })
})
