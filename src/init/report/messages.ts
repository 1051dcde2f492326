/** Puts notes into words: pitcrew's own lines. One note, one line. */

import type { Note } from '../../core/effect.ts'
import type { RunAndPid, Ticket } from '../../core/supervisor/ticket.ts'
import {
  count,
  describeAsker,
  describeEnd,
  describeReason,
  foregroundRemedy,
} from '../../core/text/describe.ts'
import { formatDuration } from '../../core/text/duration.ts'
import { oneLine } from '../../core/text/one-line.ts'

/** What the policy does is told with the death that it answers, and what a shutdown comes to by the
 *  exit code: their tickets are for the journal alone. */
export function isPrinted(note: Note): boolean {
  // It would wait in the stall that it is about.
  if (note.kind === 'output-stalled') return false
  if (note.kind !== 'ticket') return true
  const { verb, by } = note.ticket
  return verb !== 'shutdown' && by.kind !== 'policy'
}

/** Of what is usual; null: see trouble-words.ts and deaths.ts. */
export function usualWords(note: Note): string | null {
  switch (note.kind) {
    case 'started':
      return `${note.daemon}: started, ${pidAndRun(note)}`
    case 'ready':
      return `${note.daemon}: ready after ${formatDuration(note.afterMs)} (run ${note.run})`
    case 'done':
      return `${note.daemon}: done, ${pidAndRun(note)}, after ${formatDuration(note.uptimeMs)}${backgroundWords(note)}`
    case 'waits':
      return `${note.daemon}: waits for ${note.for}`
    case 'stopped':
      return `${note.daemon}: stopped: ${describeEnd(note)}, ${pidAndRun(note)}`
    case 'ticket':
      return ticketWords(note.ticket)
    case 'shutdown':
      return `${reasonWords(note)}: stopping ${count(note.daemons, 'daemon')}, deadline ${formatDuration(note.deadlineMs)}`
    default:
      return null
  }
}

/** ", leaving processes behind: …", where it did; else nothing. */
export function backgroundWords(note: Note): string {
  return 'leftOthers' in note && note.leftOthers
    ? `, leaving processes behind: ${foregroundRemedy}`
    : ''
}

export function pidAndRun({ pid, run }: { readonly pid: number; readonly run: number }): string {
  return `pid ${pid}, run ${run}`
}

/** "web: restart (USR1, asked 3 times): done in 30 ms, pid 7 -> 9" */
function ticketWords({ verb, daemon, by, why, requests, old, outcome }: Ticket): string {
  const times = requests === 1 ? '' : `, asked ${requests} times`
  const asked = `(${describeAsker(by)}${times}${why === '' ? '' : `: ${oneLine(why)}`})`
  const what = daemon === null ? `${verb} ${asked}` : `${daemon}: ${verb} ${asked}`
  switch (outcome.kind) {
    case 'done': {
      if (!outcome.changed) return `${what}: nothing to do: ${standsWords(outcome.now)}`
      const pids = outcome.now === null ? '' : `, pid ${old?.pid ?? 'none'} -> ${outcome.now.pid}`
      return `${what}: done in ${formatDuration(outcome.tookMs)}${pids}`
    }
    case 'ended':
      return `${what}: done in ${formatDuration(outcome.tookMs)}, exit code ${outcome.exitCode}`
    case 'failed':
      return `${what}: failed: ${outcome.why}`
    case 'superseded':
      return `${what}: superseded by ${outcome.verb === 'shutdown' ? 'the shutdown' : `a ${outcome.verb}`}`
    case 'open':
      return `${what}: under way`
  }
}

function standsWords(now: RunAndPid | null): string {
  return now === null ? 'it is stopped' : `it is ready, pid ${now.pid}`
}

function reasonWords({ reason }: Extract<Note, { kind: 'shutdown' }>): string {
  const why = reason.kind === 'request' && reason.why !== '' ? `: ${oneLine(reason.why)}` : ''
  return `${describeReason(reason)}${why}`
}
