/** A transaction of a configuration file over a FakeDisk, and what must be true of the disk after it, however it
 *  ended. */
import type {
  FileAnswer,
  FileWork,
  Recovered,
  Source,
} from '../../src/core/operations/file-work.ts'
import { doFileWork } from '../../src/files/work.ts'
import { FakeDisk, hashOf, Killed } from './fake-disk.ts'

export const path = '/etc/web/web.conf'
export const folder = '/state/bundle'
export const spareFolders: readonly string[] = ['/run/pitcrew/bundle']
const author = { by: 'uid 0', why: 'a test', at: 5000 }

/** How a transaction ends after its store; `forgotten`: pitcrew ends, and nothing else follows. */
export type End = 'commit' | 'confirm' | 'restore' | 'discard' | 'forgotten'

export interface Trial {
  readonly title: string
  readonly end: End
  readonly source: Source
  /** What the file has before; null = it does not exist. */
  readonly old: string | null
  readonly fresh: string
  /** The last good content, where that is not `old`. */
  readonly good?: string
  readonly prepareDisk?: (disk: FakeDisk) => void
}

export function diskOf({ old, source, fresh, good, prepareDisk }: Trial, disk: FakeDisk): FakeDisk {
  disk.mkdir('/etc/web')
  if (good !== undefined) {
    disk.put(path, good, { mode: 0o640 })
    adopt(disk, good)
  }
  if (old !== null) disk.put(path, old, { mode: 0o640 })
  if (source.from === 'stdin') disk.stdin = fresh
  prepareDisk?.(disk)
  disk.calls = disk.steps = 0
  disk.counts.clear()
  return disk
}

export function work(disk: FakeDisk, one: FileWork): FileAnswer {
  return doFileWork({ disk, spareFolders }, one)
}

export function target(tx: string): { folder: string; daemon: string; path: string; tx: string } {
  return { folder, daemon: 'web', path, tx }
}

/** A run was verified with this content. */
export function adopt(disk: FakeDisk, text: string): FileAnswer {
  const sha256s = [hashOf(text).sha256]
  return work(disk, { kind: 'adopt', folder, daemon: 'web', paths: [path], sha256s, at: 4000 })
}

export function recover(disk: FakeDisk): Recovered {
  const daemons = [{ name: 'web', paths: [path] }]
  const answer = work(disk, { kind: 'recover', folder, nowWallMs: 9000, daemons })
  if (answer.kind !== 'recovered') throw new Error(JSON.stringify(answer))
  return answer
}

export function prepare(
  disk: FakeDisk,
  source: Source,
  tx = 'life-1',
  { ifMatch = null, isDry = false }: { ifMatch?: string | null; isDry?: boolean } = {},
): FileAnswer {
  return work(disk, { kind: 'prepare', target: target(tx), source, ifMatch, isDry })
}

export function store(
  disk: FakeDisk,
  prepared: Extract<FileAnswer, { kind: 'prepared' }>,
  source: Source,
  tx = 'life-1',
): FileAnswer {
  const { before, after } = prepared
  const isOnDisk = source.from === 'disk'
  return work(disk, { kind: 'store', target: target(tx), before, after, isOnDisk, ...author })
}

export function commit(disk: FakeDisk, tx = 'life-1'): FileAnswer {
  return work(disk, { kind: 'commit', target: target(tx), isVerified: true, ...author })
}

export function restore(disk: FakeDisk, tx = 'life-1'): FileAnswer {
  const outcome = 'rolled back' as const
  return work(disk, { kind: 'restore', target: target(tx), outcome, cause: 'a test', ...author })
}

export function discard(disk: FakeDisk, tx = 'life-1'): FileAnswer {
  return work(disk, { kind: 'discard', target: target(tx) })
}

