/** A follower gets each line of the daemons once, when it is complete. */
import { beforeAll, expect, test } from 'vitest'
import { eventually } from '../e2e/support/processes.ts'
import { expectedLines, writesLinesCommand } from '../e2e/support/random-lines.ts'
import { buildLogs, Logs } from './images/logs.ts'

beforeAll(buildLogs, 300_000)

test('past lines come first, then new ones', async () => {
  await using logs = await Logs.start()
  await logs.obedient('web', 'db')
  await logs.order('web', 'echo one', '[web] one')
  await using reader = await logs.follow({ daemons: ['web', 'db'], tail: 1 })
  await logs.order('db', 'echo two', '[db] two')
  await logs.order('web', 'echo three; echo four', '[web] four')
  await reader.count(5)
  expect(reader.texts()).toEqual(['db up', 'web one', 'db two', 'web three', 'web four'])
})

test('only lines of the named daemons come, also of those that start later', async () => {
  await using logs = await Logs.start()
  await using some = await logs.follow({ daemons: ['later', 'web'], tail: 0 })
  await using all = await logs.follow({ tail: 0 })
  await logs.obedient('web', 'other', 'later')
  await logs.order('other', 'echo two', '[other] two')
  await logs.order('web', 'echo one', '[web] one')
  await some.until('one')
  await all.until('one')
  expect(some.texts().toSorted()).toEqual(['later up', 'web one', 'web up'])
  expect(all.texts().toSorted()).toEqual(
    ['later up', 'other two', 'other up', 'web one', 'web up'].toSorted(),
  )
})

test('sixty-four daemons can be named', async () => {
  await using logs = await Logs.start()
  const names = Array.from({ length: 64 }, (_, n) => `d${n}`)
  await using reader = await logs.follow({ daemons: names })
  for (const name of names) await logs.run(name, 'echo "I am $0"')
  await reader.count(64)
  expect(reader.texts().toSorted()).toEqual(names.map((name) => `${name} I am ${name}`).toSorted())
})

test('without names, the lines of all daemons and of pitcrew come', async () => {
  await using logs = await Logs.start()
  await using reader = await logs.follow()
  await logs.run('web', 'echo one')
  await reader.count(3)
  const own = '{"type":"exited","daemon":"web","run":1,"lastLines":"one"}'
  expect(reader.texts()).toEqual(['- listening', 'web one', `- ${own}`])
})

test('a line comes when it is complete, however it was written', async () => {
  await using logs = await Logs.start()
  await logs.obedient('web', 'db')
  await logs.order('web', 'printf one; echo >&2; printf tw', '[web] one')
  await using reader = await logs.follow({ daemons: ['web'], tail: 1 })
  await logs.order('db', 'echo mark', '[db] mark')
  await logs.order('web', 'printf "o\\nthree\\nfo"', '[web] three')
  await logs.order('web', 'echo ur', '[web] four')
  await reader.count(4)
  expect(reader.texts()).toEqual(['web one', 'web two', 'web three', 'web four'])
})

test('a last line without a newline comes when its output is closed', async () => {
  await using logs = await Logs.start()
  await using reader = await logs.follow({ daemons: ['web'] })
  await logs.run('web', 'printf one')
  await logs.lastLines('web', 1)
  await logs.run('web', 'printf two', 2)
  await reader.count(2)
  expect(reader.texts()).toEqual(['web one', 'web two'])
})

test('lines of any length and any bytes come as they are printed', async () => {
  await using logs = await Logs.start()
  await using reader = await logs.follow({ daemons: ['web'] })
  await logs.spawn('web', writesLinesCommand(7, 150_000))
  await logs.lastLines('web', 1)
  const lines = expectedLines(7, 150_000)
  await reader.count(lines.length)
  expect(reader.lines().map(({ text }) => text)).toEqual(lines)
})

test.each([65_535, 65_536, 65_537, 140_000])(
  'a line of %i bytes comes in the pieces in which it is printed',
  async (bytes) => {
    await using logs = await Logs.start()
    await using reader = await logs.follow({ daemons: ['web'] })
    await logs.run('web', `printf '%${bytes}s\\nend\\n' x`)
    await logs.line('[web] end')
    await reader.until('end')
    const printed = logs.lines.filter((line) => line.startsWith('[web] '))
    expect(reader.texts().map((text) => `[web] ${text.slice(4)}`)).toEqual(printed)
  },
)

test('without memory for more incomplete lines, pieces come as they are printed', async () => {
  await using logs = await Logs.start()
  const names = Array.from({ length: 132 }, (_, n) => `d${n}`)
  await using reader = await logs.follow({ daemons: names })
  for (const name of names) await logs.run(name, `printf '%60000s' x; sleep 1000`)
  const printed = (): string[] => logs.lines.filter((line) => line.startsWith('[d'))
  await eventually('some pieces are printed', () => printed().length >= 4)
  const told = (): string[] => reader.lines().map(({ daemon, text }) => `[${daemon}] ${text}`)
  await eventually('they are told', () => told().join('\n') === printed().join('\n'))
})

test('between past and new lines none is missing, and none comes twice', async () => {
  await using logs = await Logs.start()
  await logs.run('web', 'i=0; while [ $i -lt 7000 ]; do echo $i; i=$((i+1)); done')
  const readers = []
  for (const mark of [100, 1000, 3000]) {
    await logs.line(`[web] ${mark}`)
    readers.push(await logs.follow({ daemons: ['web'] }))
  }
  for (const reader of readers) {
    await using _ = reader
    await reader.until(' web 6999')
    const numbers = reader.lines().map(({ text }) => Number(text))
    const first = numbers[0] as number
    expect(numbers).toEqual(Array.from({ length: 7000 - first }, (_, n) => first + n))
  }
})

test('it ends with pitcrew, after the last line', async () => {
  await using logs = await Logs.start()
  await logs.obedient('web')
  await using reader = await logs.follow({ tail: 0 })
  await logs.order('web', 'printf "one\\ntwo"', '[web] one')
  logs.signal('SIGTERM')
  await reader.closed
  expect(reader.texts()).toEqual(['web one', 'web two', '. end'])
})

test('a follower that disconnects is freed', async () => {
  await using logs = await Logs.start()
  await logs.obedient('web')
  for (let n = 0; n < 20; n++) {
    await using reader = await logs.follow({ daemons: ['web'] })
    await reader.count(1)
  }
  await using reader = await logs.follow({ daemons: ['web'], tail: 0 })
  await logs.order('web', 'echo one', '[web] one')
  await reader.count(1)
  expect(reader.texts()).toEqual(['web one'])
})
