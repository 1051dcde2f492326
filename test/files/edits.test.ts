/** Other programs edit the file while a transaction is under way: what they wrote is never overwritten. */
import { describe, expect, test } from 'vitest'
import type { FileAnswer } from '../../src/core/operations/file-work.ts'
import { FakeDisk } from './fake-disk.ts'
import {
  adopt,
  commit,
  discard,
  diskOf,
  historyOn,
  path,
  play,
  prepare,
  problemsOfRepetition,
  problemsOn,
  recover,
  restore,
  store,
  type Trial,
  trials,
} from './trial.ts'

const edit = 'edited by hand'
const stdin = { from: 'stdin' } as const

type Prepared = Extract<FileAnswer, { kind: 'prepared' }>

function preparedWith(disk: FakeDisk, text: string, tx = 'life-1'): Prepared {
  disk.stdin = text
  const answer = prepare(disk, stdin, tx)
  if (answer.kind !== 'prepared') throw new Error(JSON.stringify(answer))
  return answer
}

function newDisk(): FakeDisk {
  const disk = new FakeDisk()
  disk.put(path, 'old')
  return disk
}

describe('an edit by another program', () => {
  test('before the store: the store is refused', () => {
    const disk = newDisk()
    const prepared = preparedWith(disk, 'new')
    disk.put(path, edit)
    expect(store(disk, prepared, stdin)).toMatchObject({ kind: 'refused', code: 'changed' })
    discard(disk)
    expect([disk.text(path), problemsOn(disk)]).toEqual([edit, []])
  })

  test('before the rollback: it is left, which the answer says', () => {
    const disk = newDisk()
    store(disk, preparedWith(disk, 'new'), stdin)
    disk.put(path, edit)
    const answer = restore(disk)
    expect(answer).toMatchObject({ kind: 'left', now: { bytes: edit.length } })
    expect('why' in answer && answer.why).toContain(`${path} was changed by another program`)
    expect([disk.text(path), problemsOn(disk)]).toEqual([edit, []])
    expect(historyOn(disk).entries.at(-1)?.outcome).toBe('rollback failed')
  })

  test('before the commit: what was verified is recorded, and the edit stays', () => {
    const disk = newDisk()
    store(disk, preparedWith(disk, 'new'), stdin)
    disk.put(path, edit)
    expect(commit(disk)).toEqual({ kind: 'committed', revision: 2, isEdited: true })
    expect([disk.text(path), problemsOn(disk)]).toEqual([edit, []])
  })

  test('before the recovery: it is left, which the recovery says', () => {
    const disk = newDisk()
    store(disk, preparedWith(disk, 'new'), stdin)
    disk.put(path, edit)
    const { transaction, notes } = recover(disk)
    expect(transaction).toMatchObject({ result: 'left', path })
    expect(notes.join()).toContain('the file is left as it is')
    expect([disk.text(path), problemsOn(disk)]).toEqual([edit, []])
  })

  test('that removes the file, or makes it something else, is left', () => {
    for (const change of [
      (disk: FakeDisk) => disk.unlink(path),
      (disk: FakeDisk) => disk.link(path, '/etc/passwd'),
      (disk: FakeDisk) => {
        disk.unlink(path)
        disk.mkdir(path)
      },
    ]) {
      const disk = newDisk()
      disk.put('/etc/passwd', 'root')
      store(disk, preparedWith(disk, 'new'), stdin)
      change(disk)
      const before = disk.files('/etc').filter((file) => !file.includes('.pitcrew-'))
      expect(restore(disk)).toMatchObject({ kind: 'left' })
      expect(disk.files('/etc')).toEqual(before)
    }
  })

  test('that swaps the links of a ConfigMap is left', () => {
    const disk = new FakeDisk()
    disk.put('/etc/web/..1/web.conf', 'old')
    disk.put('/etc/web/..2/web.conf', edit)
    disk.link('/etc/web/..data', '..1')
    disk.link(path, '..data/web.conf')
    store(disk, preparedWith(disk, 'new'), stdin)
    disk.link('/etc/web/..data', '..2')
    expect(restore(disk)).toMatchObject({ kind: 'left' })
    expect(disk.text(path)).toBe(edit)
  })

  test('that writes the old content back needs no rollback', () => {
    const disk = newDisk()
    store(disk, preparedWith(disk, 'new'), stdin)
    disk.put(path, 'old')
    expect(restore(disk)).toEqual({ kind: 'restored', paths: [] })
    expect([disk.text(path), problemsOn(disk)]).toEqual(['old', []])
  })
})

