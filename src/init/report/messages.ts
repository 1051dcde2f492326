/** The messages of pitcrew's own log: one line for each note of the core. It is the name of the
 *  daemon, if the note is about one, and the words, which the journal keeps. Frequent words are in
 *  the init's image, rare ones in the image "auxiliary"; those of deaths are in death-message.ts.
 */

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

/** Tickets of the restart policy and of a shutdown go to the journal only: the message of the death
 *  says what the policy does, and the exit code says how the shutdown ended. */
export function isPrinted(note: Note): boolean {
  // It could not be printed during the stall that it reports.
  if (note.kind === 'output-stalled') return false
  if (note.kind !== 'ticket') return true
  const { verb, by } = note.ticket
  return verb !== 'shutdown' && by.kind !== 'policy'
}

/** The daemon that a note is about. */
export function daemonOf(note: Note): string | null {
  if ('daemon' in note) return note.daemon
  return note.kind === 'ticket' ? note.ticket.daemon : null
}

/** @returns null for a note that `rareWords` or `describeDeath` describes. */
export function commonWords(note: Note): string | null {
  switch (note.kind) {
    // The engine joins strings in one go, but numbers one after the other.
    case 'started':
      return `started, pid ${String(note.pid)}, run ${String(note.run)}`
    case 'ready':
      return `ready after ${formatDuration(note.afterMs)} (run ${note.run})`
    case 'done':
      return `done, ${pidAndRun(note)}, after ${formatDuration(note.uptimeMs)}${backgroundNote(note)}`
    case 'waits':
      return `waits for ${note.for}`
    case 'stopped':
      return `stopped: ${describeExitFully(note)}, ${pidAndRun(note)}`
    case 'ticket':
      return ticketWords(note.ticket)
    case 'shutdown':
      return `${shutdownReason(note)}: stopping ${count(note.daemons, 'daemon')}, deadline ${formatDuration(note.deadlineMs)}`
    default:
      return null
  }
}

/** ", leaving processes behind: …", or ''. */
export function backgroundNote(note: Note): string {
  return 'leftOthers' in note && note.leftOthers
    ? `, leaving processes behind: ${foregroundRemedy}`
    : ''
}

export function pidAndRun({ pid, run }: { readonly pid: number; readonly run: number }): string {
  return `pid ${String(pid)}, run ${String(run)}`
}

/** "restart (USR1, requested 3 times): done in 30 ms, pid 7 -> 9" */
function ticketWords({ verb, by, why, requests, old, outcome }: Ticket): string {
  const times = requests === 1 ? '' : `, requested ${requests} times`
  const asked = `(${describeRequester(by)}${times}${why === '' ? '' : `: ${oneLine(why)}`})`
  const what = `${verb} ${asked}`
  switch (outcome.kind) {
    case 'done': {
      if (!outcome.changed) return `${what}: nothing to do: ${describeNow(outcome.now)}`
      const oldPid = String(old?.pid ?? 'none')
      const pids = outcome.now === null ? '' : `, pid ${oldPid} -> ${String(outcome.now.pid)}`
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

function describeNow(now: RunAndPid | null): string {
  return now === null ? 'it is stopped' : `it is ready, pid ${now.pid}`
}

function shutdownReason({ reason }: Extract<Note, { kind: 'shutdown' }>): string {
  const why = reason.kind === 'request' && reason.why !== '' ? `: ${oneLine(reason.why)}` : ''
  return `${describeReason(reason)}${why}`
}

/** @param note A note that `commonWords` has no words for, and not a death. */
export function rareWords(note: Note): string {
  switch (note.kind) {
    case 'skipped':
      return `not started: ${describeUnmet(note.needs)}`
    case 'held':
      return `stopping it until its guard ${note.guard} is ready again (run ${note.run})`
    case 'killing':
      return `still running ${formatDuration(note.afterMs)} after the stop signal: sending KILL (run ${note.run})`
    case 'end-missed':
      return `run ${note.run} has ended; its exit status was not seen`
    case 'forwarded':
      return `${note.signal} forwarded to pid ${note.pid}`
    case 'not-forwarded':
      return `${note.signal} not forwarded: it is not running`
    case 'signal-ignored':
      return ignoredWords(note)
    case 'deadline-missed':
      return `deadline reached: killed ${note.daemons.join(', ')}`
    case 'output-stalled':
      return `stdout is stalled: ${describeStall(note.errno)}`
    case 'output-resumed':
      return `stdout resumed after a stall of ${formatDuration(Math.round(note.afterMs))}`
    case 'stuck':
      return `still running after KILL (run ${note.run})`
    default:
      throw new Error(`${note.kind} has its words elsewhere`)
  }
}

function ignoredWords(note: Extract<Note, { kind: 'signal-ignored' }>): string {
  const { signal, times, shuttingDown } = note
  const why = shuttingDown ? 'shutting down' : 'not in "signals:"'
  return `${signal} ignored: ${why}${times > 1 ? ` (${times} times so far)` : ''}`
}

/** More than the length of any process name, in bytes. */
const nameBytesMax = 64

/** Names processes that descend from pitcrew and belong to no known run. An operator may know them.
 */
export function unattributedMessage(host: Host, pids: readonly number[]): string {
  const processes = pids.map((pid) => {
    const answer = host.readFile(`/proc/${pid}/comm`, nameBytesMax)
    return `pid ${pid}${'text' in answer ? ` (${answer.text.trim()})` : ''}`
  })
  return `processes of no known daemon: ${processes.join(', ')}; they end with pitcrew`
}
