/** DESIGN §7: one client over a transport of three functions; many requests at once, each with one answer. */
import { describe, expect, test } from 'vitest'
import { Client } from '../../src/client/client.ts'
import { RequestError } from '../../src/client/messages.ts'
import { PitcrewError } from '../../src/errors.ts'
import { greeting, opened, outcome, Pipe, quiet } from './pipe.ts'

describe('greeting', () => {
  test('names the server and our access', async () => {
    const { client } = await opened()
    expect(client.greeting).toMatchObject({ name: 'shop', pid: 1, access: 'operate' })
  })

  test.each([
    ['a refusal', '{"id":null,"failed":{"code":"NOT_PERMITTED","message":"not you","hint":"x"}}\n'],
    ['a later protocol', greeting.replace('"pitcrew":1', '"pitcrew":2')],
    ['another program', 'SSH-2.0-OpenSSH_9.2\n'],
    ['JSON of another program', '{"hello":"world"}\n'],
    ['nothing', ''],
    ['half of a greeting', greeting.slice(0, 30)],
  ])('%s', async (_, text) => {
    const pipe = new Pipe()
    pipe.give(text)
    pipe.end()
    expect(await outcome(Client.open(pipe))).toMatchSnapshot()
    expect(pipe.isClosed).toBe(true)
  })
})

describe('call', () => {
  test('sends one line, and resolves with the answer', async () => {
    const { pipe, client } = await opened()
    const answer = client.call('wait', { daemon: 'web', for: 'ready' })
    expect(pipe.sent).toEqual(['{"id":1,"verb":"wait","args":{"daemon":"web","for":"ready"}}'])
    pipe.give('{"id":1,"done":{"daemon":"web","state":"ready","run":1,"pid":7}}\n')
    expect(await answer).toEqual({ daemon: 'web', state: 'ready', run: 1, pid: 7 })
  })

  test('a content is sent right behind its line, and once', async () => {
    const { pipe, client } = await opened()
    const contents: number[] = []
    const answer = client.call(
      'apply',
      { daemon: 'web', bytes: 3 },
      { sendContent: () => contents.push(pipe.sent.length) },
    )
    const other = client.call('wait', { daemon: 'web' })
    expect(contents).toEqual([1])
    pipe.give('{"id":1,"failed":{"code":"FAILED","message":"no","change":{"result":"rejected"}}}\n')
    await expect(answer).rejects.toMatchObject({ change: { result: 'rejected' } })
    pipe.give('{"id":2,"done":{}}\n')
    await other
    expect(contents).toEqual([1])
  })

  test('the items of history are its revisions', async () => {
    const { pipe, client } = await opened()
    const answer = client.call('history', { daemon: 'web' })
    pipe.give('{"id":1,"item":{"revision":1}}\n{"id":1,"done":{"daemon":"web"}}\n')
    expect(await answer).toEqual({ daemon: 'web', revisions: [{ revision: 1 }] })
  })

  test('answers in any order reach their requests', async () => {
    const { pipe, client } = await opened()
    const answers = ['a', 'b', 'c'].map((daemon) => client.call('explain', { daemon }))
    for (const id of [3, 1, 2]) pipe.give(`{"id":${id},"done":${id}}\n`)
    expect(await Promise.all(answers)).toEqual([1, 2, 3])
  })

  test('a thousand requests at once share one read', async () => {
    const { pipe, client } = await opened(7)
    const answers = Array.from({ length: 1000 }, () => client.call('explain', { daemon: 'web' }))
    for (let id = 1000; id > 0; id--) pipe.give(`{"id":${id},"done":${id}}\n`)
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 1000 }, (_, at) => at + 1))
  })

  test('progress reaches its own request only', async () => {
    const { pipe, client } = await opened()
    const received: string[] = []
    const web = client.call(
      'restart',
      { daemon: 'web' },
      { onProgress: ({ words }) => received.push(words) },
    )
    const db = client.call('restart', { daemon: 'db' })
    pipe.give('{"id":1,"progress":{"words":"stopping, KILL in 4s"}}\n')
    pipe.give('{"id":2,"progress":{"words":"of db"}}\n{"id":2,"done":2}\n{"id":1,"done":1}\n')
    expect(await Promise.all([web, db])).toEqual([1, 2])
    expect(received).toEqual(['stopping, KILL in 4s'])
  })

  test('a failure is an error with the code, the hint and the ticket of the server', async () => {
    const { pipe, client } = await opened()
    const answer = client.call('start', { daemon: 'web' })
    pipe.give(
      '{"id":1,"failed":{"code":"TIMED_OUT","message":"m","hint":"h","ticket":5}}\n{"id":2,"done":1}\n',
    )
    const error = await answer.catch((error: unknown) => error)
    expect(error).toBeInstanceOf(RequestError)
    expect(error).toBeInstanceOf(PitcrewError)
    expect(error).toMatchObject({ code: 'TIMED_OUT', message: 'm', hint: 'h', ticket: 5 })
  })

  test('an unknown code of a later server becomes FAILED', async () => {
    const { pipe, client } = await opened()
    const answer = client.call('start', { daemon: 'web' })
    pipe.give('{"id":1,"failed":{"code":"ON_FIRE","message":"it burns","hint":null}}\n')
    expect(await outcome(answer)).toBe('FAILED: it burns')
  })

  test('a failure without an id fails all open requests', async () => {
    const { pipe, client } = await opened()
    const answers = [
      client.call('explain', { daemon: 'web' }),
      client.call('explain', { daemon: 'web' }),
    ]
    pipe.give('{"id":null,"failed":{"code":"INTERNAL","message":"a bug","hint":null}}\n')
    pipe.end()
    expect(await Promise.all(answers.map(outcome))).toEqual(['INTERNAL: a bug', 'INTERNAL: a bug'])
    expect(pipe.isClosed).toBe(true)
  })

  test('an answer that is not JSON ends the connection', async () => {
    const { pipe, client } = await opened()
    const answer = client.call('explain', { daemon: 'web' })
    pipe.give('what?\n')
    expect(await outcome(answer)).toBe('NO_PITCREW: cannot read an answer that begins with "what?"')
    expect(pipe.isClosed).toBe(true)
  })

  test('after the end of the connection every request fails at once', async () => {
    const { pipe, client } = await opened()
    client.close()
    expect(await outcome(client.call('explain', { daemon: 'web' }))).toContain('NO_PITCREW')
    expect(pipe.sent).toEqual([])
    expect(pipe.isClosed).toBe(true)
  })

  test('the connection is not read while no result is awaited', async () => {
    const { pipe, client } = await opened()
    const before = pipe.reads
    await quiet()
    expect(pipe.reads).toBe(before)
    const answer = client.call('explain', { daemon: 'web' })
    pipe.give('{"id":1,"done":1}\n')
    await answer
    expect(pipe.reads).toBe(before + 1)
  })

  test('a connection that cannot be written fails its requests', async () => {
    const { pipe, client } = await opened()
    pipe.send = () => Promise.reject(new PitcrewError('NO_PITCREW', 'cannot send'))
    expect(await outcome(client.call('explain', { daemon: 'web' }))).toBe('NO_PITCREW: cannot send')
  })
})

