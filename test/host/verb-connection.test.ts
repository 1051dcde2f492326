/** The connection of a client verb: whole lines, bounded time and memory, with any peer. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { fullListener, listen, scratchFolder } from '../e2e/support/listeners.ts'
import { answers, buildVerb, ran, verbProgram } from './images/verb.ts'

beforeAll(buildVerb, 300_000)

/** A server in a folder that does this with each connection. @returns The path. */
async function serving(serve: (socket: Socket) => void, folder = scratchFolder()): Promise<string> {
  const path = join(folder, 'it.sock')
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    serve(socket)
  })
  await listen(server, { path })
  return path
}

describe('connection', () => {
  test('sends text, and receives whole lines as they arrive', async () => {
    const path = await serving((socket) => {
      socket.once('data', (asked) => {
        socket.write(`you said ${asked}first\nsec`)
        socket.once('data', () => socket.end('ond é\nthi'))
      })
    })
    expect(
      await answers(
        ['connect', path],
        ['send', 'hello\n'],
        ['receive', null],
        ['receive', 1],
        ['send', 'more\n'],
        ['receive', null],
        ['receive', null],
        ['receive', null],
      ),
    ).toEqual([null, null, 'you said hello\nfirst\n', '', null, 'second é\n', null, null])
  })

  test('invalid UTF-8 is replaced, or kept by receiveBytes', async () => {
    const path = await serving((socket) => socket.write(Buffer.from('a\xff\xe9b\x00\n', 'latin1')))
    const receive = async (name: 'receive' | 'receiveBytes'): Promise<unknown> =>
      (await answers(['connect', path], [name, null]))[1]
    expect(await receive('receive')).toBe('a\ufffd\ufffdb\0\n')
    expect(await receive('receiveBytes')).toBe('a\xff\xe9b\0\n')
  })

  test('received bytes are written unchanged', async () => {
    const bytes = Array.from({ length: 255 }, (_, code) => code + 1)
    const call = ['writeBytes', String.fromCharCode(...bytes)]
    const verb = await ran([verbProgram, 'calls', JSON.stringify([call])])
    expect(verb.lines.join('\n')).toBe(call[1])
  })

  test('a line of megabytes is received whole; beyond 16 MiB the connection ends', async () => {
    const mebibytes = async (count: number): Promise<unknown> => {
      const line = `${'x'.repeat(count * 1024 * 1024)}\n`
      const path = await serving((socket) => socket.end(line))
      const [, got] = await answers(['connect', path], ['receive', null])
      return got === line ? 'whole' : got
    }
    expect(await mebibytes(3)).toBe('whole')
    expect(await mebibytes(17)).toBe(null)
  })

  test('a peer that sends no newline delays nothing beyond the timeout', async () => {
    const path = await serving((socket) => {
      const trickle = setInterval(() => socket.write('x'), 1)
      socket.on('close', () => clearInterval(trickle))
    })
    expect(await answers(['connect', path], ['receive', 50])).toEqual([null, ''])
  })

  test('a content is sent as the bytes that it has', async () => {
    const bytes = Buffer.from(Array.from({ length: 1024 * 1024 }, (_, at) => at % 256))
    const folder = scratchFolder()
    writeFileSync(join(folder, 'content'), bytes)
    const chunks: Buffer[] = []
    const path = await serving((socket) => {
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        if (Buffer.concat(chunks).length === bytes.length) socket.end('all\n')
      })
    })
    const read = ['readContent', join(folder, 'content'), bytes.length] as const
    const calls = await answers(['connect', path], read, ['sendContent'], ['receive', null])
    expect(calls).toEqual([null, { bytes: bytes.length }, null, 'all\n'])
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true)
  })

  test('a content is sent once', async () => {
    const folder = scratchFolder()
    writeFileSync(join(folder, 'content'), 'one\n')
    const path = await serving((socket) => socket.pipe(socket))
    const read = ['readContent', join(folder, 'content'), 10] as const
    expect(
      await answers(['connect', path], read, ['sendContent'], ['sendContent'], ['receive', 200]),
    ).toEqual([null, { bytes: 4 }, null, null, 'one\n'])
  })

  test.each([
    ['a file of the largest size', '/scratch/ten', { bytes: 10 }],
    ['a larger one', '/scratch/eleven', { error: 'too large' }],
    ['no end', '/dev/zero', { error: 'too large' }],
    ['nothing', '/dev/null', { bytes: 0 }],
    ['stdin', '-', { bytes: 0 }],
    ['a folder', '/', { error: 'EISDIR' }],
    ['no file', '/scratch/none', { error: 'ENOENT' }],
    ['an empty path', '', { error: 'ENOENT' }],
  ])('a content is read: %s', async (_, path, answer) => {
    const folder = scratchFolder()
    writeFileSync(join(folder, 'ten'), 'x'.repeat(10))
    writeFileSync(join(folder, 'eleven'), 'x'.repeat(11))
    expect(await answers(['readContent', path.replace('/scratch', folder), 10])).toEqual([answer])
  })

  test('waits until all is sent', async () => {
    let received = 0
    const path = await serving((socket) => {
      socket.on('data', (piece) => {
        received += piece.length
      })
      socket.on('end', () => socket.end())
    })
    const bytes = 3_000_000
    expect(await answers(['connect', path], ['send', { times: bytes }])).toEqual([null, null])
    expect(received).toBe(bytes)
  })

  test('after the peer has gone, sending fails, and receiving ends', async () => {
    const path = await serving((socket) => socket.destroy())
    expect(
      await answers(['connect', path], ['receive', null], ['send', 'a\n'], ['receive', null]),
    ).toEqual([null, null, 'EPIPE', null])
  })

  test('without a connection nothing is sent or received', async () => {
    expect(
      await answers(['send', 'a\n'], ['receive', null], ['disconnect'], ['receiveBytes', null]),
    ).toEqual(['ENOTCONN', null, undefined, null])
  })

  test('a second connection replaces the first', async () => {
    const first = await serving((socket) => socket.write('first\n'))
    const second = await serving((socket) => socket.write('second\n'))
    expect(
      await answers(['connect', first], ['connect', second], ['receive', null], ['disconnect']),
    ).toEqual([null, null, 'second\n', undefined])
  })

  test('a missing path, a path without a listener and a regular file are refused', async () => {
    const folder = scratchFolder()
    const at = (name: string): string => join(folder, name)
    writeFileSync(at('file'), '')
    symlinkSync(at('loop'), at('loop'))
    const path = await serving((socket) => socket.end('there\n'), folder)
    expect(
      await answers(
        ['connect', at('none')],
        ['connect', at('file')],
        ['connect', at('loop')],
        ['connect', `${path}/below`],
        ['connect', ''],
        ['connect', path],
      ),
    ).toEqual(['ENOENT', 'ECONNREFUSED', 'ELOOP', 'ENOTDIR', 'EINVAL', null])
  })

  test('a path may be longer than a socket address', async () => {
    const folder = join(scratchFolder(), 'd'.repeat(100), 'e'.repeat(100))
    mkdirSync(folder, { recursive: true })
    const short = join(scratchFolder(), 'short')
    symlinkSync(folder, short)
    await serving((socket) => socket.end('there\n'), short)
    expect(await answers(['connect', join(folder, 'it.sock')], ['receive', null])).toEqual([
      null,
      'there\n',
    ])
    expect(
      await answers(
        ['connect', join(folder, 'none')],
        ['connect', `/${'x'.repeat(200)}/it.sock`],
        ['connect', join(folder, 'x'.repeat(100))],
        ['connect', `/${'x/'.repeat(3000)}`],
      ),
    ).toEqual(['ENOENT', 'ENOENT', 'ENAMETOOLONG', 'ENAMETOOLONG'])
  })

  test('a listener that never accepts is given up after five seconds', async () => {
    const path = join(scratchFolder(), 'full.sock')
    await fullListener(path)
    expect(await answers(['connect', path])).toEqual(['ETIMEDOUT'])
  }, 15_000)
})
