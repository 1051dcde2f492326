/** The program `@files` on a real disk: mounts, owners, and KILLs between its system calls. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { FileAnswer, FileWork } from '../../src/core/operations/file-work.ts'
import { isSanitized } from '../e2e/support/cost.ts'
import { binary } from '../e2e/support/pitcrew.ts'

const scratch = mkdtempSync(join(tmpdir(), 'pitcrew-file-work-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const isRoot = process.getuid?.() === 0
const canTrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0
const canMount = spawnSync('unshare', ['-m', 'true']).status === 0
let places = 0

/** A file with its state and run folders, and what works on it. */
class Place {
  readonly folder: string = join(scratch, String(++places))
  readonly etc: string = join(this.folder, 'etc')
  readonly path: string = join(this.etc, 'web.conf')
  readonly state: string = join(this.folder, 'state/bundle')
  /** A command that executes the rest of its arguments. */
  before: readonly string[] = []
  #transactions = 0

  constructor(text: string) {
    mkdirSync(this.etc, { recursive: true })
    chmodSync(this.folder, 0o777)
    writeFileSync(this.path, text)
    chmodSync(this.path, 0o640)
  }

  get text(): string {
    return readFileSync(this.path, 'utf8')
  }

  /** @returns null: the program was killed. */
  run(work: FileWork, input = ''): FileAnswer | null {
    const words = [...this.before, binary, '@files', JSON.stringify(work)]
    const { status, signal, stdout, stderr } = spawnSync(words[0] as string, words.slice(1), {
      input,
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH,
        PITCREW_RUN_DIR: join(this.folder, 'run'),
        ASAN_OPTIONS: 'detect_leaks=0',
      },
      timeout: 30_000,
    })
    if (signal === 'SIGKILL' || status === 137) return null
    if (status !== 0) throw new Error(`status ${status}: ${stderr}`)
    return JSON.parse(stdout)
  }

  /** An apply without check. @returns Its last answer; null: it was killed. */
  apply(text: string, end: 'commit' | 'restore' = 'commit'): FileAnswer | null {
    const tx = `life-${++this.#transactions}`
    const target = { folder: this.state, daemon: 'web', path: this.path, tx }
    const author = { by: 'uid 0', why: '', at: 1 }
    const source = { from: 'stdin' } as const
    const prepared = this.run(
      { kind: 'prepare', target, source, ifMatch: null, isDry: false },
      text,
    )
    if (prepared?.kind !== 'prepared') return prepared
    const { before, after } = prepared
    const stored = this.run({ kind: 'store', target, before, after, isOnDisk: false, ...author })
    if (stored?.kind !== 'stored') return stored
    return end === 'commit'
      ? this.run({ kind: 'commit', target, isVerified: true, ...author })
      : this.run({ kind: 'restore', target, outcome: 'rolled back', cause: '', ...author })
  }

  recover(): FileAnswer | null {
    const daemons = [{ name: 'web', paths: [this.path] }]
    return this.run({ kind: 'recover', folder: this.state, nowWallMs: 2, daemons })
  }

  /** All files, except revisions and their contents. */
  get leftovers(): string[] {
    return readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.includes('/config/'))
      .map(({ name }) => name)
      .filter((name) => name !== 'web.conf')
  }
}

test('an apply replaces the file durably, and keeps its mode', () => {
  const place = new Place('old')
  const { ino } = statSync(place.path)
  expect(place.apply('new')).toEqual({ kind: 'committed', revision: 2, isEdited: false })
  expect(place.text).toBe('new')
  expect(statSync(place.path).mode & 0o7777).toBe(0o640)
  expect(statSync(place.path).ino).not.toBe(ino)
  expect(statSync(place.state).mode & 0o7777).toBe(0o700)
  expect(statSync(join(place.state, 'config/web/1')).mode & 0o7777).toBe(0o600)
  expect(place.leftovers).toEqual([])
})

test('what is rolled back has its old content and mode', () => {
  const place = new Place('old')
  expect(place.apply('new', 'restore')).toEqual({ kind: 'restored', paths: [place.path] })
  expect([place.text, statSync(place.path).mode & 0o7777]).toEqual(['old', 0o640])
  expect(place.leftovers).toEqual([])
})

test('a content of 1 MiB passes byte for byte, a larger one is refused', () => {
  const place = new Place('old')
  const text = 'é\n'.repeat(349_525).padEnd(699_051, 'x')
  expect(Buffer.byteLength(text)).toBe(1024 * 1024)
  expect(place.apply(text)).toMatchObject({ kind: 'committed' })
  expect(place.text).toBe(text)
  expect(place.apply(`${text}x`)).toMatchObject({ kind: 'refused', code: 'too-large' })
  expect(place.text).toBe(text)
})

test('work that is no JSON is a bug of pitcrew: 70, and its text', () => {
  const { status, stderr } = spawnSync(binary, ['@files', '{'], { encoding: 'utf8' })
  expect([status, stderr]).toEqual([70, expect.stringContaining('pitcrew: @files: ')])
})

test.skipIf(!isRoot || isSanitized)('a file of another user keeps its owner', () => {
  const place = new Place('old')
  chownSync(place.path, 1234, 2345)
  expect(place.apply('new')).toMatchObject({ kind: 'committed' })
  const { uid, gid, mode } = statSync(place.path)
  expect([place.text, uid, gid, mode & 0o7777]).toEqual(['new', 1234, 2345, 0o640])
})

