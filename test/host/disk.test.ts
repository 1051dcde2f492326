/** The functions of the program `@files`: what each does to files, and its errors. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answersOf, buildDisk } from './images/disk.ts'
import type { DiskCall } from './images/disk-entry.ts'

beforeAll(buildDisk, 300_000)

const scratch = mkdtempSync(join(tmpdir(), 'pitcrew-disk-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
let folders = 0

/** A folder of this test. */
function folder(): string {
  const path = join(scratch, String(++folders))
  mkdirSync(path)
  return path
}

function file(content: string | Buffer, mode = 0o644): string {
  const path = join(folder(), 'file')
  writeFileSync(path, content)
  chmodSync(path, mode)
  return path
}

const answer = (...call: DiskCall): unknown => answersOf([call])[0]
const sha256 = (content: string | Buffer): string =>
  createHash('sha256').update(content).digest('hex')
const read = (path: string): string => readFileSync(path, 'utf8')
const modeOf = (path: string): number => statSync(path).mode & 0o7777
const isRoot = process.getuid?.() === 0
const mebibyte = 1024 * 1024

/** A pipe without another end: opening it would wait. */
function pipe(): string {
  const path = join(folder(), 'pipe')
  execFileSync('mkfifo', [path])
  return path
}

describe('hash', () => {
  test.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
    ['a'.repeat(1_000_000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
  ])('is SHA-256: published vectors (%#)', (content, digits) => {
    expect(answer('hash', file(content), mebibyte)).toEqual({
      sha256: digits,
      bytes: content.length,
    })
  })

  test('of every length around the bounds of blocks and reads', () => {
    const lengths = [1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 128, 65535, 65536, 65537, mebibyte]
    const contents = lengths.map((length) => Buffer.alloc(length, `${length} `))
    const calls = contents.map((content): DiskCall => ['hash', file(content), mebibyte])
    expect(answersOf(calls)).toEqual(
      contents.map((content) => ({ sha256: sha256(content), bytes: content.length })),
    )
  })

  test('of a file that is larger than the limit: EFBIG', () => {
    const path = file('12345')
    expect(
      answersOf([
        ['hash', path, 5],
        ['hash', path, 4],
      ]),
    ).toEqual([{ sha256: sha256('12345'), bytes: 5 }, 'EFBIG'])
  })

  test('never waits for what is no regular file, and follows no link', async () => {
    const socket = join(folder(), 'socket')
    const server = createServer().listen(socket)
    await new Promise((done) => server.on('listening', done))
    const link = join(folder(), 'link')
    symlinkSync(file('x'), link)
    const paths = [pipe(), socket, '/dev/zero', scratch, link, join(scratch, 'absent'), `${link}/x`]
    expect(answersOf(paths.map((path): DiskCall => ['hash', path, mebibyte]))).toEqual([
      'EINVAL',
      'EINVAL',
      'EINVAL',
      'EINVAL',
      'ELOOP',
      'ENOENT',
      'ENOTDIR',
    ])
    server.close()
  })
})

describe('stat', () => {
  test('kind, size, mode, owner and identity', () => {
    const path = file('12345', 0o640)
    const link = join(folder(), 'link')
    symlinkSync(path, link)
    const twin = join(scratch, 'twin')
    linkSync(path, twin)
    const [own, same, ofLink, ofFolder, ofPipe] = answersOf(
      [path, twin, link, scratch, pipe()].map((one): DiskCall => ['stat', one]),
    ) as Record<string, unknown>[]
    const { uid, gid, ctimeMs, dev, ino } = statSync(path)
    expect(own).toEqual({
      kind: 'file',
      bytes: 5,
      mode: 0o640,
      uid,
      gid,
      id: `${dev}:${ino}`,
      changedMs: Math.floor(ctimeMs),
    })
    expect(same).toEqual(own)
    expect([ofLink?.kind, ofFolder?.kind, ofPipe?.kind]).toEqual(['link', 'folder', 'other'])
  })

  test('null where nothing is; an error where that is not known', () => {
    const path = file('')
    const long = join(scratch, 'x'.repeat(300))
    expect(
      answersOf([
        ['stat', join(scratch, 'absent')],
        ['stat', `${path}/x`],
        ['stat', long],
      ]),
    ).toEqual([null, 'ENOTDIR', 'ENAMETOOLONG'])
  })
})

