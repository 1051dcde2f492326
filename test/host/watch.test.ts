/** Watched files: each change of content is reported, whatever way it was made, and nothing else. */
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { isSanitized } from '../e2e/support/cost.ts'
import { canUnshare } from '../e2e/support/pitcrew.ts'
import { eventually } from '../e2e/support/processes.ts'
import { buildWriter } from './images/files.ts'
import { ConfigMap, replace, sha256, Watcher } from './images/watch.ts'

beforeAll(buildWriter, 300_000)

/** So many changes are noticed at once: the sweep alone would notice one in two seconds. */
async function swiftly(change: (n: number) => Promise<void>): Promise<void> {
  const begin = performance.now()
  for (let n = 1; n <= 5; n++) await change(n)
  expect(performance.now() - begin).toBeLessThan(6000)
}

/** An orphan that has ended may not be reaped yet. */
function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1') !== ''
  } catch {
    return false
  }
}

describe('the first report', () => {
  test('comes for each file, with its content, size and time', async () => {
    await using watcher = await Watcher.start()
    writeFileSync(watcher.at('one'), 'first')
    writeFileSync(watcher.at('two'), '')
    await watcher.watch('one', 'two')
    const { ctimeMs } = statSync(watcher.at('one'))
    expect(watcher.reports()).toEqual([
      {
        type: 'file',
        path: watcher.at('one'),
        sha256: sha256('first'),
        bytes: 5,
        errno: null,
        changedMs: Math.floor(ctimeMs),
      },
      expect.objectContaining({ path: watcher.at('two'), sha256: sha256(''), bytes: 0 }),
    ])
  })

  test('names why there is no content', async () => {
    await using watcher = await Watcher.start()
    mkdirSync(watcher.at('folder'))
    writeFileSync(watcher.at('file'), '')
    symlinkSync('loop', watcher.at('loop'))
    execFileSync('mkfifo', [watcher.at('pipe')])
    writeFileSync(watcher.at('large'), '')
    truncateSync(watcher.at('large'), 8 * 1024 * 1024 + 1)
    await watcher.watch('folder', 'file/x', 'loop', 'pipe', 'large', 'absent', 'no/such')
    expect(watcher.reports().map(({ errno, sha256, bytes }) => [errno, sha256, bytes])).toEqual(
      ['EINVAL', 'ENOTDIR', 'ELOOP', 'EINVAL', 'EFBIG', 'ENOENT', 'ENOENT'].map((errno) => [
        errno,
        null,
        0,
      ]),
    )
  })

  test('the clock of the host is that of the files', async () => {
    await using watcher = await Watcher.start()
    const clock = async () => (await watcher.writer.execute({ clock: true }))[0] as number
    const before = await clock()
    writeFileSync(watcher.at('file'), 'x')
    await watcher.watch('file')
    const changedMs = watcher.reports()[0]?.changedMs ?? 0
    expect(changedMs).toBeGreaterThanOrEqual(before)
    expect(changedMs).toBeLessThanOrEqual(await clock())
  })
})

