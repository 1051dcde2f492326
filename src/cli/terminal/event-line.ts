/** An entry of the journal as a line: `2026-11-21 17:00:00.123 web  died: exit code 3`. */

import type { Entry } from '../../control/protocol/answers.ts'
import { oneLine } from '../../core/text/one-line.ts'
import { type Colour, paint, type TerminalStyle } from './style.ts'

/** Colours of the types that matter most; the others are plain. */
const colours: Readonly<Record<string, Colour | undefined>> = {
  'deadline-missed': 'red',
  died: 'red',
  done: 'green',
  'end-missed': 'red',
  held: 'yellow',
  killing: 'red',
  pitcrew: 'red',
  ready: 'green',
  shutdown: 'yellow',
  skipped: 'red',
  'start-failed': 'red',
  stuck: 'red',
  unfit: 'red',
}

export function eventLine(style: TerminalStyle, entry: Entry, nameWidth: number): string {
  const { at, type, daemon, words } = entry
  const time = paint(style, 'dim', formatTime(at))
  const name = paint(style, 'bold', (daemon ?? '').padEnd(nameWidth))
  const colour = entry.outcome === 'failed' ? 'red' : (colours[type] ?? 'plain')
  const text = paint(style, colour, oneLine(words))
  return `${time} ${name}  ${text}`.trimEnd()
}

/** "2026-11-21 17:00:00.123", in UTC. */
function formatTime(iso: string): string {
  return iso.replace('T', ' ').replace('Z', '')
}
