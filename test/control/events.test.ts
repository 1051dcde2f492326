/** The verb `events`: past entries of the journal, then new ones. FAULTS 35: "An event between a status answer and a
 *  subscription: not missed (the cursor covers it)". */
import { describe, expect, test } from 'vitest'
import { plan, type Some } from '../core/plans.ts'
import { type Line, Plane, type PlaneClient } from './plane.ts'

const life = String(Date.UTC(2026, 10, 21, 17, 0, 0))

function planeOf(daemons: Readonly<Record<string, Some>>): Plane {
  return new Plane(plan(daemons))
}

/** "1 started web", by the number in the cursor. */
function gist(lines: readonly Line[]): string[] {
  return lines.flatMap(({ item }) =>
    item === undefined
      ? []
      : [`${item.cursor.split('-')[1]} ${item.type}${item.daemon ? ` ${item.daemon}` : ''}`],
  )
}

function events(client: PlaneClient, args: object): string[] {
  return gist(client.of(client.request('events', args)))
}

function restartTwice(): Plane {
  const plane = planeOf({ db: {}, web: { restart: { policy: 'always', backoffMs: 0 } } })
  plane.ends('web', 1)
  plane.ends('web', 1)
  return plane
}

test('all kept entries, oldest first, and the cursor of the last one', () => {
  const client = restartTwice().connect()
  const id = client.request('events')
  expect(gist(client.of(id))).toEqual([
    '1 started db',
    '2 started web',
    '3 died web',
    '4 started web',
    '5 ticket web',
    '6 died web',
    '7 started web',
    '8 ticket web',
  ])
  expect(client.answer(id).done).toEqual({ cursor: `${life}-8`, missed: false })
})

test('an entry has a time, its text, and its data', () => {
  const plane = restartTwice()
  plane.lastLines = 'fatal: address in use\n'
  plane.pass(4321)
  plane.ends('web', 3)
  const client = plane.connect()
  const lines = client.of(client.request('events', { since: `${life}-8`, tail: 3 }))
  expect(lines[0]?.item).toMatchInlineSnapshot(`
    {
      "at": "2026-11-21T17:00:04.321Z",
      "cause": "code 3",
      "code": 3,
      "cpuMs": 3,
      "cursor": "1795280400000-9",
      "daemon": "web",
      "lastLines": [
        "fatal: address in use",
      ],
      "memoryKib": 2048,
      "next": "restarting at once, restart 3 in a row",
      "pid": 104,
      "run": 3,
      "signal": 0,
      "status": "",
      "type": "died",
      "uptimeMs": 4321,
      "words": "died: exit code 3, pid 104, run 3, after 4.321 s (cpu 3 ms, memory 2.0 MiB); restarting at once, restart 3 in a row; its last line: "fatal: address in use"",
    }
  `)
  expect(lines[2]?.item).toMatchInlineSnapshot(`
    {
      "at": "2026-11-21T17:00:04.321Z",
      "by": "restart policy",
      "changed": true,
      "cursor": "1795280400000-11",
      "daemon": "web",
      "now": {
        "pid": 105,
        "run": 4,
      },
      "old": {
        "pid": 104,
        "run": 3,
      },
      "outcome": "done",
      "requests": 1,
      "ticket": 3,
      "tookMs": 0,
      "type": "ticket",
      "verb": "restart",
      "why": "exit code 3",
      "words": "restart (restart policy: exit code 3): done in 0 ms, pid 104 -> 105",
    }
  `)
})

test('since: entries after a cursor', () => {
  const client = restartTwice().connect()
  expect(events(client, { since: `${life}-6` })).toEqual(['7 started web', '8 ticket web'])
  expect(events(client, { since: `${life}-8` })).toEqual([])
  expect(events(client, { since: `${life}-0` })).toHaveLength(8)
})

test('tail: the last entries; daemons: only those of these daemons', () => {
  const client = restartTwice().connect()
  expect(events(client, { tail: 2 })).toEqual(['7 started web', '8 ticket web'])
  expect(events(client, { tail: 0 })).toEqual([])
  expect(events(client, { daemons: ['db'] })).toEqual(['1 started db'])
  expect(client.failed('events', { daemons: ['bd'] })).toMatchObject({ code: 'NO_SUCH_DAEMON' })
})

test('an unknown cursor gives all entries, with missed: true', () => {
  const client = restartTwice().connect()
  const id = client.request('events', { since: '17-4' })
  expect(gist(client.of(id))).toHaveLength(8)
  expect(client.answer(id).done).toMatchObject({ missed: true })
})

describe('a follower', () => {
  test('gets new entries until it cancels the request', () => {
    const plane = restartTwice()
    const client = plane.connect()
    const id = client.request('events', { follow: true, tail: 1 })
    plane.ends('web', 1)
    expect(gist(client.of(id))).toEqual([
      '8 ticket web',
      '9 died web',
      '10 started web',
      '11 ticket web',
    ])
    client.request('cancel', { request: id })
    plane.ends('web', 1)
    expect(client.answer(id).done).toEqual({ cursor: `${life}-11`, missed: false })
    expect(gist(client.of(id))).toHaveLength(4)
  })

  test('of one daemon gets only its entries', () => {
    const plane = restartTwice()
    const client = plane.connect()
    const id = client.request('events', { follow: true, tail: 0, daemons: ['db'] })
    plane.ends('web', 1)
    plane.ends('db', 1)
    expect(gist(client.of(id))).toEqual(['12 died db'])
  })

  test('with the cursor of a status answer gets every entry since then, and none twice', () => {
    const plane = restartTwice()
    const client = plane.connect()
    const { cursor } = client.done('status')
    plane.ends('web', 1)
    const id = client.request('events', { since: cursor, follow: true })
    plane.ends('web', 1)
    expect(gist(client.of(id)).map((line) => line.split(' ')[0])).toEqual([
      '9',
      '10',
      '11',
      '12',
      '13',
      '14',
    ])
  })

  test('that disconnects gets no more entries', () => {
    const plane = restartTwice()
    const client = plane.connect()
    const id = client.request('events', { follow: true, tail: 0 })
    client.hangUp()
    plane.ends('web', 1)
    expect(client.of(id)).toEqual([])
  })
})

test('entries of earlier lives come from the file; torn and foreign lines are left out', () => {
  const plane = planeOf({ web: {} })
  const entry = (n: number) =>
    JSON.stringify({
      cursor: `1700000000000-${n}`,
      at: '2023',
      type: 'started',
      daemon: 'web',
      words: 'x',
    })
  const torn = entry(4).slice(0, 40)
  const own = `{"cursor":"${life}-1","at":"2026","type":"started","daemon":"web","words":"known"}`
  const foreign = [
    '{"cursor":"no"}',
    '{"a":1}',
    '[',
    'null',
    '{"cursor":"1-1","at":1,"type":"x","words":""}',
  ]
  const lines = [entry(1), torn, ...foreign, entry(2), own]
  plane.files.set('/state/bundle/journal.ndjson', `${lines.join('\n')}\n`)
  plane.files.set('/state/bundle/journal.ndjson.1', `${entry(0)}\n`)
  const client = plane.connect()
  const all = client.of(client.request('events')).flatMap(({ item }) => item?.cursor ?? [])
  expect(all).toEqual(['1700000000000-0', '1700000000000-1', '1700000000000-2', `${life}-1`])
  expect(events(client, { since: '1700000000000-2' })).toEqual(['1 started web'])
})