describe('a change is reported', () => {
  test('of a file that is replaced by a rename, again and again', async () => {
    await using watcher = await Watcher.start()
    writeFileSync(watcher.at('file'), 'a')
    await watcher.watch('file')
    await swiftly(async (n) => {
      replace(watcher.at('file'), `${n}`)
      await watcher.shows('file', `${n}`)
    })
    const all = ['a', '1', '2', '3', '4', '5']
    expect(watcher.story('file', ...all)).toEqual(all)
  })

  test('of a file that is edited in place, also through another name', async () => {
    await using watcher = await Watcher.start()
    writeFileSync(watcher.at('file'), 'a')
    await watcher.watch('file')
    mkdirSync(watcher.at('elsewhere'))
    linkSync(watcher.at('file'), watcher.at('elsewhere/twin'))
    await swiftly(async (n) => {
      appendFileSync(watcher.at(n % 2 ? 'file' : 'elsewhere/twin'), 'b')
      await watcher.shows('file', `a${'b'.repeat(n)}`)
    })
  })

  test('of the same size and time', async () => {
    await using watcher = await Watcher.start()
    const at = new Date('2020-01-01')
    writeFileSync(watcher.at('file'), 'aaa')
    utimesSync(watcher.at('file'), at, at)
    await watcher.watch('file')
    writeFileSync(watcher.at('.next'), 'bbb')
    utimesSync(watcher.at('.next'), at, at)
    renameSync(watcher.at('.next'), watcher.at('file'))
    await watcher.shows('file', 'bbb')
  })

  test('of a volume of a ConfigMap', async () => {
    await using watcher = await Watcher.start()
    const map = new ConfigMap(watcher.at('etc'), 'file', 'a')
    await watcher.watch('etc/file')
    await swiftly(async (n) => {
      map.publish('file', `${n}`)
      await watcher.shows('etc/file', `${n}`)
    })
    const all = ['a', '1', '2', '3', '4', '5']
    expect(watcher.story('etc/file', ...all)).toEqual(all)
  })

  test('by a link to an older file, with the time of the link', async () => {
    await using watcher = await Watcher.start()
    for (const name of ['old', 'new']) {
      mkdirSync(watcher.at(name))
      writeFileSync(watcher.at(`${name}/file`), name)
    }
    symlinkSync('old', watcher.at('current'))
    await watcher.watch('current/file')
    const begin = Date.now()
    await eventually('some time is over', () => Date.now() > begin + 20)
    symlinkSync('new', watcher.at('next'))
    renameSync(watcher.at('next'), watcher.at('current'))
    await watcher.shows('current/file', 'new')
    const { ctimeMs } = lstatSync(watcher.at('current'))
    expect(watcher.reports().at(-1)?.changedMs).toBe(Math.floor(ctimeMs))
  })

  test('of links to links, and of the folders that they name', async () => {
    await using watcher = await Watcher.start()
    for (const name of ['x', 'y', 'z']) mkdirSync(watcher.at(name))
    writeFileSync(watcher.at('x/file'), 'x')
    writeFileSync(watcher.at('y/file'), 'y')
    symlinkSync('x', watcher.at('current'))
    symlinkSync(watcher.at('z/../current/./file'), watcher.at('link'))
    await watcher.watch('link')
    symlinkSync('y', watcher.at('next'))
    renameSync(watcher.at('next'), watcher.at('current'))
    await watcher.shows('link', 'y')
    replace(watcher.at('y/file'), 'other')
    await watcher.shows('link', 'other')
    rmSync(watcher.at('link'))
    await watcher.fails('link', 'ENOENT')
    expect(watcher.story('link', 'x', 'y', 'other')).toEqual(['x', 'y', 'other', 'ENOENT'])
  })

  test('of a file that is deleted and created', async () => {
    await using watcher = await Watcher.start()
    writeFileSync(watcher.at('file'), 'a')
    await watcher.watch('file')
    await swiftly(async (n) => {
      unlinkSync(watcher.at('file'))
      await watcher.fails('file', 'ENOENT')
      writeFileSync(watcher.at('file'), `${n}`)
      await watcher.shows('file', `${n}`)
    })
  })

  test('of folders that do not exist yet, that go, and that come back', async () => {
    await using watcher = await Watcher.start()
    await watcher.watch('a/b/file')
    await swiftly(async (n) => {
      mkdirSync(watcher.at('a'))
      mkdirSync(watcher.at('a/b'))
      writeFileSync(watcher.at('a/b/file'), `${n}`)
      await watcher.shows('a/b/file', `${n}`)
      rmSync(watcher.at('a'), { recursive: true })
      await watcher.fails('a/b/file', 'ENOENT')
    })
    mkdirSync(watcher.at('a/b'), { recursive: true })
    writeFileSync(watcher.at('a/b/file'), 'new')
    await watcher.shows('a/b/file', 'new')
    renameSync(watcher.at('a'), watcher.at('old'))
    await watcher.fails('a/b/file', 'ENOENT')
    renameSync(watcher.at('old'), watcher.at('a'))
    await watcher.shows('a/b/file', 'new')
  })

  test('to a folder, to a file that is too large, and back', async () => {
    await using watcher = await Watcher.start()
    writeFileSync(watcher.at('file'), 'a')
    await watcher.watch('file')
    rmSync(watcher.at('file'))
    mkdirSync(watcher.at('file'))
    await watcher.fails('file', 'EINVAL')
    rmSync(watcher.at('file'), { recursive: true })
    writeFileSync(watcher.at('file'), '')
    truncateSync(watcher.at('file'), 9 * 1024 * 1024)
    await watcher.fails('file', 'EFBIG')
    writeFileSync(watcher.at('file'), 'b')
    await watcher.shows('file', 'b')
  })

  test.skipIf(!canUnshare)('of a file that is a mount of its own', async () => {
    const wrap = [
      'unshare',
      '-m',
      '/bin/sh',
      '-c',
      'cd "$PITCREW_STATE_DIR"; echo a > source; echo mount > file; mount --bind source file; exec "$@"',
      'sh',
    ]
    await using watcher = await Watcher.start({ wrap })
    await watcher.watch('file')
    writeFileSync(watcher.at('source'), 'b')
    await watcher.shows('file', 'b')
    // What is mounted is another file now, of which the kernel reports nothing.
    writeFileSync(watcher.at('other'), 'c')
    const inside = ['-t', String(watcher.writer.pid), '-m', 'mount', '--bind']
    execFileSync('nsenter', [...inside, watcher.at('other'), watcher.at('file')])
    await watcher.shows('file', 'c')
    expect(watcher.story('file', 'a\n', 'b', 'c')).toEqual(['a\n', 'b', 'c'])
  })
})

