/** Deaths that nobody asked for: why, what it cost, what the daemon said at last, and what follows.
 *  One line of the log, and one record that is kept: for the exit report, and for the command that
 *  is run at a death. */
import { describeExitOf, foregroundRemedy } from '../core/describe.ts'
import type { DeathNote } from '../core/effect.ts'
import { signalNumbers } from '../core/signals.ts'
import type { Host, Legacy } from '../host/host.ts'
import { backgroundWords, deathHead, faultWords, verdictWords } from './report.ts'
import { whyNotStarted } from './start-failure.ts'

/** What is kept of a death. */
export interface DeathRecord {
  readonly run: number
  /** 0 = it could not be started. */
  readonly pid: number
  /** "code 3", "KILL, probably out of memory", "not ready in time" */
  readonly cause: string
  readonly uptimeMs: number
  /** Processor time and most memory; null where the run is not over yet. */
  readonly cpuMs: number | null
  readonly memoryKib: number | null
  /** What it said of itself (sd_notify), and its last lines. */
  readonly status: string
  readonly lastLines: readonly string[]
  /** "again in 200ms" */
  readonly next: string
  /** What may help; not there where nothing is known. */
  readonly remedy?: string
}

/** When it was, on the host's clock. */
export interface KeptDeath {
  readonly atMs: number
  readonly record: DeathRecord
  /** Why it could not be started; null = it was. */
  readonly startFailure: string | null
}

/** How much of its last line is in the log, in characters. */
const lineMax = 160
/** How much of a cause is kept, in characters. */
const causeMax = 250
/** How many of its last lines are kept. */
const linesMax = 5

export class Deaths {
  readonly #host: Host
  #oomKills: number | null
  /** Of each daemon that had one. */
  readonly last: Map<string, KeptDeath> = new Map()

  constructor(host: Host) {
    this.#host = host
    this.#oomKills = host.oomKills()
  }

  /** Keeps the record of it. @returns Its words for the log. */
  tell(note: DeathNote): string {
    const legacy = note.kind === 'died' ? this.#host.legacy(note.daemon, note.run) : null
    const isOom = this.#isOutOfMemory(note)
    const record = recordOf(note, legacy, isOom)
    const startFailure = note.kind === 'start-failed' ? whyNotStarted(note, note.command) : null
    this.last.set(note.daemon, { atMs: this.#host.now(), record, startFailure })
    const cause = isOom ? `${deathHead(note)}, probably out of memory` : deathHead(note)
    const usage = `${usageWords(legacy)}${backgroundWords(note)}`
    return `${cause}${usage}; ${record.next}${lastWords(record)}`
  }

  /** For the command of a death, which was told before. */
  environment({ daemon, run }: DeathNote): readonly string[] {
    const record = this.last.get(daemon)?.record
    if (record?.run !== run) return []
    const { cause, next, lastLines } = record
    return [
      `PITCREW_CAUSE=${cause}`,
      `PITCREW_NEXT=${next}`,
      // An entry of the environment ends at a NUL.
      `PITCREW_LAST_LINES=${lastLines.join('\n').split('\0').join('?')}`,
    ]
  }

  /** Only a KILL that was not ours, while the kernel killed somebody of our group: the counter does
   *  not say whom. */
  #isOutOfMemory(note: DeathNote): boolean {
    if (note.kind !== 'died' || note.signal !== signalNumbers.KILL) return false
    const before = this.#oomKills
    this.#oomKills = this.#host.oomKills()
    return before !== null && this.#oomKills !== null && this.#oomKills > before
  }
}

function recordOf(note: DeathNote, legacy: Legacy | null, isOom: boolean): DeathRecord {
  const { run, pid, uptimeMs, status, verdict } = note
  // Of an error of our own there is a stack behind the first line.
  const ended = (causeOf(note).split('\n')[0] ?? '').slice(0, causeMax)
  return {
    run,
    pid,
    cause: isOom ? `${ended}, probably out of memory` : ended,
    uptimeMs: Math.round(uptimeMs),
    cpuMs: legacy === null ? null : Math.round(legacy.cpuMs),
    memoryKib: legacy?.memoryKib ?? null,
    status,
    lastLines: legacy === null ? [] : linesOf(legacy.lastLines),
    next: verdictWords(verdict),
    ...(isInBackground(note) && { remedy: foregroundRemedy }),
  }
}

function isInBackground(note: DeathNote): boolean {
  return note.kind === 'died' && note.leftOthers
}

function causeOf(note: DeathNote): string {
  switch (note.kind) {
    case 'died':
      return isInBackground(note)
        ? `${describeExitOf(note)}, leaving processes behind`
        : describeExitOf(note)
    case 'start-failed':
      return `could not start: ${whyNotStarted(note, note.command)}`
    case 'unfit':
      return faultWords[note.fault]
  }
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .slice(-linesMax)
}

function usageWords(legacy: Legacy | null): string {
  if (legacy === null) return ''
  return ` (cpu ${Math.round(legacy.cpuMs)} ms, memory ${(legacy.memoryKib / 1024).toFixed(1)} MiB)`
}

function lastWords({ status, lastLines }: DeathRecord): string {
  const line = status === '' ? lastLines.at(-1) : status
  if (line === undefined) return ''
  return `; its last ${status === '' ? 'line' : 'status'}: ${printable(line)}`
}

/** One line, whatever a daemon writes. */
function printable(text: string): string {
  let line = ''
  for (const char of text.slice(0, lineMax)) line += char < ' ' || char === '\x7f' ? '?' : char
  return JSON.stringify(line)
}