describe('at every byte', () => {
  const answers =
    '{"id":2,"progress":{"words":"…"}}\n{"id":2,"done":"zwei"}\n{"id":1,"done":"eins"}\n'

  test.each([1, 2, 3, 5, 8, 40])(
    'pieces of %i characters give the same answers',
    async (length) => {
      const { pipe, client } = await opened(length)
      const both = Promise.all([
        client.call('explain', { daemon: 'web' }),
        client.call('explain', { daemon: 'web' }),
      ])
      pipe.give(answers)
      expect(await both).toEqual(['eins', 'zwei'])
    },
  )

  test('after an end at any byte each request has its answer or NO_PITCREW', async () => {
    const ends = Array.from({ length: answers.length }, (_, at) => at)
    const counts = await Promise.all(
      ends.map(async (at) => {
        const { pipe, client } = await opened()
        const both = [
          client.call('explain', { daemon: 'web' }),
          client.call('explain', { daemon: 'web' }),
        ].map(outcome)
        pipe.give(answers.slice(0, at))
        pipe.end()
        const [first, second] = await Promise.all(both)
        expect(first).toMatch(/^NO_PITCREW: pitcrew has closed the connection/)
        expect(second).toMatch(/^(done "zwei"|NO_PITCREW: )/)
        return second?.startsWith('done') ? 1 : 0
      }),
    )
    const whole = answers.indexOf('{"id":1')
    expect(counts.reduce((sum: number, one) => sum + one, 0)).toBe(answers.length - whole)
  })
})

test('the answer of status includes its items', async () => {
  const { pipe, client } = await opened()
  const answer = client.call('status', {})
  pipe.give(
    '{"id":1,"item":{"name":"web"}}\n{"id":1,"item":{"name":"db"}}\n{"id":1,"done":{"cursor":"1-9"}}\n',
  )
  expect(await answer).toEqual({ cursor: '1-9', daemons: [{ name: 'web' }, { name: 'db' }] })
})