/** Plays a transaction as the init does. @returns All answers, in order. */
export function play(disk: FakeDisk, { end, source }: Trial, tx = 'life-1'): FileAnswer[] {
  const answers: FileAnswer[] = []
  const add = (answer: FileAnswer): FileAnswer => {
    answers.push(answer)
    return answer
  }
  const prepared = add(prepare(disk, source, tx))
  if (prepared.kind !== 'prepared' || end === 'discard') {
    add(discard(disk, tx))
    return answers
  }
  if (add(store(disk, prepared, source, tx)).kind !== 'stored') {
    add(discard(disk, tx))
    return answers
  }
  if (end === 'confirm') {
    add(work(disk, { kind: 'mark', target: target(tx), step: 'confirming', untilWallMs: 9999 }))
  }
  if (end === 'commit' || end === 'confirm') add(commit(disk, tx))
  if (end === 'restore') add(restore(disk, tx))
  return answers
}

/** The content of all files. */
export function snapshot(disk: FakeDisk): Record<string, string | null> {
  return Object.fromEntries(disk.files().map((file) => [file, disk.text(file)]))
}

interface StoredHistory {
  readonly entries: readonly {
    readonly number: number
    readonly kept: number
    readonly tx: string
    readonly outcome: string
    readonly path: string
    readonly content: { readonly sha256: string } | null
  }[]
  readonly lastGood: readonly { readonly path: string; readonly number: number }[]
}

export function historyOn(disk: FakeDisk): StoredHistory {
  const text = disk.text(`${folder}/config/web/revisions.json`)
  return text === null ? { entries: [], lastGood: [] } : JSON.parse(text)
}

/** What is wrong with the disk when no transaction is under way; [] = nothing. */
export function problemsOn(disk: FakeDisk): string[] {
  const problems: string[] = []
  const files = disk.files()
  for (const file of files) {
    if (file.includes('.pitcrew-') || file.endsWith('.tmp')) problems.push(`${file} is left`)
  }
  if (files.includes(`${folder}/transaction.json`)) problems.push('a transaction is recorded')
  const { entries, lastGood } = historyOn(disk)
  const named = new Set(entries.map(({ kept }) => kept).filter((kept) => kept > 0))
  for (const { number, kept, content } of entries) {
    if (content === null) continue
    const text = disk.text(`${folder}/config/web/${kept}`)
    if (text === null) problems.push(`the content of revision ${number} is not kept`)
    else if (hashOf(text).sha256 !== content.sha256) problems.push(`revision ${number} is damaged`)
  }
  for (const file of files) {
    const name = file.slice(file.lastIndexOf('/') + 1)
    const isKept = file.startsWith(`${folder}/config/web/`) && name !== 'revisions.json'
    if (isKept && !named.has(Number(name))) problems.push(`${file} belongs to no revision`)
  }
  for (const { number } of lastGood) {
    if (!entries.some((entry) => entry.number === number)) {
      problems.push(`last good revision ${number} is not in the list`)
    }
  }
  const numbers = entries.map(({ number }) => number)
  if (numbers.some((number, at) => at > 0 && number <= (numbers[at - 1] as number))) {
    problems.push(`revisions out of order: ${numbers.join()}`)
  }
  return problems
}

/** What the file has after a rollback. */
export function undoneOf({ source, good, old }: Trial): string | null {
  return source.from === 'disk' ? (good ?? null) : old
}

/** What is wrong after a recovery; [] = nothing. */
export function problemsAfter(disk: FakeDisk, trial: Trial, recovered: Recovered): string[] {
  const problems = problemsOn(disk)
  const text = disk.text(path)
  const attempt = historyOn(disk).entries.find(({ tx }) => tx === 'life-1')
  const isApplied = attempt?.outcome === 'applied'
  const undone = undoneOf(trial)
  const isUndone = recovered.transaction?.result === 'undone' || attempt?.outcome === 'rolled back'
  const expected = isApplied ? trial.fresh : isUndone ? undone : trial.old
  if (text !== expected) problems.push(`the file has ${text}, not ${expected}`)
  const mode = disk.node(path)?.mode
  if (trial.old !== null && mode !== 0o640) problems.push(`the file has mode ${mode?.toString(8)}`)
  if (recovered.transaction?.result === 'left' || recovered.transaction?.result === 'failed') {
    problems.push(`recovered: ${recovered.notes.join()}`)
  }
  return [...problems, ...problemsOfRepetition(disk)]
}

