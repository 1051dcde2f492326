/** A follower that does not keep up skips lines, gets their number, and delays nothing else. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { eventually } from '../e2e/support/processes.ts'
import { buildLogs, Logs, Reader } from './images/logs.ts'

beforeAll(buildLogs, 300_000)

const follows = (daemons: string[]) => ({
  logs: { daemons, tail: 0, sinceMs: 0, follow: true },
})

/** A follower that reads nothing yet. */
async function sleeper(logs: Logs, daemons: string[]): Promise<Reader> {
  const reader = await Reader.of(logs, follows(daemons), false)
  await logs.ask({ usage: true })
  return reader
}

test('whole lines are skipped, and every byte is accounted for', async () => {
  await using logs = await Logs.start()
  await logs.obedient('web')
  await using reader = await sleeper(logs, ['web'])
  await logs.order('web', 'seq 500000', '[web] 500000')
  reader.read()
  await reader.until('skipped')
  await logs.order('web', 'echo end', '[web] end')
  await reader.until('web end')
  const lines = reader.lines()
  const [notice, end] = lines.splice(-2)
  expect(lines.map(({ text }) => Number(text))).toEqual(lines.map((_, n) => n + 1))
  const taken = lines.reduce((sum, { text }) => sum + text.length + 1, 0)
  const written = 9 * 2 + 90 * 3 + 900 * 4 + 9000 * 5 + 90_000 * 6 + 400_001 * 7
  expect(notice).toMatchObject({ daemon: '!', text: `skipped ${written - taken} bytes` })
  expect(end).toMatchObject({ daemon: 'web', text: 'end' })
  // The waiting bytes are bounded: the queue, and the socket.
  expect(reader.raw.join('\n').length).toBeLessThan(1_000_000)
})

test('a line that began in the skipped part comes whole if its end is sent', async () => {
  await using logs = await Logs.start()
  await logs.obedient('web')
  await using reader = await sleeper(logs, ['web'])
  await logs.order('web', 'seq 500000; printf part', '[web] 500000')
  reader.read()
  await reader.until('skipped')
  await logs.order('web', 'echo ed', '[web] parted')
  await reader.until('parted')
  expect(reader.texts().at(-1)).toBe('web parted')
})

test('other followers and the daemon are not affected', async () => {
  await using logs = await Logs.start()
  await logs.obedient('web', 'db')
  await using asleep = await sleeper(logs, ['web'])
  await using awake = await logs.follow({ daemons: ['db'], tail: 0 })
  await logs.order('web', 'seq 500000', '[web] 500000')
  await logs.order('db', 'echo one', '[db] one')
  await awake.until('one')
  expect(awake.texts()).toEqual(['db one'])
  expect(asleep.raw).toEqual([])
})

/** Prints numbered lines until the file `stop` exists, and then says how many bytes these were. */
const loud = `n=0; until [ -e "$PITCREW_STATE_DIR/stop" ]; do seq -f %059.0f 9999; n=$((n + 1)); done
echo "$((n * 9999 * 60))" >"$PITCREW_STATE_DIR/count"; mv "$PITCREW_STATE_DIR/count" "$PITCREW_STATE_DIR/written"`

test.each([400, 1000])('%i followers that pause skip lines, and none is cut off', async (count) => {
  await using logs = await Logs.unread()
  await using awake = await logs.follow({ daemons: ['web'], tail: 0 })
  const asleep = await Promise.all(
    Array.from({ length: count }, () => Reader.of(logs, follows(['web']), false)),
  )
  await logs.usage()
  await logs.run('web', loud)
  const beganMs = performance.now()
  await eventually('more came than sockets and queues hold', () => awake.raw.length > 5000)
  writeFileSync(join(logs.folder, 'stop'), '')
  const written = join(logs.folder, 'written')
  await eventually('the daemon has stopped', () => existsSync(written))
  for (const reader of asleep) reader.read()
  const pausedMs = performance.now() - beganMs
  await Promise.all(asleep.map((reader) => reader.lastLine(' ! skipped ')))
  // On a machine so slow that this takes ten seconds, they are cut off for that.
  if (pausedMs > 9000) return
  expect(logs.errors).toEqual([])
  const bytes = Number(readFileSync(written, 'utf8'))
  for (const reader of asleep) {
    expect(accounted(reader)).toBe(bytes)
    await reader[Symbol.asyncDispose]()
  }
})

/** The bytes of lines that a follower got, and of those that it skipped. */
function accounted(reader: Reader): number {
  return reader.lines().reduce((sum, { daemon, text }) => {
    return sum + (daemon === '!' ? Number(text.split(' ')[1]) : text.length + 1)
  }, 0)
}

test('the rate of all skipping followers is bounded, however fast they read', async () => {
  await using logs = await Logs.unread()
  await using own = await logs.follow({ daemons: ['-'] })
  await using reader = await logs.follow({ daemons: ['web'] })
  const began = performance.now()
  await logs.run('web', `yes ${'0123456789'.repeat(50)} | head -c 200000000`)
  await own.until('exited')
  const windows = (performance.now() - began) / 50 + 2
  const bytes = reader.raw.reduce((sum, line) => sum + line.length + 1, 0)
  expect(bytes).toBeLessThan(windows * 1.2 * 512 * 1024)
  await reader.until(' ! skipped ')
})

test('a follower that has read nothing for ten seconds is cut off', async () => {
  await using logs = await Logs.start()
  const names = Array.from({ length: 64 }, (_, n) => `d${n}`)
  for (const name of names) await logs.run(name, 'seq 5000')
  await Promise.all(names.map((name) => logs.lastLines(name, 1)))
  const began = performance.now()
  // It does not even read what it asked for of the past.
  const past = { logs: { daemons: names, tail: -1, sinceMs: 0, follow: false } }
  await using ends = await Reader.of(logs, past, false)
  await using stuck = await sleeper(logs, ['web'])
  await using silent = await sleeper(logs, ['db'])
  await logs.obedient('web', 'db')
  await logs.order('web', 'seq 500000', '[web] 500000')
  const cut = 'a client lagged'
  await expect.poll(() => logs.errors, { timeout: 15_000 }).toEqual([cut, cut])
  expect(performance.now() - began).toBeGreaterThan(9000)
  for (const reader of [ends, stuck]) {
    reader.read()
    await reader.closed
    expect(reader.lines().some(({ daemon }) => daemon === '.')).toBe(false)
  }
  // A follower without lines to read is still connected.
  silent.read()
  await logs.order('db', 'echo one', '[db] one')
  await silent.until('db one')
}, 30_000)
