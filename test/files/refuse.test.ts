/** What is refused, and that nothing is changed then; links of ConfigMaps; the bounds of the history. */
import { describe, expect, test } from 'vitest'
import { contentBytesMax, revisionsMax } from '../../src/core/operations/file-work.ts'
import { FakeDisk } from './fake-disk.ts'
import {
  adopt,
  commit,
  discard,
  folder,
  historyOn,
  path,
  play,
  prepare,
  problemsOn,
  recover,
  restore,
  snapshot,
  spareFolders,
  store,
  target,
  trials,
  work,
} from './trial.ts'

const stdin = { from: 'stdin' } as const
const spare = spareFolders[0] as string
const mebibyte = 1024 * 1024

function newDisk(text = 'old'): FakeDisk {
  const disk = new FakeDisk()
  disk.put(path, text)
  disk.stdin = 'new'
  return disk
}

/** Applies a content. @returns The last answer. */
function apply(disk: FakeDisk, text: string, tx: string): unknown {
  disk.stdin = text
  return play(disk, { title: '', end: 'commit', source: stdin, old: null, fresh: text }, tx).at(-1)
}

describe('a request is refused, and nothing is changed:', () => {
  const cases: readonly [string, (disk: FakeDisk) => void, string, string][] = [
    [
      'a folder',
      (disk) => {
        disk.unlink(path)
        disk.mkdir(path)
      },
      'not-a-file',
      `${path} is a folder, not a regular file`,
    ],
    ['a device', (disk) => disk.special(path), 'not-a-file', `${path} is a device, a socket or a`],
    [
      'a link to nothing',
      (disk) => disk.link(path, 'absent'),
      'not-a-file',
      `${path} is a link to a file that is not there`,
    ],
    [
      'a link that leaves its folder',
      (disk) => {
        disk.put('/etc/web.conf', 'x')
        disk.link(path, '../web.conf')
      },
      'leaves-folder',
      `${path} is a link to /etc/web.conf, outside its folder`,
    ],
    [
      'a link to a neighbour of its folder',
      (disk) => {
        disk.put('/etc/web2/web.conf', 'x')
        disk.link(path, '../web2/web.conf')
      },
      'leaves-folder',
      `${path} is a link to /etc/web2/web.conf, outside its folder`,
    ],
    [
      'a link to a device',
      (disk) => {
        disk.special('/etc/web/device')
        disk.link(path, 'device')
      },
      'not-a-file',
      `${path} is a link to /etc/web/device, which is not a regular file`,
    ],
    [
      'a link to itself',
      (disk) => disk.link(path, 'web.conf'),
      'disk',
      `cannot follow the link ${path}: too many symbolic links (ELOOP)`,
    ],
    [
      'a large file',
      (disk) => disk.put(path, 'x'.repeat(mebibyte + 1)),
      'too-large',
      `${path} has 1048577 bytes, at most 1048576 are allowed`,
    ],
    [
      'a large content',
      (disk) => {
        disk.stdin = 'x'.repeat(10 * mebibyte)
      },
      'too-large',
      `the content for ${path} is larger than 1048576 bytes`,
    ],
    [
      'a folder that is not there',
      (disk) => {
        disk.unlink(path)
        disk.unlink('/etc/web')
      },
      'no-folder',
      'the folder /etc/web of web.conf is not there',
    ],
    [
      'a file on the way',
      (disk) => {
        disk.unlink(path)
        disk.unlink('/etc/web')
        disk.put('/etc/web', 'x')
      },
      'disk',
      `cannot read ${path}: a part of the path is not a directory (ENOTDIR)`,
    ],
    [
      'a new file in a read-only folder',
      (disk) => {
        disk.unlink(path)
        disk.unwritable.set('/etc/web', 'EROFS')
      },
      'disk',
      `cannot copy the content for ${path}: read-only file system (EROFS)`,
    ],
    [
      'no folder for the candidate',
      (disk) => {
        disk.unwritable.set('/etc/web', 'EACCES')
        disk.unwritable.set('/', 'EACCES')
      },
      'disk',
      `cannot write beside ${path}: permission denied (EACCES)`,
    ],
  ]
  test.each(cases)('%s', (_, change, code, why) => {
    const disk = newDisk()
    change(disk)
    const before = snapshot(disk)
    const answer = prepare(disk, stdin)
    expect(answer).toMatchObject({ kind: 'refused', code })
    expect('why' in answer && answer.why).toContain(why)
    expect(snapshot(disk)).toEqual(before)
  })

  test('a change on disk of a file that is not there', () => {
    const disk = newDisk()
    disk.unlink(path)
    const answer = prepare(disk, { from: 'disk' })
    expect(answer).toMatchObject({ code: 'no-file', why: `${path} does not exist` })
  })

  test('a revision that is not kept, of another file, or without a content', () => {
    const disk = newDisk()
    const refusal = (revision: number | null): unknown =>
      prepare(disk, { from: 'revision', revision })
    expect(refusal(null)).toMatchObject({ code: 'no-revision' })
    adopt(disk, 'old')
    expect(refusal(null)).toMatchObject({
      code: 'no-revision',
      why: `no earlier good content of ${path} is kept`,
    })
    expect(refusal(7)).toMatchObject({ why: `no revision 7 of ${path} is kept` })
    const other = { ...target('life-1'), path: '/etc/web/other.conf' }
    disk.put(other.path, 'x')
    const source = { from: 'revision', revision: 1 } as const
    expect(
      work(disk, { kind: 'prepare', target: other, source, ifMatch: null, isDry: false }),
    ).toMatchObject({ code: 'no-revision', why: 'no revision 1 of /etc/web/other.conf is kept' })
    disk.unlink(other.path)
    const paths = [other.path]
    work(disk, { kind: 'adopt', folder, daemon: 'web', paths, sha256s: [null], at: 1 })
    expect(
      work(disk, {
        kind: 'prepare',
        target: other,
        source: { from: 'revision', revision: 2 },
        ifMatch: null,
        isDry: false,
      }),
    ).toMatchObject({ why: '/etc/web/other.conf did not exist in revision 2' })
  })

  test('a sum that the file does not have, or no file to have it', () => {
    const disk = newDisk()
    const ifMatch = `sha256:${'0'.repeat(64)}`
    const refused = prepare(disk, stdin, 'life-1', { ifMatch })
    expect(refused).toMatchObject({ code: 'if-match' })
    expect('why' in refused && refused.why).toMatch(
      /web.conf has sha256:[0-9a-f]{64}, not sha256:0/,
    )
    disk.unlink(path)
    expect(prepare(disk, stdin, 'life-1', { ifMatch })).toMatchObject({
      why: `${path} does not exist, not ${ifMatch}`,
    })
  })

  test('a candidate that was changed or removed', () => {
    const disk = newDisk()
    const prepared = prepare(disk, stdin)
    if (prepared.kind !== 'prepared') throw new Error()
    disk.put(prepared.candidate, 'another')
    expect(store(disk, prepared, stdin)).toMatchObject({ code: 'no-candidate' })
    disk.unlink(prepared.candidate)
    expect(store(disk, prepared, stdin)).toMatchObject({
      code: 'no-candidate',
      why: `the new content of ${path} is gone`,
    })
    discard(disk)
    expect([disk.text(path), problemsOn(disk)]).toEqual(['old', []])
  })

  test('a commit, a mark or a store without its turn', () => {
    const disk = newDisk()
    const prepared = prepare(disk, stdin)
    if (prepared.kind !== 'prepared') throw new Error()
    expect(commit(disk)).toMatchObject({ kind: 'refused', code: 'no-transaction' })
    const untilWallMs = 1
    expect(
      work(disk, { kind: 'mark', target: target('life-1'), step: 'confirming', untilWallMs }),
    ).toMatchObject({ kind: 'refused', code: 'no-transaction' })
    store(disk, prepared, stdin)
    expect(store(disk, prepared, stdin, 'life-2')).toMatchObject({ kind: 'refused', code: 'busy' })
    expect(commit(disk, 'life-2')).toMatchObject({ kind: 'refused', code: 'no-transaction' })
  })
})

