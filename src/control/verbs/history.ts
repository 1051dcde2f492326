/** The entries of the journal: those in memory, preceded by those of its file, which has entries of
 *  earlier lives, too. A helper reads the file at the first request, and again only when memory has
 *  dropped entries that no request has seen. Requests that come meanwhile share the result. */
import { isRecord } from '../../core/plan/shape.ts'
import type { Supervisor } from '../server/control-plane.ts'

const tailBytes = 256 * 1024
/** How long a helper may take to read the file, in milliseconds. */
const readMs = 5000
const begin = '{"cursor":"'

export interface Since {
  /** Each the JSON of an Entry (answers.ts), oldest first. */
  readonly entries: readonly string[]
  /** Some entries after the cursor are no longer kept, or the cursor is unknown. */
  readonly missed: boolean
}

type Sources = Pick<Supervisor, 'startTask' | 'journal'>

export class History {
  readonly #sources: Sources
  /** The entries of the file before those in memory; null = the file was not, or could not be,
   *  read. */
  #old: readonly string[] | null = null
  /** The entries of the last answer. */
  #last: readonly string[] = []
  /** Requests that wait for the file. */
  #waiting: (() => void)[] = []

  constructor(sources: Sources) {
    this.#sources = sources
  }

  /** The entries after a cursor; null = all.
   *  @param take Gets them: at once when the file is not needed. */
  since(cursor: string | null, take: (since: Since) => void): void {
    this.#whenKnown(() => take(this.#since(cursor)))
  }

  #since(cursor: string | null): Since {
    const all = this.#all()
    if (cursor === null) return { entries: all, missed: this.#old === null }
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

  #whenKnown(answer: () => void): void {
    const isReading = this.#waiting.length > 0
    if (!isReading && this.#isKnown()) return answer()
    this.#waiting.push(answer)
    if (isReading) return
    const { paths } = this.#sources.journal
    this.#sources.startTask({ tail: paths, maxBytes: tailBytes, timeoutMs: readMs }, (end) => {
      const isRead = end !== null && end.errno === null && end.text !== null
      this.#old = isRead ? entriesIn(end.text, this.#sources.journal.kept()) : null
      for (const waiting of this.#waiting.splice(0)) waiting()
    })
  }

  /** The entries before those in memory are known, or there are none. */
  #isKnown(): boolean {
    const kept = this.#sources.journal.kept()
    if (this.#old !== null && isJoined(this.#old, kept)) return true
    const part = this.#old === null ? null : partBefore(this.#last, kept)
    if (part !== null) this.#old = part
    return part !== null
  }

  #all(): readonly string[] {
    const kept = this.#sources.journal.kept()
    const old = this.#old ?? []
    this.#last = isJoined(old, kept) ? [...old, ...kept] : kept
    return this.#last
  }
}

/** The entries of the file that are older than those in memory. Torn and foreign lines are left
 *  out. So is the second of two with one cursor: if a write times out, it is repeated. */
function entriesIn(text: string, kept: readonly string[]): readonly string[] {
  const first = kept[0] === undefined ? null : cursorOf(kept[0])
  const seen = new Set<string | null>([first])
  const lines = text.split('\n').filter(isEntry)
  const known = lines.findIndex((line) => cursorOf(line) === first)
  return (known === -1 ? lines : lines.slice(0, known)).filter((line) => {
    const cursor = cursorOf(line)
    const isNew = !seen.has(cursor)
    seen.add(cursor)
    return isNew
  })
}

function sinceBirth(all: readonly string[], life: string): Since {
  const at = all.findIndex((line) => cursorOf(line)?.startsWith(`${life}-`))
  if (at === -1) return { entries: [], missed: false }
  return { entries: all.slice(at), missed: cursorOf(all[at] as string) !== `${life}-1` }
}

/** The entries of the last answer that are no longer in memory, as many as would be read of a file;
 *  null: there is a gap between the two. */
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

/** There is no gap between the two. */
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