describe.skipIf(!isRoot)('without root', () => {
  test('a file of another user that may be written is written in place', () => {
    const place = new Place('old')
    chmodSync(place.path, 0o666)
    chmodSync(place.etc, 0o777)
    const { ino } = statSync(place.path)
    place.before = ['setpriv', '--reuid', '1234', '--regid', '1234', '--clear-groups', '--']
    chmodSync(scratch, 0o755)
    expect(place.apply('new')).toMatchObject({ kind: 'committed' })
    const after = statSync(place.path)
    expect([place.text, after.ino, after.uid]).toEqual(['new', ino, 0])
    expect(place.leftovers).toEqual([])
  })
})

describe.skipIf(!isRoot || !canMount)('a mount', () => {
  const inNamespace = (script: string, ...words: string[]): string[] => [
    ...['unshare', '-m', '/bin/sh', '-c', `${script}; shift ${words.length}; exec "$@"`, 'sh'],
    ...words,
  ]

  test('of a single file is written in place', () => {
    const place = new Place('old')
    const source = join(place.folder, 'web.conf')
    writeFileSync(source, 'old, of the mount')
    place.before = inNamespace('mount --bind "$1" "$2"', source, place.path)
    expect(place.apply('new')).toMatchObject({ kind: 'committed' })
    expect([readFileSync(source, 'utf8'), place.text]).toEqual(['new', 'old'])
    expect(place.apply('newer', 'restore')).toMatchObject({ kind: 'restored' })
    expect(readFileSync(source, 'utf8')).toBe('new')
    expect(place.leftovers).toEqual([])
  })

  test('of a single file in a read-only folder: the candidate is in the run folder', () => {
    const place = new Place('old')
    const source = join(place.folder, 'web.conf')
    writeFileSync(source, 'old, of the mount')
    const script = [
      'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"',
      'mount --bind "$2" "$3"',
    ].join('; ')
    place.before = inNamespace(script, place.etc, source, place.path)
    expect(place.apply('new')).toMatchObject({ kind: 'committed' })
    expect([readFileSync(source, 'utf8'), place.text]).toEqual(['new', 'old'])
    expect(place.leftovers).toEqual([])
  })

  test('that is read-only is refused, and nothing is changed', () => {
    const place = new Place('old')
    const script = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"'
    place.before = inNamespace(script, place.etc)
    expect(place.apply('new')).toMatchObject({ kind: 'refused', code: 'disk' })
    expect(place.text).toBe('old')
    place.before = []
    place.recover()
    expect(place.leftovers).toEqual([])
  })

  test('without room for the new content is refused, and nothing is changed', () => {
    const place = new Place('old')
    const script = 'mount -t tmpfs -o size=64k none "$1" && printf old > "$2"'
    place.before = inNamespace(script, place.etc, place.path)
    expect(place.apply('x'.repeat(200_000))).toMatchObject({
      kind: 'refused',
      why: expect.stringContaining('no space left on the device (ENOSPC)'),
    })
  })
})

describe.skipIf(!canTrace || isSanitized)('a KILL at any system call that changes the disk', () => {
  /** The number of a call, over all of the three works. */
  const calls = ['openat', 'fsync', 'rename', 'unlink', 'fchmod', 'write', 'mkdir']
  const traced = (call: string, number: number): string[] => [
    ...['strace', '-o', '/dev/null', '-e', `trace=${call}`, '-e'],
    `inject=${call}:signal=KILL:when=${number}`,
  ]

  test.each(['commit', 'restore'] as const)('of an apply: %s', (end) => {
    let kills = 0
    for (const call of calls) {
      for (let number = 1; ; number++) {
        const place = new Place('old content')
        place.before = traced(call, number)
        const answer = place.apply('new', end)
        place.before = []
        if (answer !== null) break
        kills++
        const recovered = place.recover()
        expect(recovered?.kind).toBe('recovered')
        const { text } = place
        expect([call, number, text]).toEqual([
          call,
          number,
          expect.stringMatching(/^(old content|new)$/),
        ])
        const isUndone = JSON.stringify(recovered).includes('"result":"undone"')
        if (isUndone) expect([call, number, text]).toEqual([call, number, 'old content'])
        expect([call, number, place.leftovers]).toEqual([call, number, []])
        expect(place.recover()).toMatchObject({ notes: [], transaction: null })
        expect(place.text).toBe(text)
      }
    }
    expect(kills).toBeGreaterThan(15)
  })
})

describe.skipIf(!canTrace || isSanitized)('the cost in fsyncs, each of which may take long', () => {
  const countOf = (place: Place, act: () => void): number => {
    const log = join(place.folder, 'trace')
    place.before = ['strace', '-A', '-o', log, '-e', 'trace=fsync']
    act()
    place.before = []
    return readFileSync(log, 'utf8').split('fsync(').length - 1
  }

  test('of an apply: at most 11; of a content that the file has: at most 3', () => {
    const place = new Place('old')
    place.apply('new')
    expect(countOf(place, () => place.apply('newer'))).toBeLessThanOrEqual(11)
    const same = new Place('same')
    const prepare = (): FileAnswer | null => {
      const target = { folder: same.state, daemon: 'web', path: same.path, tx: 'life-1' }
      const source = { from: 'stdin' } as const
      return same.run({ kind: 'prepare', target, source, ifMatch: null, isDry: false }, 'same')
    }
    expect(countOf(same, () => expect(prepare()).toMatchObject({ isSame: true }))).toBeLessThan(4)
  })
})
