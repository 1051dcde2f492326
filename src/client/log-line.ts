/** A line of the stream that `logs` gives: `<wall ms> <daemon> <text>`. */
import { PitcrewError } from '../errors.ts'

export interface LogLine {
  /** When it was printed, in milliseconds since 1970. */
  readonly atMs: number
  /** Who printed it; null = pitcrew itself. */
  readonly daemon: string | null
  readonly text: string
  /** The text is for whoever reads this stream: something was left out of it. */
  readonly isNotice: boolean
}

/** null: the end of the stream. */
export function readLogLine(line: string): LogLine | null {
  const first = line.indexOf(' ')
  const second = line.indexOf(' ', first + 1)
  const atMs = Number(line.slice(0, first))
  if (first < 1 || second < 0 || Number.isNaN(atMs)) throw notALogLine(line)
  const daemon = line.slice(first + 1, second)
  const text = line.slice(second + 1)
  if (daemon === '.') return null
  const isNotice = daemon === '!'
  return { atMs, daemon: isNotice || daemon === '-' ? null : daemon, text, isNotice }
}

function notALogLine(line: string): PitcrewError {
  const began = JSON.stringify(line.slice(0, 40))
  return new PitcrewError('NO_PITCREW', `cannot read a line of the log that begins with ${began}`)
}
