/** The ring of the last lines of each daemon, with their times, which `logs` returns. */
import { beforeAll, expect, test } from 'vitest'
import { eventually } from '../e2e/support/processes.ts'
import { buildLogs, type Line, Logs, Reader, textsOf } from './images/logs.ts'

beforeAll(buildLogs, 300_000)

test('lines of several daemons come in order of reading, with their times', async () => {
  const before = Date.now()
  await using logs = await Logs.start()
  await logs.obedient('web', 'db')
  await logs.order('web', 'echo one', '[web] one')
  await logs.order('db', 'echo two; echo three', '[db] three')
  await logs.order('web', 'echo four', '[web] four')
  const lines = await logs.past({ daemons: ['web', 'db'], tail: 2 })
  expect(textsOf(lines)).toEqual(['web one', 'db two', 'db three', 'web four'])
  const times = lines.map(({ ms }) => ms)
  expect(times).toEqual([...times].sort((a, b) => a - b))
  // The kernel's coarse clock is behind by a tick at most.
  expect(times.every((ms) => ms >= before - 10 && ms <= Date.now())).toBe(true)
})

test('without names, all lines come, those of pitcrew under "-"', async () => {
  await using logs = await Logs.start()
  await logs.run('web', 'echo one')
  await logs.line('exited')
  const own = '{"type":"exited","daemon":"web","run":1,"lastLines":"one"}'
  expect(textsOf(await logs.past())).toEqual(['- listening', 'web one', `- ${own}`])
  expect(textsOf(await logs.past({ daemons: ['-'], tail: 1 }))).toEqual([`- ${own}`])
  expect(await logs.past({ daemons: ['other'] })).toEqual([])
})

test.each([
  [0, []],
  [1, ['db 9', 'web 3']],
  [2, ['db 8', 'db 9', 'web 2', 'web 3']],
])('the last %i lines of each daemon', async (tail, texts) => {
  await using logs = await Logs.start()
  await logs.obedient('web', 'db')
  await logs.order('db', 'seq 9', '[db] 9')
  await logs.order('web', 'seq 3', '[web] 3')
  expect(textsOf(await logs.past({ daemons: ['db', 'web'], tail }))).toEqual(texts)
})

test('no line is older than requested', async () => {
  await using logs = await Logs.start()
  await logs.obedient('web')
  await logs.order('web', 'echo one', '[web] one')
  const [{ ms } = { ms: 0 }] = await logs.past({ daemons: ['web'], tail: 1 })
  await eventually('the clock has gone on', () => Date.now() > ms + 10)
  await logs.order('web', 'echo two', '[web] two')
  const since = async (sinceMs: number): Promise<string[]> =>
    textsOf(await logs.past({ daemons: ['web'], sinceMs }))
  expect(await since(ms + 1)).toEqual(['web two'])
  expect(await since(ms)).toContain('web one')
  expect(await since(Date.now() + 1000)).toEqual([])
})

test('incomplete lines and bytes that are no text come unchanged', async () => {
  await using logs = await Logs.start()
  await logs.obedient('web')
  await logs.order('web', "printf 'a\\377\\000b\\n\\nmore'", '[web] a')
  const texts = textsOf(await logs.past({ daemons: ['web'] }))
  expect(texts).toEqual(['web up', 'web a\xff\0b', 'web ', 'web more'])
})

test('a full ring keeps the end, in whole lines', async () => {
  await using logs = await Logs.start()
  await logs.obedient('web')
  await logs.order('web', 'seq 100000', '[web] 100000')
  const texts = (await logs.past({ daemons: ['web'] })).map(({ text }) => text)
  const first = Number(texts[0])
  expect(texts).toEqual(Array.from({ length: 100_001 - first }, (_, n) => `${first + n}`))
  const bytes = texts.join('\n').length
  expect(bytes).toBeGreaterThan(7_000)
  expect(bytes).toBeLessThan(16_384)
})

test('small pieces wrap like large ones', async () => {
  await using logs = await Logs.start()
  await logs.obedient('web', 'db')
  // Two that alternate: each line is read alone.
  for (let n = 0; n < 60; n++) {
    await logs.order('web', `printf '%500s\\n' ${n}`, ` ${n}`)
    await logs.order('db', `echo ${n}`, `[db] ${n}`)
  }
  const web = (await logs.past({ daemons: ['web'] })).map(({ text }) => Number(text))
  expect(web.length).toBeGreaterThan(14)
  expect(web).toEqual(Array.from({ length: web.length }, (_, n) => 60 - web.length + n))
  const both = await logs.past({ daemons: ['web', 'db'], tail: 5 })
  expect(both.map(({ text }) => text.trim())).toEqual(
    [55, 56, 57, 58, 59].flatMap((n) => [`${n}`, `${n}`]),
  )
})