describe('prepare', () => {
  test('says what would change, and leaves the file', () => {
    const disk = newDisk('a\nb\n')
    disk.stdin = 'a\nc\n'
    const { mode } = disk.node(path) as { mode: number }
    expect(prepare(disk, stdin)).toEqual({
      kind: 'prepared',
      before: disk.hash(path, 100),
      after: disk.hash('/etc/web/.web.conf.pitcrew-life-1', 100),
      candidate: '/etc/web/.web.conf.pitcrew-life-1',
      isSame: false,
      canRestore: true,
      inPlace: false,
      diff: `--- ${path}\n+++ ${path}\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n`,
      lastGood: null,
      revision: 2,
    })
    expect(disk.node('/etc/web/.web.conf.pitcrew-life-1')).toMatchObject({ mode })
    expect([disk.text(path), disk.files(folder)]).toEqual(['a\nb\n', []])
    discard(disk)
    expect(disk.files()).toEqual([path])
  })

  test('with the content that the file has leaves nothing, and names the file itself', () => {
    const disk = newDisk('new')
    expect(prepare(disk, stdin)).toMatchObject({ isSame: true, candidate: path, diff: '' })
    expect(disk.files()).toEqual([path])
  })

  test('of a mount says that the file will be written in place', () => {
    const disk = newDisk()
    disk.mount(path)
    expect(prepare(disk, stdin)).toMatchObject({ inPlace: true })
  })

  test('in a read-only folder makes the candidate in the run folder', () => {
    const disk = newDisk()
    disk.unwritable.set('/etc/web', 'EROFS')
    const candidate = `${spare}/.web.conf.pitcrew-life-1`
    expect(prepare(disk, stdin)).toMatchObject({ inPlace: true, candidate })
  })

  test('keeps the owner of the file', () => {
    const disk = new FakeDisk()
    disk.put(path, 'old', { uid: 33, gid: 44, mode: 0o640 })
    expect(apply(disk, 'new', 'life-1')).toMatchObject({ kind: 'committed' })
    expect(disk.node(path)).toMatchObject({ uid: 33, gid: 44, mode: 0o640 })
    expect([disk.text(path), problemsOn(disk)]).toEqual(['new', []])
  })
})