describe('a burst of changes', () => {
  test('is reported a few times, and its last content always', async () => {
    await using watcher = await Watcher.start()
    writeFileSync(watcher.at('file'), 'begin')
    await watcher.watch('file')
    const begin = performance.now()
    for (let n = 1; n <= 1000; n++) {
      if (n % 2) replace(watcher.at('file'), `${n}`)
      else writeFileSync(watcher.at('file'), `${n}`)
    }
    await watcher.shows('file', '1000')
    const seconds = (performance.now() - begin) / 1000
    expect(watcher.reports().length).toBeLessThan(4 + seconds * 20)
  })

  test('of pitcrew that does not read loses nothing', async () => {
    await using watcher = await Watcher.start()
    const names = Array.from({ length: 50 }, (_, n) => `file-${n}`)
    for (const name of names) writeFileSync(watcher.at(name), name)
    await watcher.watch(...names)
    process.kill(watcher.writer.pid, 'SIGSTOP')
    for (let round = 0; round < 20; round++)
      for (const name of names) replace(watcher.at(name), `${name} ${round}`)
    process.kill(watcher.writer.pid, 'SIGCONT')
    for (const name of names) await watcher.shows(name, `${name} 19`)
  })
})

describe('nothing is reported', () => {
  test('when a file is touched, gets another mode, or the same content', async () => {
    await using watcher = await Watcher.start()
    writeFileSync(watcher.at('file'), 'a')
    writeFileSync(watcher.at('barrier'), '')
    await watcher.watch('file', 'barrier')
    utimesSync(watcher.at('file'), new Date(), new Date())
    chmodSync(watcher.at('file'), 0o600)
    replace(watcher.at('file'), 'a')
    appendFileSync(watcher.at('file'), '')
    await watcher.settle()
    expect(watcher.story('file', 'a')).toEqual(['a'])
  })

  test('of other files in the same folders', async () => {
    await using watcher = await Watcher.start()
    writeFileSync(watcher.at('file'), 'a')
    writeFileSync(watcher.at('barrier'), '')
    await watcher.watch('file', 'barrier')
    for (let n = 0; n < 500; n++) replace(watcher.at(`other-${n}`), 'x')
    await watcher.settle()
    expect(watcher.story('file', 'a')).toEqual(['a'])
  })

  test('twice: a content that was changed and changed back is the last report', async () => {
    await using watcher = await Watcher.start()
    writeFileSync(watcher.at('file'), 'a')
    await watcher.watch('file')
    for (let n = 0; n < 100; n++) {
      replace(watcher.at('file'), 'b')
      replace(watcher.at('file'), 'a')
    }
    await watcher.shows('file', 'a')
    const story = watcher.story('file', 'a', 'b')
    expect(story.filter((content, n) => content === story[n - 1])).toEqual([])
    expect(story.at(-1)).toBe('a')
  })
})