test('of a line longer than the ring its end is kept, without other lines', async () => {
  await using logs = await Logs.start()
  await logs.obedient('web')
  await logs.order('web', "printf '%60000s\\n' end", ' end')
  const [line, ...more] = await logs.past({ daemons: ['web'] })
  expect(more).toEqual([])
  expect(line?.text).toBe('end'.padStart(line?.text.length ?? 0))
  expect(line?.text.length).toBeGreaterThan(8000)
  await logs.order('web', 'echo short', '[web] short')
  expect(textsOf(await logs.past({ daemons: ['web'] }))).toEqual(['web short'])
})

test('a ring spans the runs of its daemon; the last lines of a run do not', async () => {
  await using logs = await Logs.start()
  await logs.run('web', 'echo one; printf two')
  expect(await logs.lastLines('web', 1)).toBe('one\ntwo')
  await logs.run('web', 'echo three', 2)
  expect(await logs.lastLines('web', 2)).toBe('three')
  await logs.run('web', 'true', 3)
  expect(await logs.lastLines('web', 3)).toBe('')
  const texts = textsOf(await logs.past({ daemons: ['web'] }))
  expect(texts).toEqual(['web one', 'web two', 'web three'])
})

test('beyond the limit of an answer the oldest lines are left out, and that is reported', async () => {
  await using logs = await Logs.start()
  const names = Array.from({ length: 64 }, (_, n) => `d${n}`)
  for (const name of names) await logs.run(name, `seq -f "$0 %011.0f" 2000`)
  await Promise.all(names.map((name) => logs.lastLines(name, 1)))
  const lines = await logs.past({ daemons: names })
  const notice = lines.shift()
  expect(notice?.daemon).toBe('!')
  const leftOut = Number(/^(\d+) older lines left out$/.exec(notice?.text ?? '')?.[1])
  expect(lines.length * 40).toBeGreaterThan(500_000)
  expect(lines.length * 30).toBeLessThan(524_288)
  // Of each daemon the end, without a gap.
  const kept = new Map(names.map((name) => [name, 2000]))
  for (const { daemon, text } of lines.toReversed()) {
    const last = kept.get(daemon) ?? 0
    expect(text).toBe(`${daemon} ${`${last}`.padStart(11, '0')}`)
    kept.set(daemon, last - 1)
  }
  const each = await Promise.all(names.map((name) => logs.past({ daemons: [name] })))
  expect(each.flat().length).toBe(lines.length + leftOut)
})

test('many clients that do not read yet all get past lines to their end', async () => {
  await using logs = await Logs.start()
  const daemons = Array.from({ length: 64 }, (_, n) => `d${n}`)
  for (const name of daemons) await logs.run(name, 'seq 5000')
  await Promise.all(daemons.map((name) => logs.lastLines(name, 1)))
  const ask = { logs: { daemons, tail: -1, sinceMs: 0, follow: false } }
  const readers = await Promise.all(Array.from({ length: 40 }, () => Reader.of(logs, ask, false)))
  await logs.usage()
  for (const reader of readers) reader.read()
  await Promise.all(readers.map(({ closed }) => closed))
  expect(logs.errors).toEqual([])
  for (const reader of readers) {
    const lines = reader.lines()
    expect(lines.at(-1)).toMatchObject({ daemon: '.', text: 'end' })
    expect(lines.at(-2)?.text).toBe('5000')
    expect(lines[0]).toMatchObject({
      daemon: '!',
      text: expect.stringMatching(/^\d+ older lines left out$/),
    })
  }
})

test('with more daemons than memory for full rings, each keeps its last lines', async () => {
  await using logs = await Logs.start()
  // The rings share 2 MiB and have 16 KiB at most: 150 daemons want more than there is.
  const names = Array.from({ length: 150 }, (_, n) => `d${n}`)
  for (const name of names) await logs.run(name, 'seq 4000')
  const last = Array.from({ length: 4000 }, (_, n) => n + 1).slice(-205) // 205 * 5 - 1 = 1024
  for (const name of names) expect(await logs.lastLines(name, 1)).toBe(last.join('\n'))
  const sizes = await Promise.all(
    names.map(async (daemon) => bytesOf(await logs.past({ daemons: [daemon] }))),
  )
  const total = sizes.reduce((sum, size) => sum + size, 0)
  expect(total).toBeLessThan(2 * 1024 * 1024)
  expect(total).toBeGreaterThan(700_000)
})

function bytesOf(lines: readonly Line[]): number {
  return lines.reduce((bytes, { text }) => bytes + text.length + 1, 0)
}
