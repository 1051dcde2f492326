/** Events and logs: streams of items. */
import { describe, expect, test } from 'vitest'
import type { LogLine } from '../../src/client/messages.ts'
import { opened, outcome, quiet } from './pipe.ts'

const item = (n: number, id = 1): string => `{"id":${id},"item":{"cursor":"1-${n}"}}\n`
const answered = '{"id":1,"done":{"cursor":"1-9","missed":true}}\n'

describe('events', () => {
  test('gives items in order, then the answer', async () => {
    const { pipe, client } = await opened(3)
    const stream = client.events({ tail: 2 })
    pipe.give(item(1) + item(2) + answered)
    expect(await stream.next()).toEqual({ done: false, value: { cursor: '1-1' } })
    expect(await stream.next()).toEqual({ done: false, value: { cursor: '1-2' } })
    const end = { done: true, value: { cursor: '1-9', missed: true } }
    expect(await stream.next()).toEqual(end)
    expect(await stream.next()).toEqual(end)
  })

  test('another request gets its answer meanwhile', async () => {
    const { pipe, client } = await opened()
    const stream = client.events({ follow: true })
    const status = client.call('explain', { daemon: 'web' })
    pipe.give(`${item(1)}{"id":2,"done":2}\n${item(2)}`)
    expect(await status).toBe(2)
    expect(await stream.all()).toEqual([{ cursor: '1-1' }, { cursor: '1-2' }])
  })

  test('reads nothing ahead of a slow reader', async () => {
    const { pipe, client } = await opened(item(1).length)
    const stream = client.events({ follow: true })
    const before = pipe.reads
    pipe.give(item(1) + item(2) + item(3))
    await quiet()
    expect(pipe.reads).toBe(before)
    await stream.next()
    await quiet()
    expect(pipe.reads).toBe(before + 1)
  })

  test('a reader that never reads fails with LAGGED before memory is used up', async () => {
    const { pipe, client } = await opened()
    const stream = client.events({ follow: true })
    const status = client.call('explain', { daemon: 'web' })
    pipe.give(`${item(1).repeat(100_001)}{"id":2,"done":2}\n`)
    expect(await status).toBe(2)
    await stream.all()
    expect(await outcome(stream.next())).toMatch(
      /^LAGGED: cannot keep more than 100000 unread items/,
    )
    expect(pipe.sent.at(-1)).toBe('{"id":3,"verb":"cancel","args":{"request":1}}')
  })

  test('leaving the loop cancels the request, and the connection stays open', async () => {
    const { pipe, client } = await opened()
    pipe.give(item(1) + item(2))
    for await (const { cursor } of client.events({ follow: true })) {
      expect(cursor).toBe('1-1')
      break
    }
    expect(pipe.sent.at(-1)).toBe('{"id":2,"verb":"cancel","args":{"request":1}}')
    pipe.give(`${item(3)}${answered}{"id":2,"done":{"cancelled":true}}\n{"id":3,"done":3}\n`)
    expect(await client.call('explain', { daemon: 'web' })).toBe(3)
  })

  test('return() also ends a pending next()', async () => {
    const { client } = await opened()
    const stream = client.events({ follow: true })
    const next = stream.next()
    await stream.return()
    expect(await next).toEqual({ done: true, value: undefined })
  })

  test('a loop that has ended sends no cancel', async () => {
    const { pipe, client } = await opened()
    pipe.give(item(1) + answered)
    const cursors: string[] = []
    for await (const { cursor } of client.events({})) cursors.push(cursor)
    expect(cursors).toEqual(['1-1'])
    expect(pipe.sent).toHaveLength(1)
  })

  test('the end of the connection, at any byte, is an error after the received items', async () => {
    const text = item(1) + item(2) + answered
    for (let at = 0; at < text.length; at++) {
      const { pipe, client } = await opened()
      const stream = client.events({})
      pipe.give(text.slice(0, at))
      pipe.end()
      const seen = [0, 0, 0].map(() => outcome(stream.next()))
      const items = text.slice(0, at).split('\n').length - 1
      const words = await Promise.all(seen)
      expect(words.map((word) => word.slice(0, 4))).toEqual([
        ...Array.from({ length: items }, () => 'done'),
        ...Array.from({ length: 3 - items }, () => 'NO_P'),
      ])
    }
  })

  test('throws a failure', async () => {
    const { pipe, client } = await opened()
    const stream = client.events({ since: 'x' })
    pipe.give('{"id":1,"failed":{"code":"REQUEST_INVALID","message":"no cursor","hint":null}}\n')
    expect(await outcome(stream.next())).toBe('REQUEST_INVALID: no cursor')
  })
})

