/** A KILL at any step of any transaction, and an error of the disk at any call: the file has its old or its new
 *  content whole, the next life says which, and nothing is left. */
import { describe, expect, test } from 'vitest'
import type { FileAnswer } from '../../src/core/operations/file-work.ts'
import type { Disk } from '../../src/host/disk.ts'
import type { Errno } from '../../src/host/system.ts'
import { FakeDisk } from './fake-disk.ts'
import {
  commit,
  diskOf,
  historyOn,
  killed,
  path,
  play,
  prepare,
  problemsAfter,
  problemsOfRepetition,
  problemsOn,
  recover,
  restore,
  store,
  type Trial,
  trials,
  undoneOf,
} from './trial.ts'

const stepsOf = (trial: Trial): number => {
  const disk = diskOf(trial, new FakeDisk())
  play(disk, trial)
  return disk.steps
}

const callsOf = (trial: Trial): number => {
  const disk = diskOf(trial, new FakeDisk())
  play(disk, trial)
  return disk.calls
}

describe.each(trials)('$title', (trial) => {
  test('without trouble, the file has what the outcome says', () => {
    const disk = diskOf(trial, new FakeDisk())
    const answers = play(disk, trial)
    const expected = {
      commit: trial.fresh,
      confirm: trial.fresh,
      restore: undoneOf(trial),
      discard: trial.old,
      forgotten: trial.fresh,
    }
    expect(disk.text(path)).toBe(expected[trial.end])
    expect(answers.filter(({ kind }) => kind === 'refused' || kind === 'failed')).toEqual([])
    if (trial.end !== 'forgotten') expect(problemsOn(disk)).toEqual([])
  })

  test('a KILL before any step leaves the old or the new content', () => {
    const steps = stepsOf(trial)
    expect(steps).toBeGreaterThan(10)
    for (let step = 1; step <= steps; step++) expect(killed(trial, step)).toEqual([])
  })

  test.each<[Errno, boolean]>([
    ['EIO', false],
    ['ENOSPC', false],
    ['EACCES', false],
    ['EIO', true],
  ])('%s of any call (after its work: %s) leaves the old or the new content', (errno, isAfter) => {
    for (let at = 1; at <= callsOf(trial); at++) {
      const disk = diskOf(trial, new FakeDisk())
      disk.fault = { at, errno, isAfter }
      const answers = play(disk, trial)
      disk.fault = null
      expect([at, problemsAfterError(disk, trial, answers)]).toEqual([at, []])
    }
  })
})

describe.each(trials.filter(({ end }) => end === 'forgotten'))(
  'a KILL of the recovery of $title',
  (trial) => {
    test('at any step leaves it to the next one', () => {
      for (let first = 1; first <= stepsOf(trial); first++) {
        for (let second = 1, isOver = false; !isOver; second++) {
          const disk = diskOf(trial, new FakeDisk())
          disk.killAt = first
          expect(() => play(disk, trial)).toThrow('at step')
          disk.steps = 0
          disk.killAt = second
          try {
            recover(disk)
            isOver = true
          } catch {
            isOver = false
          }
          disk.killAt = 0
          expect([first, second, problemsAfter(disk, trial, recover(disk))]).toEqual([
            first,
            second,
            [],
          ])
        }
      }
    })
  },
)

/** The last answer says what the file has: without a revision where the disk refused to write it. */
function problemsAfterError(
  disk: FakeDisk,
  trial: Trial,
  answers: readonly FileAnswer[],
): string[] {
  const last = answers.at(-1)?.kind
  const text = disk.text(path)
  const expected = {
    committed: [trial.fresh],
    stored: [trial.fresh],
    discarded: [trial.old],
    restored: [undoneOf(trial)],
  } as Readonly<Record<string, readonly (string | null)[]>>
  const allowed = expected[last ?? ''] ?? [trial.old, trial.fresh, undoneOf(trial)]
  const problems = allowed.includes(text) ? [] : [`after ${last} the file has ${text}`]
  const { transaction } = recover(disk)
  const isUndone = transaction?.result === 'undone'
  const after = isUndone ? undoneOf(trial) : text
  if (disk.text(path) !== after) problems.push(`recovered, it has ${disk.text(path)}, not ${after}`)
  return [...problems, ...problemsOn(disk), ...problemsOfRepetition(disk)]
}