describe('a mount of its own', () => {
  test('is written in place: it keeps its inode', () => {
    const disk = newDisk()
    disk.mount(path, { device: 1 })
    const inode = disk.node(path)?.inode
    const prepared = prepare(disk, stdin)
    if (prepared.kind !== 'prepared') throw new Error()
    expect(store(disk, prepared, stdin)).toMatchObject({ kind: 'stored', inPlace: true })
    expect([disk.text(path), disk.node(path)?.inode]).toEqual(['new', inode])
    expect(restore(disk)).toEqual({ kind: 'restored', paths: [path] })
    expect([disk.text(path), disk.node(path)?.inode]).toEqual(['old', inode])
  })
})

describe('a ConfigMap', () => {
  test('keeps its links; the file behind them is replaced', () => {
    const disk = new FakeDisk()
    disk.put('/etc/web/..1/web.conf', 'old')
    disk.link('/etc/web/..data', '..1')
    disk.link(path, '..data/web.conf')
    apply(disk, 'new', 'life-1')
    expect(disk.text('/etc/web/..1/web.conf')).toBe('new')
    expect(disk.stat(path)).toMatchObject({ kind: 'link' })
    expect(problemsOn(disk)).toEqual([])
  })
})

describe('the history', () => {
  test('keeps ten revisions, and the last good one', () => {
    const disk = newDisk('0')
    adopt(disk, '0')
    for (let n = 1; n <= 25; n++) {
      apply(disk, `content ${n}`, `life-${n}`)
      expect(problemsOn(disk)).toEqual([])
    }
    const { entries, lastGood } = historyOn(disk)
    expect(entries.map(({ number }) => number)).toEqual([17, 18, 19, 20, 21, 22, 23, 24, 25, 26])
    expect(entries).toHaveLength(revisionsMax)
    expect(lastGood).toEqual([{ path, number: 26 }])
    expect(disk.files(folder)).toHaveLength(revisionsMax + 1)
  })

  test('never loses the last good revision to failed attempts', () => {
    const disk = newDisk('good')
    adopt(disk, 'good')
    for (let n = 1; n <= 15; n++) {
      disk.stdin = `bad ${n}`
      const { source, ...trial } = trials[2] as (typeof trials)[number]
      play(disk, { ...trial, source }, `life-${n}`)
      expect(problemsOn(disk)).toEqual([])
    }
    const { entries, lastGood } = historyOn(disk)
    expect(lastGood).toEqual([{ path, number: 1 }])
    expect(entries[0]).toMatchObject({ number: 1, outcome: 'adopted' })
    expect(entries).toHaveLength(revisionsMax)
    expect(disk.text(path)).toBe('good')
  })

  test('keeps 8 MiB of contents', () => {
    const disk = newDisk('x')
    for (let n = 1; n <= 10; n++) {
      apply(disk, `${n}`.padEnd(contentBytesMax, 'x'), `life-${n}`)
    }
    const kept = disk.files(folder).filter((file) => !file.endsWith('.json'))
    const bytes = kept.map((file) => (disk.text(file) ?? '').length)
    expect(bytes.reduce((sum, one) => sum + one, 0)).toBe(8 * mebibyte)
    expect(problemsOn(disk)).toEqual([])
  })

  test('a hundred applies of two contents in turn keep two contents', () => {
    const disk = newDisk('even')
    for (let n = 1; n <= 100; n++) apply(disk, n % 2 === 0 ? 'even' : 'odd', `life-${n}`)
    expect(disk.files()).toHaveLength(2 + 2)
    expect(problemsOn(disk)).toEqual([])
  })

  test('is answered with time, requester, reason, outcome and content', () => {
    const disk = newDisk()
    adopt(disk, 'old')
    apply(disk, 'new', 'life-1')
    const common = { path, cause: '' }
    expect(work(disk, { kind: 'history', folder, daemon: 'web' })).toEqual({
      kind: 'history',
      revisions: [
        {
          ...common,
          number: 1,
          outcome: 'adopted',
          by: '',
          why: '',
          at: 4000,
          tx: '',
          content: expect.objectContaining({ bytes: 3 }),
          isLastGood: false,
        },
        {
          ...common,
          number: 2,
          outcome: 'applied',
          by: 'uid 0',
          why: 'a test',
          at: 5000,
          tx: 'life-1',
          content: disk.hash(path, 100),
          isLastGood: true,
        },
      ],
    })
    expect(work(disk, { kind: 'history', folder, daemon: 'other' })).toEqual({
      kind: 'history',
      revisions: [],
    })
  })

  test('a rollback goes to the last good content before the present one', () => {
    const disk = newDisk('one')
    adopt(disk, 'one')
    apply(disk, 'two', 'life-1')
    apply(disk, 'three', 'life-2')
    const back = { from: 'revision', revision: null } as const
    const roll = (tx: string): string | null => {
      const trial = { title: '', end: 'commit', source: back, old: null, fresh: '' } as const
      play(disk, trial, tx)
      return disk.text(path)
    }
    expect(roll('life-3')).toBe('two')
    expect(roll('life-4')).toBe('three')
    const first = { from: 'revision', revision: 1 } as const
    play(disk, { title: '', end: 'commit', source: first, old: null, fresh: '' }, 'life-5')
    expect(disk.text(path)).toBe('one')
    expect(problemsOn(disk)).toEqual([])
  })
})