test('a real path has no links; a loop is an error', () => {
  const place = folder()
  mkdirSync(join(place, 'data-1'))
  writeFileSync(join(place, 'data-1/file'), '')
  symlinkSync('data-1', join(place, '..data'))
  symlinkSync('..data/file', join(place, 'file'))
  symlinkSync('loop', join(place, 'loop'))
  const calls = ['file', 'loop', 'absent'].map((name): DiskCall => ['realPath', join(place, name)])
  expect(answersOf(calls)).toEqual([{ path: join(place, 'data-1/file') }, 'ELOOP', 'ENOENT'])
})

test('a text is read whole; bytes that are no UTF-8 become U+FFFD', () => {
  const path = file(Buffer.from([0x61, 0, 0xff, 0xc3, 0xa9]))
  expect(
    answersOf([
      ['readText', path, 5],
      ['readText', path, 4],
      ['readText', pipe(), 9],
    ]),
  ).toEqual([{ text: 'a\0\ufffdé' }, 'EFBIG', 'EINVAL'])
})

describe('copy', () => {
  test('makes a file with this mode, whatever the umask is', () => {
    const from = file('content', 0o600)
    const to = join(folder(), 'to')
    const before = ['/bin/sh', '-c', 'umask 077; exec "$@"', 'sh']
    const call: DiskCall = ['copy', from, to, 0o664, null, null, mebibyte]
    expect(answersOf([call], { before })).toEqual([{ sha256: sha256('content'), bytes: 7 }])
    expect(read(to)).toBe('content')
    expect(modeOf(to)).toBe(0o664)
  })

  test('from stdin, byte for byte', () => {
    const to = join(folder(), 'to')
    const input = Buffer.from(Array.from({ length: mebibyte }, (_, n) => n % 251))
    const [hashed] = answersOf([['copy', '-', to, 0o600, null, null, mebibyte]], { input })
    expect(hashed).toEqual({ sha256: sha256(input), bytes: mebibyte })
    expect(readFileSync(to).equals(input)).toBe(true)
  })

  test('of more than the limit leaves nothing', () => {
    const to = join(folder(), 'to')
    const [errno] = answersOf([['copy', '-', to, 0o600, null, null, 4]], { input: '12345' })
    expect(errno).toBe('EFBIG')
    expect(readdirSync(join(to, '..'))).toEqual([])
  })

  test('replaces no file, and no link', () => {
    const from = file('new')
    const old = file('old')
    const link = join(folder(), 'link')
    symlinkSync('absent', link)
    const copy = (to: string): DiskCall => ['copy', from, to, 0o600, null, null, 9]
    expect(answersOf([copy(old), copy(link), copy(join(scratch, 'absent/to'))])).toEqual([
      'EEXIST',
      'EEXIST',
      'ENOENT',
    ])
    expect([read(old), readdirSync(join(link, '..'))]).toEqual(['old', ['link']])
  })

  test('of what is no regular file makes nothing', () => {
    const to = join(folder(), 'to')
    expect(answer('copy', pipe(), to, 0o600, null, null, 9)).toBe('EINVAL')
    expect(readdirSync(join(to, '..'))).toEqual([])
  })

  test.skipIf(!isRoot)('gives it to this owner, and keeps the bit for set-gid', () => {
    const to = join(folder(), 'to')
    expect(answer('copy', file('x'), to, 0o2750, 1234, 2345, 9)).toMatchObject({ bytes: 1 })
    const { uid, gid } = statSync(to)
    expect([uid, gid, modeOf(to)]).toEqual([1234, 2345, 0o2750])
  })

  test.skipIf(!isRoot)('leaves nothing where the disk is full', () => {
    const place = folder()
    const script = 'mount -t tmpfs -o size=64k none "$1" && shift && "$@"; ls "$0" | wc -l >&2'
    const words = ['/bin/sh', '-c', script, place, place]
    const call: DiskCall = ['copy', '-', join(place, 'to'), 0o600, null, null, mebibyte]
    const run = () =>
      answersOf([call], { input: Buffer.alloc(100_000), before: ['unshare', '-m', ...words] })
    expect(run).toThrow('status 0: 0\n')
  })
})

