/** What the journal knows, for who asks: the entries that are in memory, and before them those that
 *  its file has, of lives before this one, too. The file is read when somebody asks for the first
 *  time, and again only when memory has let go of entries since that nobody has asked for. */
import { isRecord } from '../core/shape.ts'
import type { Host } from '../host/host.ts'
import type { JournalView } from './port.ts'

const tailBytes = 256 * 1024
const begin = '{"cursor":"'

export interface Since {
  /** JSON of an Entry (answers.ts) each, oldest first. */
  readonly entries: readonly string[]
  /** Some behind the cursor are not kept any more; or it is of nobody. */
  readonly missed: boolean
}

interface Sources {
  readonly host: Pick<Host, 'readTail'>
  readonly journal: JournalView
}

export class History {
  readonly #sources: Sources
  /** From the file: what comes before that in memory; null = it was not read yet. */
  #old: readonly string[] | null = null
  /** What was answered from, the last time. */
  #last: readonly string[] = []

  constructor(sources: Sources) {
    this.#sources = sources
  }

  /** What is behind a cursor; null = all. */
  since(cursor: string | null): Since {
    const all = this.#all()
    if (cursor === null) return { entries: all, missed: false }
    const [life = '', number] = cursor.split('-')
    if (number === '0' && this.#sources.journal.cursor.startsWith(`${life}-`)) {
      return sinceBirth(all, life)
    }
    const at = all.findLastIndex((line) => cursorOf(line) === cursor)
    const isLast = cursor === this.#sources.journal.cursor
    return at === -1 && !isLast
      ? { entries: all, missed: true }
      : { entries: isLast ? [] : all.slice(at + 1), missed: false }
  }

  #all(): readonly string[] {
    const kept = this.#sources.journal.kept()
    if (this.#old === null || !isJoined(this.#old, kept)) {
      this.#old = partBefore(this.#last, kept) ?? this.#read(kept)
    }
    if (!isJoined(this.#old, kept)) this.#old = []
    this.#last = [...this.#old, ...kept]
    return this.#last
  }

  /** What is torn in the file, or was written by somebody else, is left out. */
  #read(kept: readonly string[]): readonly string[] {
    const lines = this.#tail().split('\n').filter(isEntry)
    const first = kept[0] === undefined ? null : cursorOf(kept[0])
    const known = lines.findIndex((line) => cursorOf(line) === first)
    return known === -1 ? lines : lines.slice(0, known)
  }

  /** Where the file was just begun anew, most of it is in the one before. */
  #tail(): string {
    const { host, journal } = this.#sources
    for (const path of journal.paths) {
      const tail = host.readTail(path, tailBytes)
      if (tail === '') continue
      if (tail.length > tailBytes / 2) return tail
      return host.readTail(`${path}.1`, tailBytes - tail.length) + tail
    }
    return ''
  }
}

function sinceBirth(all: readonly string[], life: string): Since {
  const at = all.findIndex((line) => cursorOf(line)?.startsWith(`${life}-`))
  if (at === -1) return { entries: [], missed: false }
  return { entries: all.slice(at), missed: cursorOf(all[at] as string) !== `${life}-1` }
}

/** What was told before and is not in memory any more, as much of it as is read of a file; null:
 *  the two do not meet. */
function partBefore(last: readonly string[], kept: readonly string[]): readonly string[] | null {
  const first = kept[0] === undefined ? null : cursorOf(kept[0])
  const at = last.findLastIndex((line) => cursorOf(line) === first)
  if (at === -1) return null
  let from = at
  for (let size = 0; from > 0; from--) {
    size += (last[from - 1] as string).length
    if (size > tailBytes) break
  }
  return last.slice(from, at)
}

/** Nothing is missing between the two. */
function isJoined(old: readonly string[], kept: readonly string[]): boolean {
  const first = kept[0] === undefined ? null : cursorOf(kept[0])
  const [life, number] = first?.split('-') ?? []
  if (number === undefined || number === '1') return true
  const last = old.at(-1)
  return last !== undefined && cursorOf(last) === `${life}-${Number(number) - 1}`
}

/** The cursor of an entry's text; null: it does not begin with one. */
function cursorOf(line: string): string | null {
  if (!line.startsWith(begin)) return null
  const end = line.indexOf('"', begin.length)
  return end === -1 ? null : line.slice(begin.length, end)
}

function isEntry(line: string): boolean {
  if (cursorOf(line) === null) return false
  try {
    const entry: unknown = JSON.parse(line)
    const { at, type, words } = isRecord(entry) ? entry : {}
    return [at, type, words].every((field) => typeof field === 'string')
  } catch {
    return false
  }
}
