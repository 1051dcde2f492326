/** The tasks of helpers: append, write, tail, probes of paths, and runs of this program. The host is real, and a test
 *  replaces the init. */
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { isSanitized, residentKib } from '../e2e/support/cost.ts'
import { fullListener, listen } from '../e2e/support/listeners.ts'
import { eventually } from '../e2e/support/processes.ts'
import { buildWriter, Writer } from './images/files.ts'

beforeAll(buildWriter, 300_000)

const read = (path: string): string => readFileSync(path, 'utf8')

describe('append', () => {
  test('appends lines, and reports the end of each task', async () => {
    await using writer = await Writer.start()
    const path = join(writer.folder, 'journal')
    expect(await writer.append([path], 'one\ntwo\n')).toBeNull()
    expect(await writer.append([path], 'three\n')).toBeNull()
    expect(read(path)).toBe('one\ntwo\nthree\n')
  })

  test('makes the folder and the one above it, and the file, for its user only', async () => {
    await using writer = await Writer.start()
    const path = join(writer.folder, 'state', 'shop', 'journal')
    expect(await writer.append([path], 'one\n')).toBeNull()
    const modes = ['state', 'state/shop', 'state/shop/journal'].map(
      (name) => statSync(join(writer.folder, name)).mode & 0o777,
    )
    expect(modes).toEqual([0o700, 0o700, 0o600])
  })

  test('an incomplete last line is ended first', async () => {
    await using writer = await Writer.start()
    const path = join(writer.folder, 'journal')
    writeFileSync(path, '{"n":1}\n{"n":')
    expect(await writer.append([path], '{"n":2}\n')).toBeNull()
    expect(read(path)).toBe('{"n":1}\n{"n":\n{"n":2}\n')
  })

  test('a file that would become too long is renamed to PATH.1, and replaces that', async () => {
    await using writer = await Writer.start()
    const path = join(writer.folder, 'journal')
    for (const text of ['first\n', 'second\n', 'third\n', 'fourth\n'])
      expect(await writer.append([path], text, 12)).toBeNull()
    expect([read(path), read(`${path}.1`)]).toEqual(['fourth\n', 'third\n'])
    expect(await writer.append([path], '4444\n', 12)).toBeNull()
    expect(read(path)).toBe('fourth\n4444\n')
  })

  test('a text that alone exceeds the limit is written', async () => {
    await using writer = await Writer.start()
    const path = join(writer.folder, 'journal')
    expect(await writer.append([path], 'a long line\n', 4)).toBeNull()
    expect(read(path)).toBe('a long line\n')
    expect(existsSync(`${path}.1`)).toBe(false)
  })

  test('goes to the first path that can be written', async () => {
    await using writer = await Writer.start()
    const paths = ['/proc/no/journal', `${writer.folder}/${'x'.repeat(5000)}`]
    const good = join(writer.folder, 'state/journal')
    expect(await writer.append([...paths, good, join(writer.folder, 'other')], 'one\n')).toBeNull()
    expect(read(good)).toBe('one\n')
    expect(readdirSync(writer.folder)).not.toContain('other')
  })

  test('to one file happens in order; eight tasks wait, and the next is refused', async () => {
    await using writer = await Writer.start()
    const append = [join(writer.folder, 'journal')]
    const orders = Array.from({ length: 10 }, (_, n) =>
      writer.order({ append, text: `${n}\n`, maxBytes: 1e6 }),
    )
    const taken = Array(8).fill(null)
    expect(await writer.execute(...orders)).toEqual([...taken, 'EBUSY', 'EBUSY'])
    for (const { id } of orders.slice(0, 8)) expect((await writer.endOf(id)).errno).toBeNull()
    expect(read(append[0] as string)).toBe('0\n1\n2\n3\n4\n5\n6\n7\n')
    expect(await writer.append(append, 'again\n')).toBeNull()
  })

  test('the end waits for all writes, and delivers no more events', async () => {
    await using writer = await Writer.start()
    const at = (name: string): string => join(writer.folder, name)
    const append = [at('journal')]
    await writer.execute(
      writer.order({ append, text: '1\n', maxBytes: 1e6 }),
      writer.order({ append, text: '2\n', maxBytes: 1e6 }),
      writer.order({ write: [at('report')], text: 'whole' }),
      writer.order({ append, text: '3\n', maxBytes: 1e6 }),
      { finish: 5000 },
    )
    expect(await writer.exitCode()).toBe(0)
    expect(read(at('journal'))).toBe('1\n2\n3\n')
    expect(read(at('report'))).toBe('whole')
    expect(writer.ends()).toEqual([])
  })

  test('a text of more than 4 MiB is refused', async () => {
    await using writer = await Writer.start()
    const append = [join(writer.folder, 'journal')]
    const text = 'x'.repeat(4 * 1024 * 1024 + 1)
    expect(await writer.execute(writer.order({ append, text, maxBytes: 1e6 }))).toEqual(['EFBIG'])
    expect(await writer.append([], '')).toBe('ENOENT')
  })
})

