/** Entries of the journal in memory. First they are noted, then text; the oldest are written, or
 *  are being written:
 *
 *      written | being written | waiting | noted
 *
 *  A hundred may be noted and not be text yet: at a boot there is no time for that. What is written
 *  is let go first, and then what waits, which is counted. */
import { entryText, type Noted } from './journal-entry-text.ts'

/** In characters: all of it; and what is written, as long as nobody has read it. */
const keptMax = 128 * 1024
const writtenMax = 16 * 1024
const notedMax = 100

export class Entries {
  /** When this life began; 0 = nothing has happened in it. */
  lifeMs = 0
  /** The number of the newest one. */
  count = 0
  #noted: Noted[] = []
  #lines: string[] = []
  /** Characters of all lines; of those that wait. */
  #size = 0
  #waitingSize = 0
  #waiting = 0
  #writing = 0
  /** How many were let go unwritten; how many of those are told in what is being written. */
  #dropped = 0
  #droppedTold = 0
  #isRead = false

  note(noted: Noted): void {
    if (this.count === 0) this.lifeMs ||= noted.wallMs
    this.count++
    this.#noted.push(noted)
    if (this.#noted.length >= notedMax) this.#settle()
  }

  get isWriting(): boolean {
    return this.#writing > 0
  }

  get isWaiting(): boolean {
    return this.#waiting > 0 || this.#noted.length > 0
  }

  /** How much is text and waits, in characters. */
  get waitingSize(): number {
    return this.#waitingSize
  }

  /** All of them, oldest first. More of it is kept from now on. */
  read(): readonly string[] {
    this.#settle()
    this.#isRead = true
    return this.#lines
  }

  newest(): string {
    this.#settle()
    return this.#lines.at(-1) as string
  }

  /** What waits, as it is to be written; null = nothing does. */
  take(): string | null {
    this.#settle()
    if (this.#waiting === 0) return null
    const lines = this.#lines.slice(-this.#waiting)
    if (this.#dropped > 0) lines[0] = withDropped(lines[0] as string, this.#dropped)
    this.#writing = this.#waiting
    this.#droppedTold = this.#dropped
    this.#waiting = this.#waitingSize = this.#dropped = 0
    return `${lines.join('\n')}\n`
  }

  written(): void {
    this.#writing = this.#droppedTold = 0
    this.#trim()
  }

  /** What was being written waits again, as far as it is there. */
  notWritten(): void {
    const left = Math.min(this.#writing, this.#lines.length - this.#waiting)
    this.#waiting += left
    this.#dropped += this.#writing - left + this.#droppedTold
    this.#writing = this.#droppedTold = 0
    this.#waitingSize = sizeOf(this.#lines.slice(this.#lines.length - this.#waiting))
  }

  #settle(): void {
    const noted = this.#noted
    if (noted.length === 0) return
    const lines = this.#lines
    let number = this.count - noted.length
    let size = 0
    for (const one of noted) {
      const line = entryText(`${this.lifeMs}-${++number}`, one)
      lines.push(line)
      size += line.length
    }
    this.#size += size
    this.#waitingSize += size
    this.#waiting += noted.length
    this.#noted = []
    this.#trim()
  }

  #trim(): void {
    const inFile = this.#lines.length - this.#waiting - this.#writing
    let from = 0
    for (; from < this.#lines.length; from++) {
      if (this.#size <= (from < inFile && !this.#isRead ? writtenMax : keptMax)) break
      this.#size -= (this.#lines[from] as string).length
    }
    if (from === 0) return
    this.#lines = this.#lines.slice(from)
    const lost = Math.max(0, this.#waiting - this.#lines.length)
    if (lost === 0) return
    this.#waiting -= lost
    this.#waitingSize = this.#size
    this.#dropped += lost
  }
}

function sizeOf(lines: readonly string[]): number {
  return lines.reduce((size, line) => size + line.length, 0)
}

/** Says in an entry how many before it are missing. */
function withDropped(line: string, dropped: number): string {
  const behindCursor = line.indexOf(',')
  return `${line.slice(0, behindCursor)},"dropped":${dropped}${line.slice(behindCursor)}`
}