test('a lost answer: a commit and a restore may be repeated', () => {
  const trial = trials[0] as Trial
  const disk = diskOf(trial, new FakeDisk())
  play(disk, trial)
  const revision = historyOn(disk).entries.length
  expect(commit(disk)).toMatchObject({ kind: 'committed', revision })
  expect(historyOn(disk).entries).toHaveLength(revision)
  expect(restore(disk)).toMatchObject({ kind: 'refused', code: 'no-transaction' })
  const other = diskOf({ ...trial, end: 'restore' }, new FakeDisk())
  play(other, { ...trial, end: 'restore' })
  expect(restore(other)).toEqual({ kind: 'restored', paths: [] })
  expect(other.text(path)).toBe('old')
})

test('what a store that was killed has left is undone by the next transaction', () => {
  const trial = trials[4] as Trial
  const disk = diskOf(trial, new FakeDisk())
  play(disk, trial)
  expect(disk.text(path)).toBe('new')
  disk.stdin = 'newer'
  const prepared = prepare(disk, { from: 'stdin' }, 'life-2')
  expect(prepared).toMatchObject({ before: { bytes: 3 } })
  expect(disk.text(path)).toBe('old')
  if (prepared.kind !== 'prepared') throw new Error('refused')
  store(disk, prepared, { from: 'stdin' }, 'life-2')
  commit(disk, 'life-2')
  expect(disk.text(path)).toBe('newer')
  expect(historyOn(disk).entries.map(({ outcome }) => outcome)).toEqual([
    'found',
    'rolled back',
    'applied',
  ])
})

/** Faults in the order or the work, each as a disk that leaves something out. */
describe('the checks find', () => {
  type Plant = Partial<{ [K in keyof Disk]: (disk: FakeDisk, ...args: never[]) => unknown }>

  function planted(faults: Plant): FakeDisk {
    const disk = new FakeDisk()
    for (const [name, fault] of Object.entries(faults)) {
      const real = disk[name as keyof Disk].bind(disk) as (...args: unknown[]) => unknown
      const call = fault as (disk: FakeDisk, ...args: unknown[]) => unknown
      const replacement = (...args: unknown[]): unknown => {
        const answer = call(disk, ...args)
        return answer === undefined ? real(...args) : answer
      }
      Object.assign(disk, { [name]: replacement })
    }
    return disk
  }

  const found = (trial: Trial, faults: Plant): string[] => {
    const all: string[] = []
    for (let step = 1; step <= stepsOf(trial); step++) {
      all.push(...killed(trial, step, planted(faults)).filter((one) => !one.endsWith('no KILL')))
    }
    return all
  }
  const apply = trials[4] as Trial
  const mount = trials.find(({ title }) => title === 'a mount, forgotten') as Trial

  test('nothing where nothing is planted', () => {
    expect(found(apply, {})).toEqual([])
    expect(found(mount, {})).toEqual([])
  })

  test('a rename before the record is written', () => {
    const faults: Plant = {
      write: (_, file: string) => (file.endsWith('transaction.json') ? null : undefined),
    }
    expect(found(apply, faults).join()).toContain('the file has new, not old')
  })

  test('an old content that is not saved', () => {
    const faults: Plant = {
      copy: (disk, from: string, to: string) => {
        if (from !== path) return undefined
        disk.put(to, '')
        return disk.hash(path, 1e6)
      },
    }
    expect(found(apply, faults).join()).toContain('cannot be rolled back')
  })

  test('a candidate that is not removed', () => {
    const faults: Plant = {
      remove: (_, file: string) => (file.includes('.pitcrew-') ? null : undefined),
    }
    expect(found(apply, faults).join()).toContain('is left')
  })

  test('a write in place that is not recorded as such', () => {
    const faults: Plant = {
      write: (disk, file: string, text: string) => {
        if (!file.endsWith('transaction.json')) return undefined
        disk.put(file, text.replace('"inPlace":true', '"inPlace":false'))
        return null
      },
    }
    expect(found(mount, faults).join()).toContain('is not rolled back')
  })
})