describe('write', () => {
  test('replaces a file as a whole', async () => {
    await using writer = await Writer.start()
    const write = [join(writer.folder, 'state/report')]
    for (const text of ['old', 'new']) {
      expect((await writer.run({ write, text })).errno).toBeNull()
      expect(read(write[0] as string)).toBe(text)
    }
  })

  test('a failure is reported and printed', async () => {
    await using writer = await Writer.start()
    const end = await writer.run({ write: ['/proc/no/such'], text: 'x' })
    expect(end.errno).toBe('ENOENT')
    const line = 'pitcrew: cannot write /proc/no/such: ENOENT'
    await eventually('it is on stderr', () => writer.errors.includes(line))
  })
})

describe('tail', () => {
  test('returns the last whole lines that fit', async () => {
    await using writer = await Writer.start()
    const path = join(writer.folder, 'journal')
    writeFileSync(path, 'one\ntwo\nthree\n')
    const tails: unknown[] = []
    for (const maxBytes of [14, 13, 10, 9, 6, 5, 0]) tails.push(await writer.tail(path, maxBytes))
    expect(tails).toEqual([
      'one\ntwo\nthree\n',
      'two\nthree\n',
      'two\nthree\n',
      'three\n',
      'three\n',
      '',
      '',
    ])
  })

  test('an incomplete last line is left out', async () => {
    await using writer = await Writer.start()
    const path = join(writer.folder, 'journal')
    writeFileSync(path, 'one\ntwo\nthr')
    expect(await writer.tail(path)).toBe('one\ntwo\n')
    writeFileSync(path, 'all of it is torn')
    expect(await writer.tail(path)).toBe('')
  })

  test('a missing path and a special file are empty, and nothing waits', async () => {
    await using writer = await Writer.start()
    const at = (name: string): string => join(writer.folder, name)
    writeFileSync(at('file'), 'one\n')
    mkdirSync(at('folder'))
    symlinkSync(at('file'), at('link'))
    linkSync(at('file'), at('same'))
    spawnSync('mkfifo', [at('fifo')])
    const paths = [...['missing', 'folder', 'link', 'fifo', '', 'same'].map(at), '/dev/zero']
    const tails: unknown[] = []
    for (const path of paths) tails.push(await writer.tail(path, 99))
    expect(tails).toEqual(['', '', '', '', '', 'one\n', ''])
  })

  test('reads PATH.1 and PATH of the first path with lines', async () => {
    await using writer = await Writer.start()
    const at = (name: string): string => join(writer.folder, name)
    writeFileSync(at('journal.1'), 'one\ntwo\n')
    writeFileSync(at('journal'), 'three\n')
    writeFileSync(at('other'), 'other\n')
    const tail = ['missing', 'journal', 'other'].map(at)
    expect((await writer.run({ tail, maxBytes: 99 })).text).toBe('one\ntwo\nthree\n')
    expect((await writer.run({ tail, maxBytes: 10 })).text).toBe('two\nthree\n')
  })

  test('a huge file costs no more than the requested bytes', async () => {
    await using writer = await Writer.start()
    const path = join(writer.folder, 'journal')
    writeFileSync(path, `${'x'.repeat(99)}\n`)
    truncateSync(path, 2 ** 40)
    appendFileSync(path, `${`${'y'.repeat(99)}\n`.repeat(5000)}`)
    const before = residentKib(writer)
    expect(await writer.tail(path, 300_000)).toBe('300000 characters')
    if (!isSanitized) expect(residentKib(writer) - before).toBeLessThan(4000)
  })
})