describe('damaged files', () => {
  test('a record is moved away, which the recovery says', () => {
    for (const text of ['{', '[]', '{"version":2}', 'x'.repeat(70_000)]) {
      const disk = newDisk()
      disk.put(`${folder}/transaction.json`, text)
      expect(recover(disk).notes).toEqual([
        `the record of a change was damaged, and is now ${folder}/transaction.json.damaged`,
      ])
      expect(recover(disk).notes).toEqual([])
      expect(apply(disk, 'new', 'life-1')).toMatchObject({ kind: 'committed' })
    }
  })

  test('a list of revisions counts as empty, and its numbers are not used again', () => {
    const disk = newDisk()
    adopt(disk, 'old')
    apply(disk, 'new', 'life-1')
    disk.put(`${folder}/config/web/revisions.json`, '{"version":1}')
    expect(apply(disk, 'newer', 'life-2')).toMatchObject({ kind: 'committed', revision: 4 })
    recover(disk)
    expect(problemsOn(disk)).toEqual([])
  })

  test('a kept content that was changed is not put back', () => {
    const disk = newDisk()
    const prepared = prepare(disk, stdin)
    if (prepared.kind !== 'prepared') throw new Error()
    store(disk, prepared, stdin)
    disk.put(`${folder}/config/web/1`, 'damaged')
    expect(restore(disk)).toMatchObject({ kind: 'failed' })
    expect(disk.text(path)).toBe('new')
    expect(recover(disk).transaction).toMatchObject({ result: 'failed' })
    disk.put(`${folder}/config/web/1`, 'old')
    expect(recover(disk).transaction).toMatchObject({ result: 'undone' })
    expect([disk.text(path), problemsOn(disk)]).toEqual(['old', []])
  })
})

