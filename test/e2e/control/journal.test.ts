/** The journal in the real binary: DESIGN §7, "bounded, survives restarts of readers"; FAULTS
 *  25. */
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Entry } from '../../../src/control/protocol/answers.ts'
import { connectControl } from '../support/control-client.ts'
import { wakeUps } from '../support/cost.ts'
import { canUnshare, Pitcrew, sh } from '../support/pitcrew.ts'
import { eventually } from '../support/processes.ts'

const long = { command: sh('echo up; exec sleep 1000') }
const bundle = { daemons: { a: long } }

function entriesIn(folder: string): Entry[] {
  const text = readFileSync(join(folder, 'pitcrew/journal.ndjson'), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

test('the file has every event in order, each with a cursor', async () => {
  await using pitcrew = new Pitcrew(bundle)
  await pitcrew.line('[a] up')
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  const entries = entriesIn(pitcrew.folder)
  expect(entries.map(({ type }) => type)).toEqual(['started', 'shutdown', 'stopped', 'ticket'])
  expect(entries.map(({ cursor }) => cursor.split('-')[1])).toEqual(['1', '2', '3', '4'])
  expect(entries.at(-1)).toMatchObject({ verb: 'shutdown', by: 'TERM', exitCode: 0 })
})

test('it is written soon, and then pitcrew is idle', async () => {
  await using pitcrew = new Pitcrew(bundle)
  await pitcrew.line('[a] up')
  await eventually('it is written', () => {
    try {
      return entriesIn(pitcrew.folder).length === 1
    } catch {
      return false
    }
  })
  expect(await wakeUps(pitcrew)).toBe(0)
})

test('the next life has the entries of the last one, and continues after a torn line', async () => {
  await using first = new Pitcrew(bundle)
  await first.line('[a] up')
  process.kill(first.pid, 'SIGKILL')
  await first.end()
  mkdirSync(join(first.folder, 'pitcrew'), { recursive: true })
  const old = JSON.stringify({
    cursor: '1-1',
    at: '1970-01-01T00:00:00.001Z',
    type: 'started',
    daemon: 'a',
    words: 'old',
  })
  appendFileSync(join(first.folder, 'pitcrew/journal.ndjson'), `${old}\n{"cursor":"1-2","at":"19`)
  await using next = new Pitcrew(bundle, { env: { PITCREW_STATE_DIR: first.folder } })
  await next.line('[a] up')
  using client = await connectControl(next)
  const id = client.send('events')
  await client.answer(id)
  const all = client.items(id)
  const at = all.findIndex(({ cursor }) => cursor === '1-1')
  expect(all[at]).toMatchObject({ words: 'old' })
  expect(all.at(-1)).toMatchObject({ type: 'started', daemon: 'a', run: 1 })
  next.signal('SIGTERM')
  await next.exitCode()
  const lines = readFileSync(join(first.folder, 'pitcrew/journal.ndjson'), 'utf8').split('\n')
  const torn = lines.findIndex((line) => line.endsWith('"at":"19'))
  expect(JSON.parse(lines[torn + 1] as string)).toMatchObject({ type: 'started' })
})

test.skipIf(!canUnshare)('a full disk is reported once, and affects no daemon', async () => {
  const full = `mkdir "$PITCREW_STATE_DIR/small" && mount -t tmpfs -o size=4k none "$PITCREW_STATE_DIR/small"
    head -c 8192 /dev/zero > "$PITCREW_STATE_DIR/small/zeros" 2> /dev/null
    export PITCREW_STATE_DIR="$PITCREW_STATE_DIR/small"; exec "$@"`
  const wrap = ['unshare', '-m', '/bin/sh', '-c', full, 'sh']
  await using pitcrew = new Pitcrew({ daemons: { a: long, b: long } }, { wrap })
  await pitcrew.line('cannot write the journal: no space left on the device (ENOSPC)')
  using client = await connectControl(pitcrew)
  for (let n = 0; n < 3; n++) await client.done('restart', { daemon: 'a' })
  const id = client.send('events')
  await client.answer(id)
  expect(client.items(id).length).toBeGreaterThanOrEqual(11)
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(pitcrew.lines.filter((line) => line.includes('cannot write the journal'))).toHaveLength(1)
})

test('an event between a status and a subscription is not missed, and none comes twice', async () => {
  await using pitcrew = new Pitcrew({
    daemons: { a: long, b: long },
  })
  await pitcrew.line('[b] up')
  using client = await connectControl(pitcrew)
  using other = await connectControl(pitcrew)
  const { cursor } = await client.done('status')
  // All at once: some events precede the subscription, some follow it.
  const restarts = Array.from({ length: 10 }, () => other.done('restart', { daemon: 'a' }))
  const id = client.send('events', { since: cursor, follow: true })
  await Promise.all(restarts)
  await other.done('stop', { daemon: 'b', why: 'the last' })
  await client.until('the last', () => client.items(id).find(({ why }) => why === 'the last'))
  const numbers = client.items(id).map((entry) => Number(entry.cursor.split('-')[1]))
  const first = Number(String(cursor).split('-')[1]) + 1
  expect(numbers).toEqual(numbers.map((_, index) => first + index))
})