describe('logs', () => {
  const taken = '{"id":1,"done":{"stream":"lines"}}\n'
  const lines = '5 web GET / 200\n6 - pitcrew: web: ready\n7 ! skipped 3 bytes\n8 web \n9 . end\n'

  async function collect(stream: AsyncIterable<LogLine>): Promise<LogLine[]> {
    const all: LogLine[] = []
    for await (const line of stream) all.push(line)
    return all
  }

  test.each([1, 2, 7, 1000])(
    'reads lines of all kinds, in pieces of %i characters',
    async (length) => {
      const { pipe, client } = await opened(length)
      pipe.give(taken + lines)
      expect(await collect(client.logs({ tail: 9 }))).toEqual([
        { atMs: 5, daemon: 'web', text: 'GET / 200', isNotice: false },
        { atMs: 6, daemon: null, text: 'pitcrew: web: ready', isNotice: false },
        { atMs: 7, daemon: null, text: 'skipped 3 bytes', isNotice: true },
        { atMs: 8, daemon: 'web', text: '', isNotice: false },
      ])
      expect(pipe.isClosed).toBe(true)
    },
  )

  test('the end of the connection without the end line is an error', async () => {
    const text = taken + lines
    for (let at = 0; at < text.length; at++) {
      const { pipe, client } = await opened()
      pipe.give(text.slice(0, at))
      pipe.end()
      expect(await outcome(collect(client.logs({})))).toMatch(/^NO_PITCREW/)
    }
  })

  test('leaving the loop closes the connection', async () => {
    const { pipe, client } = await opened()
    pipe.give(taken + lines)
    for await (const _ of client.logs({ follow: true })) break
    expect(pipe.isClosed).toBe(true)
  })

  test('all() gives the received items at once', async () => {
    const { pipe, client } = await opened()
    pipe.give(taken + lines)
    const stream = client.logs({})
    expect(await stream.all()).toHaveLength(4)
    expect(await stream.all()).toBeNull()
  })

  test('the connection accepts no other request', async () => {
    const { pipe, client } = await opened()
    pipe.give(`${taken}5 web a\n`)
    await client.logs({ follow: true }).next()
    await expect(client.call('explain', { daemon: 'web' })).rejects.toThrow(
      'the connection carries a log',
    )
    const other = await opened()
    other.client.call('explain', { daemon: 'web' }).catch(() => {})
    expect(() => other.client.logs({})).toThrow('without other requests')
  })

  test('throws a failure, and the connection can be used again', async () => {
    const { pipe, client } = await opened()
    const stream = client.logs({ daemons: ['wbe'] })
    pipe.give('{"id":1,"failed":{"code":"NO_SUCH_DAEMON","message":"no wbe","hint":null}}\n')
    expect(await outcome(stream.next())).toBe('NO_SUCH_DAEMON: no wbe')
    const status = client.call('explain', { daemon: 'web' })
    pipe.give('{"id":2,"done":2}\n')
    expect(await status).toBe(2)
  })

  test('an invalid line ends the stream', async () => {
    const { pipe, client } = await opened()
    pipe.give(`${taken}garbage\n`)
    expect(await outcome(collect(client.logs({})))).toBe(
      'NO_PITCREW: cannot read the line of a log that begins with "garbage"',
    )
  })
})
