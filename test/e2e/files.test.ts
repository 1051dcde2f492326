/** A file that grows by whole lines, written by a child: the journal's. The host is real, and a test stands in the
 *  init's place. */
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { buildWriter, Writer } from './files.ts'
import { eventually } from './processes.ts'

beforeAll(buildWriter, 300_000)

const read = (path: string): string => readFileSync(path, 'utf8')

describe('appendAside', () => {
  test('adds lines at the end, and tells of each that it is done', async () => {
    await using writer = await Writer.start()
    const path = join(writer.folder, 'journal')
    expect(await writer.append([path], 'one\ntwo\n')).toBe('null')
    expect(await writer.append([path], 'three\n')).toBe('null')
    expect(read(path)).toBe('one\ntwo\nthree\n')
  })

  test('makes the folder and the one above it, for us alone, and so is the file', async () => {
    await using writer = await Writer.start()
    const path = join(writer.folder, 'state', 'shop', 'journal')
    expect(await writer.append([path], 'one\n')).toBe('null')
    const modes = ['state', 'state/shop', 'state/shop/journal'].map(
      (name) => statSync(join(writer.folder, name)).mode & 0o777,
    )
    expect(modes).toEqual([0o700, 0o700, 0o600])
  })

  test('a line that is torn at the end is ended first', async () => {
    await using writer = await Writer.start()
    const path = join(writer.folder, 'journal')
    writeFileSync(path, '{"n":1}\n{"n":')
    expect(await writer.append([path], '{"n":2}\n')).toBe('null')
    expect(read(path)).toBe('{"n":1}\n{"n":\n{"n":2}\n')
  })

  test('a file that would become too long is set aside as PATH.1, and the one before that is gone', async () => {
    await using writer = await Writer.start()
    const path = join(writer.folder, 'journal')
    for (const text of ['first\n', 'second\n', 'third\n', 'fourth\n'])
      expect(await writer.append([path], text, 12)).toBe('null')
    expect([read(path), read(`${path}.1`)]).toEqual(['fourth\n', 'third\n'])
    expect(await writer.append([path], '4444\n', 12)).toBe('null')
    expect(read(path)).toBe('fourth\n4444\n')
  })

  test('what alone is longer than that is written all the same', async () => {
    await using writer = await Writer.start()
    const path = join(writer.folder, 'journal')
    expect(await writer.append([path], 'a long line\n', 4)).toBe('null')
    expect(read(path)).toBe('a long line\n')
    expect(existsSync(`${path}.1`)).toBe(false)
  })

  test('goes to the first path that can be written', async () => {
    await using writer = await Writer.start()
    const paths = ['/proc/no/journal', `${writer.folder}/${'x'.repeat(5000)}`]
    const good = join(writer.folder, 'state/journal')
    expect(await writer.append([...paths, good, join(writer.folder, 'other')], 'one\n')).toBe(
      'null',
    )
    expect(read(good)).toBe('one\n')
    expect(readdirSync(writer.folder)).not.toContain('other')
  })

  test('one at a time, in order; four wait, and the next is told to come again', async () => {
    await using writer = await Writer.start()
    const path = join(writer.folder, 'journal')
    const orders = ['1', '2', '3', '4', '5', '6'].map((n) => ({ append: [path], text: `${n}\n` }))
    expect(await writer.tell(...orders)).toEqual([null, null, null, null, 'EBUSY', 'EBUSY'])
    await writer.linesWith('appended null', 4)
    expect(read(path)).toBe('1\n2\n3\n4\n')
    expect(await writer.append([path], 'again\n')).toBe('null')
  })

  test('whole files wait in the same row', async () => {
    await using writer = await Writer.start()
    const [path, whole] = [join(writer.folder, 'journal'), join(writer.folder, 'report')]
    const answers = await writer.tell(
      { append: [path], text: '1\n' },
      { write: [whole], text: 'old' },
      { append: [path], text: '2\n' },
      { write: [whole], text: 'new' },
    )
    expect(answers).toEqual([null, null, null, null])
    await writer.linesWith('appended null', 2)
    expect(read(path)).toBe('1\n2\n')
    await eventually('the file is written', () => read(whole) === 'new')
  })

  test('the end waits for all of them, and tells no more', async () => {
    await using writer = await Writer.start()
    const path = join(writer.folder, 'journal')
    await writer.tell(
      { append: [path], text: '1\n' },
      { append: [path], text: '2\n' },
      { append: [path], text: '3\n' },
      { finish: 5000 },
    )
    expect(await writer.exitCode()).toBe(0)
    expect(read(path)).toBe('1\n2\n3\n')
    expect(writer.outcomes()).toEqual([])
  })

  test('a text of more than 4 MiB is refused', async () => {
    await using writer = await Writer.start()
    const path = join(writer.folder, 'journal')
    const text = 'x'.repeat(4 * 1024 * 1024 + 1)
    expect(await writer.tell({ append: [path], text }, { append: [], text: '' })).toEqual([
      'EFBIG',
      null,
    ])
    await writer.line('appended ENOENT')
  })
})

describe('readTail', () => {
  test('gives the last whole lines that fit', async () => {
    await using writer = await Writer.start()
    const path = join(writer.folder, 'journal')
    writeFileSync(path, 'one\ntwo\nthree\n')
    const tails = [14, 13, 10, 9, 6, 5, 0].map((maxBytes) => ({ tail: path, maxBytes }))
    expect(await writer.tell(...tails)).toEqual([
      'one\ntwo\nthree\n',
      'two\nthree\n',
      'two\nthree\n',
      'three\n',
      'three\n',
      '',
      '',
    ])
  })

  test('a line that is torn at the end is left out', async () => {
    await using writer = await Writer.start()
    const path = join(writer.folder, 'journal')
    writeFileSync(path, 'one\ntwo\nthr')
    expect(await writer.tail(path)).toBe('one\ntwo\n')
    writeFileSync(path, 'all of it is torn')
    expect(await writer.tail(path)).toBe('')
  })

  test('what is missing or no regular file is empty, and nobody is waited for', async () => {
    await using writer = await Writer.start()
    const at = (name: string): string => join(writer.folder, name)
    writeFileSync(at('file'), 'one\n')
    mkdirSync(at('folder'))
    symlinkSync(at('file'), at('link'))
    linkSync(at('file'), at('same'))
    spawnSync('mkfifo', [at('fifo')])
    const paths = ['missing', 'folder', 'link', 'fifo', '', 'same'].map(at)
    const orders = [...paths, '/dev/zero', '/proc/self/stat'].map((tail) => ({
      tail,
      maxBytes: 99,
    }))
    expect(await writer.tell(...orders)).toEqual(['', '', '', '', '', 'one\n', '', ''])
  })
})

describe('loadControl', () => {
  test('loads the image once', async () => {
    await using writer = await Writer.start()
    expect(await writer.tell({ plane: 'a' }, { plane: 'b' })).toEqual([
      'load 1, call 1: a',
      'load 1, call 2: b',
    ])
    expect(await writer.tell({ plane: 'c' })).toEqual(['load 1, call 3: c'])
  })

  test("a bug in it is the caller's to catch", async () => {
    await using writer = await Writer.start()
    expect(await writer.tell({ plane: 'throw' }, { plane: 'a' })).toEqual([
      { thrown: 'Error: a bug of the plane' },
      'load 1, call 1: a',
    ])
  })
})