describe('exists and connect', () => {
  test('a path exists, or the errno says why not', async () => {
    await using writer = await Writer.start()
    const at = (name: string): string => join(writer.folder, name)
    writeFileSync(at('file'), '')
    const errnos: unknown[] = []
    for (const path of ['file', 'none', 'file/below'].map(at))
      errnos.push((await writer.run({ exists: path })).errno)
    expect(errnos).toEqual([null, 'ENOENT', 'ENOTDIR'])
  })

  test('a socket with a listener, with a full backlog, without a listener', async () => {
    await using writer = await Writer.start()
    const at = (name: string): string => join(writer.folder, name)
    await listen(createServer(), { path: at('socket') })
    await fullListener(at('full'))
    const errnos: unknown[] = []
    for (const path of [...['socket', 'full', 'none', ''].map(at), `/${'x'.repeat(107)}`])
      errnos.push((await writer.run({ connect: path })).errno)
    expect(errnos).toEqual([null, null, 'ENOENT', 'ECONNREFUSED', 'ENAMETOOLONG'])
  })
})

describe('run', () => {
  test('returns what this program prints, up to the limit', async () => {
    await using writer = await Writer.start()
    const run = async (words: readonly string[], maxBytes: number, timeoutMs?: number) => {
      const { type: _, id: __, ...rest } = await writer.run({ run: words, maxBytes }, timeoutMs)
      return rest
    }
    const fine = { errno: null, code: 0, signal: 0, timedOut: false }
    expect(await run(['@print', '5'], 5)).toEqual({ ...fine, text: 'xxxxx' })
    expect(await run(['@print', '100000'], 100_000)).toMatchObject({ text: '100000 characters' })
    expect(await run(['@print', '6'], 5)).toMatchObject({ errno: null, text: null })
    expect(await run(['@exit', '3'], 5)).toEqual({ ...fine, code: 3, text: '' })
    const late = { errno: 'ETIMEDOUT', signal: 9, timedOut: true }
    expect(await run(['@hang'], 5, 200)).toMatchObject(late)
  })

  test('several helpers run at once, and none is left', async () => {
    await using writer = await Writer.start()
    const orders = Array.from({ length: 4 }, () => writer.order({ run: ['@hang'], maxBytes: 1 }))
    await writer.execute(...orders)
    await eventually('four run', () => writer.helpers().length === 4)
    const look = await writer.run({ exists: writer.folder })
    expect(look.errno).toBeNull()
    await writer.execute(...orders.map(({ id }) => ({ forget: id })))
    await eventually('none is left', () => writer.helpers().length === 0)
  })

  test('a start beyond the limit of processes is reported', async () => {
    const limit = 'setpriv --reuid=65534 --clear-groups prlimit --nproc=1'
    await using writer = await Writer.start({ wrap: limit.split(' ') })
    expect((await writer.run({ exists: '/' })).errno).toBe('EAGAIN')
    expect((await writer.run({ run: ['@print', '1'], maxBytes: 1 })).errno).toBe('EAGAIN')
  })
})

test.each([
  ['no task', {}],
  ['no path', { exists: [] }],
  ['a path of another type', { exists: 5 }],
  ['no deadline', { exists: '/', timeoutMs: -1 }],
  ['a limit that is too high', { tail: ['/'], maxBytes: 2 ** 40 }],
  ['too many arguments', { run: Array(65).fill('x'), maxBytes: 1 }],
])('%s is refused', async (_, task) => {
  await using writer = await Writer.start()
  expect(await writer.execute(writer.order(task as never))).toEqual(['EINVAL'])
})

describe('loadControl', () => {
  test('loads the image once', async () => {
    await using writer = await Writer.start()
    expect(await writer.execute({ plane: 'a' }, { plane: 'b' })).toEqual([
      'load 1, call 1: a',
      'load 1, call 2: b',
    ])
    expect(await writer.execute({ plane: 'c' })).toEqual(['load 1, call 3: c'])
  })

  test('a bug in it reaches the caller', async () => {
    await using writer = await Writer.start()
    expect(await writer.execute({ plane: 'throw' }, { plane: 'a' })).toEqual([
      { thrown: 'Error: a bug of the plane' },
      'load 1, call 1: a',
    ])
  })
})