describe('the last good content at boot', () => {
  const use = (disk: FakeDisk): unknown =>
    work(disk, { kind: 'use-last-good', folder, daemon: 'web', paths: [path], at: 7000 })

  test('replaces the present one, which is kept as a revision', () => {
    const disk = newDisk('good')
    adopt(disk, 'good')
    disk.put(path, 'bad')
    expect(use(disk)).toEqual({ kind: 'restored', paths: [path] })
    expect([disk.text(path), problemsOn(disk)]).toEqual(['good', []])
    expect(historyOn(disk).entries.at(-1)).toMatchObject({ outcome: 'set aside', number: 2 })
    expect(disk.text(`${folder}/config/web/2`)).toBe('bad')
    expect(use(disk)).toEqual({ kind: 'restored', paths: [] })
  })

  test('makes a file that was removed; without a good content nothing is done', () => {
    const disk = newDisk('good')
    expect(use(disk)).toEqual({ kind: 'restored', paths: [] })
    adopt(disk, 'good')
    disk.unlink(path)
    expect(use(disk)).toEqual({ kind: 'restored', paths: [path] })
    expect([disk.text(path), problemsOn(disk)]).toEqual(['good', []])
  })

  test('a KILL at any step leaves one of the contents, and the next boot the good one', () => {
    for (const isMount of [false, true]) {
      for (let step = 1, isOver = false; !isOver; step++) {
        const disk = newDisk('a good content')
        adopt(disk, 'a good content')
        disk.put(path, 'a bad one')
        if (isMount) disk.mount(path)
        disk.steps = 0
        disk.killAt = step
        try {
          use(disk)
          isOver = true
        } catch {
          isOver = false
        }
        disk.killAt = 0
        recover(disk)
        expect(['a good content', 'a bad one']).toContain(disk.text(path))
        expect([step, problemsOn(disk)]).toEqual([step, []])
        use(disk)
        expect([step, disk.text(path)]).toEqual([step, 'a good content'])
      }
    }
  })
})