describe('the set of files', () => {
  test('is replaced as a whole, and its first reports come again', async () => {
    await using watcher = await Watcher.start()
    for (const name of ['one', 'two', 'three']) writeFileSync(watcher.at(name), name)
    await watcher.watch('one', 'two')
    const first = watcher.child()
    await watcher.watch('two', 'three')
    await eventually('one child watches', () => watcher.children().length === 1)
    expect(watcher.child()).not.toBe(first)
    replace(watcher.at('one'), 'changed')
    replace(watcher.at('three'), 'changed')
    await watcher.shows('three', 'changed')
    const story = watcher.reports().map(({ path }) => path.split('/').at(-1))
    expect(story).toEqual(['one', 'two', 'two', 'three', 'three'])
  })

  test('of no files ends the child, and no event follows', async () => {
    await using watcher = await Watcher.start()
    const before = watcher.writer.descriptors()
    writeFileSync(watcher.at('file'), 'a')
    await watcher.watch('file')
    expect(await watcher.writer.execute({ watch: [] })).toEqual([null])
    await eventually('no child is left', () => watcher.children().length === 0)
    replace(watcher.at('file'), 'b')
    expect(await watcher.writer.execute({ watch: [] })).toEqual([null])
    expect(watcher.events()).toHaveLength(1)
    expect(watcher.writer.descriptors()).toBe(before)
  })

  test('has up to 256 absolute paths', async () => {
    await using watcher = await Watcher.start()
    const names = Array.from({ length: 256 }, (_, n) => `file-${n}`)
    await watcher.watch(...names)
    replace(watcher.at('file-255'), 'x')
    await watcher.shows('file-255', 'x')
    const many = [...names, 'more'].map((name) => watcher.at(name))
    expect(
      await watcher.writer.execute({ watch: many }, { watch: ['relative'] }, { watch: ['/a\0b'] }),
    ).toEqual(['E2BIG', 'EINVAL', 'EINVAL'])
    // What was refused has replaced nothing.
    replace(watcher.at('file-0'), 'y')
    await watcher.shows('file-0', 'y')
  })
})

describe('the child', () => {
  test('that is killed is reported, once, and nothing is left of it', async () => {
    await using watcher = await Watcher.start()
    const before = watcher.writer.descriptors()
    writeFileSync(watcher.at('file'), 'a')
    await watcher.watch('file')
    process.kill(watcher.child(), 'SIGKILL')
    await watcher.writer.line('watcher-ended')
    expect(watcher.events().slice(1)).toEqual([{ type: 'watcher-ended', errno: 'EIO' }])
    expect(watcher.children()).toEqual([])
    expect(watcher.writer.descriptors()).toBe(before)
    await watcher.watch('file')
    replace(watcher.at('file'), 'b')
    await watcher.shows('file', 'b')
    expect(watcher.events().filter(({ type }) => type === 'watcher-ended')).toHaveLength(1)
  })

  test('that hangs holds up neither its replacement nor anything else', async () => {
    await using watcher = await Watcher.start()
    writeFileSync(watcher.at('file'), 'a')
    await watcher.watch('file')
    process.kill(watcher.child(), 'SIGSTOP')
    expect((await watcher.writer.run({ exists: '/' })).errno).toBeNull()
    await watcher.watch('file')
    expect(watcher.children()).toHaveLength(1)
  })

  test('ends with pitcrew, however that ends', async () => {
    await using watcher = await Watcher.start({ asPid1: false })
    writeFileSync(watcher.at('file'), 'a')
    await watcher.watch('file')
    const child = watcher.child()
    process.kill(watcher.writer.pid, 'SIGKILL')
    await eventually('it is gone', () => !isAlive(child))
  })

  test('does not delay the end of pitcrew', async () => {
    await using watcher = await Watcher.start({ asPid1: false })
    writeFileSync(watcher.at('file'), 'a')
    await watcher.watch('file')
    const child = watcher.child()
    await watcher.writer.execute({ finish: 5000 })
    expect(await watcher.writer.exitCode()).toBe(0)
    await eventually('it is gone', () => !isAlive(child))
    expect(watcher.events()).toHaveLength(1)
  })

  test.skipIf(isSanitized)('takes little memory', async () => {
    await using watcher = await Watcher.start()
    const names = Array.from({ length: 20 }, (_, n) => `file-${n}`)
    for (const name of names) writeFileSync(watcher.at(name), 'x'.repeat(100_000))
    await watcher.watch(...names)
    const status = execFileSync('cat', [`/proc/${watcher.child()}/status`], { encoding: 'utf8' })
    expect(Number(/RssAnon:\s+(\d+)/.exec(status)?.[1])).toBeLessThan(400)
  })
})
