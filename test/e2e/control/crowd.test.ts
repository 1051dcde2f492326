/** Many clients, and misbehaving ones. FAULTS 32: "A thousand concurrent requests from three
 *  clients: no deadlock, each answered once." FAULTS 33: "A client that sends slowly, sends
 *  garbage, sends ten megabytes, hangs up mid-answer: refused or dropped; nothing else slows." */
import { expect, test } from 'vitest'
import {
  type ControlClient,
  connectControl,
  socketPath,
  tryConnect,
} from '../support/control-client.ts'
import { isSanitized, residentKib } from '../support/cost.ts'
import { Pitcrew, sh } from '../support/pitcrew.ts'
import { eventually } from '../support/processes.ts'

const long = { command: sh('echo up; exec sleep 1000') }

function ends(client: ControlClient): (number | null)[] {
  return client.lines.flatMap(({ id, done, failed }) =>
    (done ?? failed) === undefined ? [] : [id],
  )
}

test('a thousand requests at once from three clients: each is answered once', async () => {
  await using pitcrew = new Pitcrew({ daemons: { a: long, b: long } })
  await pitcrew.line('[b] up')
  const clients = await Promise.all([
    connectControl(pitcrew),
    connectControl(pitcrew),
    connectControl(pitcrew),
  ])
  const verbs = ['status', 'restart', 'wait', 'events', 'start', 'explain'] as const
  const ids = clients.map((client) =>
    Array.from({ length: 334 }, (_, index) => {
      const verb = verbs[index % verbs.length] as (typeof verbs)[number]
      if (verb === 'status') return client.send('status')
      if (verb === 'events') return client.send('events', { tail: 1 })
      return client.send(verb, { daemon: index % 2 === 0 ? 'a' : 'b' })
    }),
  )
  for (const [index, client] of clients.entries()) {
    const wanted = ids[index] ?? []
    await client.until('all answers', () => ends(client).length >= wanted.length || undefined)
    expect(ends(client).sort((x, y) => Number(x) - Number(y))).toEqual(wanted)
    client.hangUp()
  }
})

test('a client that sends slowly is served, and so are the others', async () => {
  await using pitcrew = new Pitcrew({ daemons: { a: long } })
  using slow = await connectControl(pitcrew)
  using other = await connectControl(pitcrew)
  for (const byte of '{"id":7,"verb":"status"}') {
    slow.write(byte)
    await other.done('ticket', { ticket: 1 }).catch(() => {})
  }
  expect(ends(slow)).toEqual([])
  slow.write('\n')
  expect((await slow.answer(7)).done).toBeDefined()
})

test('garbage is answered, and the next line is served', async () => {
  await using pitcrew = new Pitcrew({ daemons: { a: long } })
  using client = await connectControl(pitcrew)
  client.write(
    `\n\0\0\n${'['.repeat(60_000)}\n{"id":1}\n\u00ff\u00fe\n{"id":2,"verb":"status","args":7}\n`,
  )
  expect((await client.answer(2)).failed).toMatchObject({ code: 'REQUEST_INVALID' })
  expect(client.lines.map(({ failed }) => failed?.code)).toEqual(Array(6).fill('REQUEST_INVALID'))
  expect(await client.done('status')).toMatchObject({ name: 'pitcrew' })
})

test('a line that is too long gets one answer, and closes only its client', async () => {
  await using pitcrew = new Pitcrew({ daemons: { a: long } })
  using other = await connectControl(pitcrew)
  using client = await connectControl(pitcrew)
  client.write('x'.repeat(70 * 1024))
  expect((await client.answer(null)).failed).toMatchObject({ code: 'REQUEST_INVALID' })
  await client.closed
  expect(await other.done('status')).toMatchObject({ name: 'pitcrew' })
})

test('ten megabytes in one line are not read, and other clients are served', async () => {
  await using pitcrew = new Pitcrew({ daemons: { a: long } })
  using other = await connectControl(pitcrew)
  const before = residentKib(pitcrew)
  using client = await connectControl(pitcrew)
  client.write('x'.repeat(10 * 1024 * 1024))
  // A client that still writes may lose the answer.
  await client.closed
  expect(await other.done('status')).toMatchObject({ name: 'pitcrew' })
  if (!isSanitized) expect(residentKib(pitcrew) - before).toBeLessThan(500)
})

test('a client that disconnects in the middle of an answer leaves nothing behind', async () => {
  const daemons = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`d${n}`, long]))
  await using pitcrew = new Pitcrew({ daemons })
  await pitcrew.line('[d49] up')
  for (let times = 0; times < 20; times++) {
    const client = await connectControl(pitcrew)
    for (let n = 0; n < 20; n++) client.send('status')
    client.hangUp()
  }
  using client = await connectControl(pitcrew)
  expect(await client.done('restart', { daemon: 'd7' })).toMatchObject({ outcome: 'done' })
})

test('a client that never reads is closed, and other clients do not wait for it', async () => {
  await using pitcrew = new Pitcrew({ daemons: { a: long } })
  using deaf = await connectControl(pitcrew)
  deaf.stall()
  for (let n = 0; n < 1000; n++) deaf.send('events', { follow: true })
  using client = await connectControl(pitcrew)
  // Each restart is sent to each of its thousand followers, which are not read.
  for (let n = 0; n < 8; n++) await client.done('restart', { daemon: 'a' })
  expect(await client.done('status')).toMatchObject({ name: 'pitcrew' })
})

test('a thousand waiting clients cost at most 3 MB, and are all answered', async () => {
  await using pitcrew = new Pitcrew({
    daemons: { a: { command: sh('sleep 1000'), stop: { grace: '100ms' } }, b: long },
  })
  using first = await connectControl(pitcrew)
  await first.done('status')
  const before = residentKib(pitcrew)
  const clients = await Promise.all(
    Array.from(
      { length: 1000 },
      async () => (await tryConnect(socketPath(pitcrew))) as ControlClient,
    ),
  )
  for (const client of clients) client.send('wait', { daemon: 'a', for: 'stopped' })
  // The last line that was sent arrives last.
  expect(await clients.at(-1)?.done('status')).toMatchObject({ name: 'pitcrew' })
  if (!isSanitized) expect(residentKib(pitcrew) - before).toBeLessThan(3000)
  await first.done('stop', { daemon: 'a' })
  await Promise.all(clients.map((client) => client.answer(101)))
  for (const client of clients) client.hangUp()
  await eventually('no client is left', () => clients.every(({ isClosed }) => isClosed))
  expect(await first.done('status')).toMatchObject({ name: 'pitcrew' })
})
