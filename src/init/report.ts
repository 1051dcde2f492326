/** Puts notes into words: pitcrew's own lines. One note, one line. */
import {
  count,
  describeAsker,
  describeEnd,
  describeReason,
  describeStall,
  faultWords,
  foregroundRemedy,
} from '../core/describe.ts'
import { formatDuration } from '../core/duration.ts'
import type { DeathNote, Note } from '../core/effect.ts'
import { oneLine } from '../core/one-line.ts'
import type { Verdict } from '../core/restart-policy.ts'
import type { RunAndPid, Ticket } from '../core/ticket.ts'
import { whyNotStarted } from './start-failure.ts'

export { faultWords }

/** What the policy does is told with the death that it answers, and what a shutdown comes to by the
 *  exit code: their tickets are for the journal alone. */
export function isPrinted(note: Note): boolean {
  // It would wait in the stall that it is about.
  if (note.kind === 'output-stalled') return false
  if (note.kind !== 'ticket') return true
  const { verb, by } = note.ticket
  return verb !== 'shutdown' && by.kind !== 'policy'
}

/** Of a death only what the core knows: see deaths.ts. */
export function wordsOf(note: Note): string {
  switch (note.kind) {
    case 'started':
      return `${note.daemon}: started, ${pidAndRun(note)}`
    case 'ready':
      return `${note.daemon}: ready after ${formatDuration(note.afterMs)} (run ${note.run})`
    case 'done':
      return `${note.daemon}: done, ${pidAndRun(note)}, after ${formatDuration(note.uptimeMs)}${backgroundWords(note)}`
    case 'died':
    case 'unfit':
    case 'start-failed':
      return deathWords(note)
    case 'waits':
      return `${note.daemon}: waits for ${note.for}`
    case 'skipped':
      return `${note.daemon}: not started: it needs ${note.needs}, which has failed`
    case 'held':
      return `${note.daemon}: stopping it until ${note.guard} is ready again (run ${note.run})`
    case 'stopped':
      return `${note.daemon}: stopped: ${describeEnd(note)}, ${pidAndRun(note)}`
    case 'killing':
      return `${note.daemon}: still there ${formatDuration(note.afterMs)} after the stop signal: KILL (run ${note.run})`
    case 'end-missed':
      return `${note.daemon}: run ${note.run} is gone; how it ended was not seen`
    case 'forwarded':
      return `${note.daemon}: ${note.signal} forwarded to pid ${note.pid}`
    case 'not-forwarded':
      return `${note.daemon}: ${note.signal} not forwarded: it is not running`
    case 'signal-ignored':
      return ignored(note)
    case 'ticket':
      return ticketWords(note.ticket)
    case 'shutdown':
      return `${reasonWords(note)}: stopping ${count(note.daemons, 'daemon')}, deadline ${formatDuration(note.deadlineMs)}`
    case 'deadline-missed':
      return `the deadline has come: ${note.daemons.join(', ')} killed`
    case 'output-stalled':
      return `stdout is stalled: ${describeStall(note.errno)}`
    case 'output-resumed':
      return `stdout goes on: it took nothing for ${formatDuration(Math.round(note.afterMs))}`
    case 'stuck':
      return `${note.daemon}: not gone after KILL (run ${note.run})`
  }
}

/** "web: died: exit code 3, pid 17, run 2, after 4.2s" and what comes of it. */
function deathWords(note: DeathNote): string {
  return `${deathHead(note)}${backgroundWords(note)}; ${verdictWords(note.verdict)}`
}

/** ", leaving processes behind: …", where it did; else nothing. */
export function backgroundWords(note: Note): string {
  return 'leftOthers' in note && note.leftOthers
    ? `, leaving processes behind: ${foregroundRemedy}`
    : ''
}

/** "web: died: exit code 3, pid 17, run 2, after 4.2s" */
export function deathHead(note: DeathNote): string {
  if (note.kind === 'start-failed') {
    return `${note.daemon}: cannot start (run ${note.run}): ${whyNotStarted(note, note.command)}`
  }
  const when = `${pidAndRun(note)}, after ${formatDuration(note.uptimeMs)}`
  if (note.kind === 'died') return `${note.daemon}: died: ${describeEnd(note, note.flaw)}, ${when}`
  return `${note.daemon}: ${faultWords[note.fault]}, ${when}: stopping it`
}

/** "again in 200ms" */
export function verdictWords(verdict: Verdict): string {
  if (verdict.kind === 'retry') {
    const when = verdict.afterMs === 0 ? 'at once' : `in ${formatDuration(verdict.afterMs)}`
    return verdict.row.length > 1
      ? `again ${when}, restart ${verdict.row.length} in a row`
      : `again ${when}`
  }
  switch (verdict.why) {
    case 'done':
      return 'it has done its work'
    case 'policy':
      return 'restart policy is never'
    case 'main':
      return 'it is the main daemon'
    case 'shutdown':
      return 'shutting down'
    case 'limit':
      return `given up after ${count(verdict.times, 'restart')} in ${formatDuration(verdict.windowMs)}`
  }
}

function pidAndRun({ pid, run }: { readonly pid: number; readonly run: number }): string {
  return `pid ${pid}, run ${run}`
}

function ignored(note: Extract<Note, { kind: 'signal-ignored' }>): string {
  const { signal, times, shuttingDown } = note
  const why = shuttingDown ? 'shutting down' : 'not in "signals:"'
  return `${signal} ignored: ${why}${times > 1 ? ` (${times} times so far)` : ''}`
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