describe('overwrite', () => {
  test('keeps inode, mode and twins, whether it grows or shrinks', () => {
    const to = file('old', 0o640)
    const twin = join(folder(), 'twin')
    linkSync(to, twin)
    const { ino } = statSync(to)
    for (const content of ['x'.repeat(200_000), 'short', '']) {
      expect(answer('overwrite', file(content), to)).toBeNull()
      expect(read(twin)).toBe(content)
    }
    expect([statSync(to).ino, modeOf(to)]).toEqual([ino, 0o640])
  })

  test.skipIf(!isRoot)('changes nothing where the disk has no room for it', () => {
    const from = file('x'.repeat(200_000))
    const place = folder()
    const script = [
      'mount -t tmpfs -o size=128k none "$1" && printf old > "$1/to" && shift && "$@"',
      'cat "$0/to" >&2; printf " %s" "$(stat -c %s "$0/to")" >&2',
    ].join('; ')
    const before = ['unshare', '-m', '/bin/sh', '-c', script, place, place]
    expect(() => answersOf([['overwrite', from, join(place, 'to')]], { before })).toThrow('old 3')
  })

  test('needs two regular files, and follows no link', () => {
    const path = file('x')
    const link = join(folder(), 'link')
    symlinkSync(path, link)
    const pairs = [
      [path, link],
      [link, path],
      [path, scratch],
      [pipe(), path],
      [path, pipe()],
      [path, join(scratch, 'absent')],
    ] as const
    expect(answersOf(pairs.map(([from, to]): DiskCall => ['overwrite', from, to]))).toEqual([
      'ELOOP',
      'ELOOP',
      'EINVAL',
      'EINVAL',
      'EINVAL',
      'ENOENT',
    ])
    expect(read(path)).toBe('x')
  })
})

describe('write', () => {
  test('replaces a file as a whole, for its user only, and leaves nothing beside it', () => {
    const path = file('old', 0o644)
    writeFileSync(`${path}.tmp`, 'of an earlier life')
    expect(answer('write', path, 'new')).toBeNull()
    expect([read(path), modeOf(path), readdirSync(join(path, '..'))]).toEqual([
      'new',
      0o600,
      ['file'],
    ])
  })

  test('a link is replaced, and the file behind it stays', () => {
    const path = file('old')
    const link = join(folder(), 'link')
    symlinkSync(path, link)
    symlinkSync(path, `${link}.tmp`)
    expect(answer('write', link, 'new')).toBeNull()
    expect([read(link), read(path)]).toEqual(['new', 'old'])
  })

  test('a failure leaves the old content', () => {
    const place = folder()
    mkdirSync(join(place, 'is-folder'))
    expect(
      answersOf([
        ['write', join(place, 'is-folder'), 'x'],
        ['write', join(place, 'absent/file'), 'x'],
        ['write', '', 'x'],
        ['write', { times: 5000 }, 'x'],
      ]),
    ).toEqual(['EISDIR', 'ENOENT', 'ENOENT', 'ENAMETOOLONG'])
    expect(readdirSync(place)).toEqual(['is-folder'])
  })
})

test('rename, remove and list', () => {
  const place = folder()
  const [one, two] = [join(place, 'one'), join(place, 'two')]
  writeFileSync(one, '1')
  writeFileSync(two, '2')
  expect(
    answersOf([
      ['rename', one, two],
      ['list', place],
      ['rename', one, two],
      ['remove', one],
      ['remove', two],
      ['remove', place],
      ['list', place],
      ['list', two],
    ]),
  ).toEqual([null, ['two'], 'ENOENT', null, null, 'EISDIR', [], 'ENOENT'])
})

