/** Puts notes into words: pitcrew's own lines. One note, one line. */

import type { Note } from '../../core/effect.ts'
import { describeExitFully, describeUnmet, foregroundRemedy } from '../../core/text/cause.ts'
import {
  count,
  describeReason,
  describeRequester,
  describeStall,
} from '../../core/text/describe.ts'
import { formatDuration } from '../../core/text/duration.ts'
import { oneLine } from '../../core/text/one-line.ts'
import type { RunAndPid, Ticket } from '../../core/ticket.ts'
import type { Host } from '../../host/host.ts'

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
export function commonMessage(note: Note): string | null {
  switch (note.kind) {
    case 'started':
      return `${note.daemon}: started, ${pidAndRun(note)}`
    case 'ready':
      return `${note.daemon}: ready after ${formatDuration(note.afterMs)} (run ${note.run})`
    case 'done':
      return `${note.daemon}: done, ${pidAndRun(note)}, after ${formatDuration(note.uptimeMs)}${backgroundNote(note)}`
    case 'waits':
      return `${note.daemon}: waits for ${note.for}`
    case 'stopped':
      return `${note.daemon}: stopped: ${describeExitFully(note)}, ${pidAndRun(note)}`
    case 'ticket':
      return ticketWords(note.ticket)
    case 'shutdown':
      return `${reasonWords(note)}: stopping ${count(note.daemons, 'daemon')}, deadline ${formatDuration(note.deadlineMs)}`
    default:
      return null
  }
}

/** ", leaving processes behind: …", where it did; else nothing. */
export function backgroundNote(note: Note): string {
  return 'leftOthers' in note && note.leftOthers
    ? `, leaving processes behind: ${foregroundRemedy}`
    : ''
}

export function pidAndRun({ pid, run }: { readonly pid: number; readonly run: number }): string {
  return `pid ${pid}, run ${run}`
}

/** "web: restart (USR1, asked 3 times): done in 30 ms, pid 7 -> 9" */
function ticketWords({ verb, daemon, by, why, requests, old, outcome }: Ticket): string {
  const times = requests === 1 ? '' : `, requested ${requests} times`
  const asked = `(${describeRequester(by)}${times}${why === '' ? '' : `: ${oneLine(why)}`})`
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
      return `${what}: in progress`
  }
}

function standsWords(now: RunAndPid | null): string {
  return now === null ? 'it is stopped' : `it is ready, pid ${now.pid}`
}

function reasonWords({ reason }: Extract<Note, { kind: 'shutdown' }>): string {
  const why = reason.kind === 'request' && reason.why !== '' ? `: ${oneLine(reason.why)}` : ''
  return `${describeReason(reason)}${why}`
}

/** @param note None with words of another place: see report.ts and death-words.ts. */
export function rareMessage(note: Note): string {
  switch (note.kind) {
    case 'skipped':
      return `${note.daemon}: not started: ${describeUnmet(note.needs)}`
    case 'held':
      return `${note.daemon}: stopping it until its guard ${note.guard} is ready again (run ${note.run})`
    case 'killing':
      return `${note.daemon}: still running ${formatDuration(note.afterMs)} after the stop signal: sending KILL (run ${note.run})`
    case 'end-missed':
      return `${note.daemon}: run ${note.run} has ended; its exit status was not seen`
    case 'forwarded':
      return `${note.daemon}: ${note.signal} forwarded to pid ${note.pid}`
    case 'not-forwarded':
      return `${note.daemon}: ${note.signal} not forwarded: it is not running`
    case 'signal-ignored':
      return ignored(note)
    case 'deadline-missed':
      return `deadline reached: killed ${note.daemons.join(', ')}`
    case 'output-stalled':
      return `stdout is stalled: ${describeStall(note.errno)}`
    case 'output-resumed':
      return `stdout resumed after a stall of ${formatDuration(Math.round(note.afterMs))}`
    case 'stuck':
      return `${note.daemon}: still running after KILL (run ${note.run})`
    default:
      throw new Error(`${note.kind} has its words elsewhere`)
  }
}

function ignored(note: Extract<Note, { kind: 'signal-ignored' }>): string {
  const { signal, times, shuttingDown } = note
  const why = shuttingDown ? 'shutting down' : 'not in "signals:"'
  return `${signal} ignored: ${why}${times > 1 ? ` (${times} times so far)` : ''}`
}

/** Longer than any name of a process. */
const nameBytesMax = 64

export function unattributedMessage(host: Host, pids: readonly number[]): string {
  const processes = pids.map((pid) => {
    const answer = host.readFile(`/proc/${pid}/comm`, nameBytesMax)
    return `pid ${pid}${'text' in answer ? ` (${answer.text.trim()})` : ''}`
  })
  return `processes of no known daemon: ${processes.join(', ')}; they end with pitcrew`
}