/** Between the last look at a file and the call that replaces it there is no way to exclude an edit. */
function isReplacing(name: string, paths: readonly string[], real: string): boolean {
  return ['rename', 'overwrite', 'remove'].includes(name) && paths.includes(real)
}

describe.each(trials.filter(({ old, end }) => old !== null && end !== 'discard'))(
  'during $title',
  (trial: Trial) => {
    test('an edit before any call after the preparation stays', () => {
      const prepared = diskOf(trial, new FakeDisk())
      const started = prepare(prepared, trial.source)
      expect(started.kind).toBe('prepared')
      const first = prepared.calls + 1
      const whole = diskOf(trial, new FakeDisk())
      play(whole, trial)
      let excluded = 0
      for (let at = first; at <= whole.calls; at++) {
        const disk = diskOf(trial, new FakeDisk())
        let isExcluded = false
        disk.onCall = (name, number, ...paths) => {
          if (number !== at) return
          const real = disk.realPath(path)
          if (typeof real === 'string') throw new Error(real)
          isExcluded = isReplacing(name, paths, real.path)
          disk.put(real.path, edit)
        }
        play(disk, trial)
        disk.onCall = () => {}
        if (isExcluded) {
          excluded++
          continue
        }
        expect([at, disk.text(path)]).toEqual([at, edit])
        recover(disk)
        const problems = [...problemsOn(disk), ...problemsOfRepetition(disk)]
        expect([at, disk.text(path), problems]).toEqual([at, edit, []])
      }
      expect(excluded).toBeLessThanOrEqual(3)
    })
  },
)

test('of two requests with the same sum only the first is done', () => {
  const disk = newDisk()
  disk.stdin = 'first'
  const before = disk.hash(path, 100) as { sha256: string }
  const ifMatch = `sha256:${before.sha256.toUpperCase()}`
  const first = prepare(disk, stdin, 'life-1', { ifMatch })
  if (first.kind !== 'prepared') throw new Error(JSON.stringify(first))
  store(disk, first, stdin)
  commit(disk)
  disk.stdin = 'second'
  const second = prepare(disk, stdin, 'life-2', { ifMatch })
  expect(second).toMatchObject({ kind: 'refused', code: 'if-match' })
  expect('why' in second && second.why).toContain(`, not sha256:${before.sha256}`)
  expect([disk.text(path), problemsOn(disk)]).toEqual(['first', []])
})

describe('the last good content', () => {
  test('moves only with a commit of a verified content, or with a verified run', () => {
    const disk = newDisk()
    const goodOf = (): string | undefined => {
      const { entries, lastGood } = historyOn(disk)
      const number = lastGood.find((one) => one.path === path)?.number
      const kept = entries.find((entry) => entry.number === number)?.kept
      return disk.text(`/state/bundle/config/web/${kept}`) ?? undefined
    }
    adopt(disk, 'old')
    expect(goodOf()).toBe('old')
    store(disk, preparedWith(disk, 'new'), stdin)
    expect(goodOf()).toBe('old')
    expect(adopt(disk, 'new')).toMatchObject({ adopted: [], passedOver: [{ path }] })
    expect(goodOf()).toBe('old')
    commit(disk)
    expect(goodOf()).toBe('new')
    disk.put(path, edit)
    expect(adopt(disk, 'new')).toMatchObject({ adopted: [path] })
    expect(adopt(disk, 'another')).toMatchObject({ adopted: [], passedOver: [{ path }] })
    expect(goodOf()).toBe('new')
    expect(adopt(disk, edit)).toMatchObject({ adopted: [path] })
    expect(goodOf()).toBe(edit)
    expect(problemsOn(disk)).toEqual([])
  })

  test('of the start is good though the file has been changed since: it was kept at the boot', () => {
    const disk = newDisk()
    recover(disk)
    disk.put(path, 'edit')
    expect(adopt(disk, 'old')).toMatchObject({ adopted: [path] })
    expect(prepare(disk, { from: 'disk' })).toMatchObject({ canRestore: true })
  })

  test('that is adopted again writes nothing', () => {
    const disk = newDisk()
    adopt(disk, 'old')
    disk.counts.clear()
    adopt(disk, 'old')
    expect([...disk.counts.keys()].sort()).toEqual(['readText'])
  })
})