describe('folders', () => {
  test('are made with those above them, with this mode', () => {
    const place = folder()
    const paths = ['a', 'a/b', 'a/b/c'].map((name) => join(place, name))
    const call: DiskCall = ['makeFolders', `${paths[2]}/`, 0o700]
    expect(answersOf([call, call])).toEqual([null, null])
    expect(paths.map(modeOf)).toEqual([0o700, 0o700, 0o700])
  })

  test('a file on the way is an error', () => {
    const path = file('')
    expect(
      answersOf([
        ['makeFolders', path, 0o700],
        ['makeFolders', `${path}/x`, 0o700],
      ]),
    ).toEqual(['ENOTDIR', 'ENOTDIR'])
  })

  test.skipIf(!isRoot)('one of another user in a folder of all is refused', () => {
    const place = folder()
    const theirs = join(place, 'theirs')
    mkdirSync(theirs)
    execFileSync('chown', ['1234', theirs])
    const call: DiskCall = ['makeFolders', join(theirs, 'x'), 0o700]
    expect(answersOf([call])).toEqual([null])
    chmodSync(place, 0o1777)
    expect(answersOf([call])).toEqual(['EPERM'])
  })
})

describe.skipIf(!isRoot)('where the kernel refuses', () => {
  /** Calls in a mount namespace of their own. */
  const answersIn = (place: string, script: string, calls: readonly DiskCall[]): unknown[] => {
    const shell = ['/bin/sh', '-c', `cd "$1" && ${script} && shift && exec "$@"`, 'sh', place]
    return answersOf(calls, { before: ['unshare', '-m', ...shell] })
  }

  test('a file that is a mount can be overwritten, and neither replaced nor removed', () => {
    const place = folder()
    const [from, to] = [join(place, 'from'), join(place, 'to')]
    writeFileSync(from, 'new')
    writeFileSync(to, 'old')
    const calls: DiskCall[] = [
      ['rename', from, to],
      ['write', to, 'x'],
      ['remove', to],
      ['overwrite', from, to],
      ['readText', to, 9],
      ['list', place],
    ]
    expect(answersIn(place, 'cp to source && mount --bind source to', calls)).toEqual([
      'EBUSY',
      'EBUSY',
      'EBUSY',
      null,
      { text: 'new' },
      ['from', 'source', 'to'],
    ])
    expect(read(join(place, 'source'))).toBe('new')
  })

  test('a folder that is read-only stays as it is', () => {
    const place = folder()
    const file = join(place, 'file')
    writeFileSync(file, 'old')
    const calls: DiskCall[] = [
      ['copy', '-', join(place, 'new'), 0o600, null, null, 9],
      ['overwrite', file, file],
      ['write', file, 'x'],
      ['rename', file, join(place, 'new')],
      ['remove', file],
      ['makeFolders', join(place, 'a/b'), 0o700],
      ['makeFolders', place, 0o700],
      ['hash', file, 9],
    ]
    const readOnly = 'mount --bind . . && mount -o remount,bind,ro . '
    expect(answersIn(place, readOnly, calls)).toEqual([
      ...Array(6).fill('EROFS'),
      null,
      { sha256: sha256('old'), bytes: 3 },
    ])
  })
})

test('arguments of other types are refused', () => {
  const calls: DiskCall[] = [
    ['stat', null],
    ['realPath', 5],
    ['hash'],
    ['readText', null, 5],
    ['copy', 'a'],
    ['overwrite', 'a', null],
    ['write', 5, 'x'],
    ['rename', 'a'],
    ['remove', null],
    ['makeFolders', 5, 0o700],
    ['list'],
  ]
  expect(answersOf(calls)).toEqual(calls.map(() => 'EINVAL'))
})

test('texts with a NUL are no paths', () => {
  expect(
    answersOf([
      ['stat', 'a\0b'],
      ['hash', 'a\0b', 1],
      ['rename', 'a', 'b\0'],
      ['list', 'a\0'],
    ]),
  ).toEqual(['EINVAL', 'EINVAL', 'EINVAL', 'EINVAL'])
})