/** A second recovery must find nothing and change nothing. */
export function problemsOfRepetition(disk: FakeDisk): string[] {
  const problems: string[] = []
  const before = JSON.stringify(snapshot(disk))
  const again = recover(disk)
  if (again.notes.length > 0) problems.push(`recovered twice: ${again.notes.join()}`)
  if (JSON.stringify(snapshot(disk)) !== before) problems.push('the second recovery changed files')
  return problems
}

const stdin: Source = { from: 'stdin' }
const long = 'x'.repeat(200)

/** Every sequence of works. */
export const trials: readonly Trial[] = [
  { title: 'apply', end: 'commit', source: stdin, old: 'old', fresh: 'new' },
  { title: 'apply with confirmation', end: 'confirm', source: stdin, old: 'old', fresh: 'new' },
  { title: 'apply, rolled back', end: 'restore', source: stdin, old: 'old', fresh: 'new' },
  {
    title: 'apply, rejected by its check',
    end: 'discard',
    source: stdin,
    old: 'old',
    fresh: 'new',
  },
  { title: 'apply, pitcrew ends', end: 'forgotten', source: stdin, old: 'old', fresh: 'new' },
  {
    title: 'apply of a content that is known',
    end: 'commit',
    source: stdin,
    old: 'old',
    good: 'new',
    fresh: 'new',
  },
  { title: 'a new file', end: 'commit', source: stdin, old: null, fresh: 'new' },
  { title: 'a new file, rolled back', end: 'restore', source: stdin, old: null, fresh: 'new' },
  {
    title: 'rollback',
    end: 'commit',
    source: { from: 'revision', revision: null },
    old: 'now',
    good: 'earlier',
    fresh: 'earlier',
  },
  {
    title: 'a change on disk',
    end: 'commit',
    source: { from: 'disk' },
    old: 'edited',
    good: 'good',
    fresh: 'edited',
  },
  {
    title: 'a change on disk, rolled back',
    end: 'restore',
    source: { from: 'disk' },
    old: 'edited',
    good: 'good',
    fresh: 'edited',
  },
  ...(['commit', 'restore', 'forgotten'] as const).flatMap((end): Trial[] => [
    {
      title: `a mount, ${end}`,
      end,
      source: stdin,
      old: `old ${long}`,
      fresh: 'a new, shorter content',
      prepareDisk: (disk) => disk.mount(path, { device: 1 }),
    },
    {
      title: `a file in a read-only folder, ${end}`,
      end,
      source: stdin,
      old: 'a short content',
      fresh: `new ${long}`,
      prepareDisk: (disk) => disk.unwritable.set('/etc/web', 'EROFS'),
    },
    {
      title: `a file of another user, ${end}`,
      end,
      source: stdin,
      old: 'an old content',
      fresh: 'a new content',
      prepareDisk: (disk) => {
        disk.uid = 1000
      },
    },
    {
      title: `a ConfigMap's link, ${end}`,
      end,
      source: stdin,
      old: 'old',
      fresh: 'new',
      prepareDisk: (disk) => {
        disk.unlink(path)
        disk.put('/etc/web/..1/web.conf', 'old', { mode: 0o640 })
        disk.link('/etc/web/..data', '..1')
        disk.link(path, '..data/web.conf')
      },
    },
  ]),
]

/** Plays a trial until a KILL before this step; then the next life recovers. */
export function killed(trial: Trial, step: number, disk: FakeDisk = new FakeDisk()): string[] {
  diskOf(trial, disk)
  disk.killAt = step
  let wasKilled = false
  try {
    play(disk, trial)
  } catch (error) {
    if (!(error instanceof Killed)) throw error
    wasKilled = true
  }
  disk.killAt = 0
  disk.stdin = ''
  const problems = problemsAfter(disk, trial, recover(disk))
  return (wasKilled ? problems : [...problems, 'no KILL']).map((one) => `step ${step}: ${one}`)
}
