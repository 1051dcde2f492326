/** Puts notes into words: pitcrew's own lines. One note, one line. */
import { count, describeExit } from '../core/describe.ts'
import { formatDuration } from '../core/duration.ts'
import type { DeathNote, Note, ShutdownReason } from '../core/effect.ts'
import type { Exit, Fault } from '../core/event.ts'
import type { Verdict } from '../core/restart-policy.ts'
import type { Ticket } from '../core/ticket.ts'
import { describeErrno } from '../errors.ts'

/** Of a death only what the core knows: see deaths.ts. */
export function wordsOf(note: Note): string {
  switch (note.kind) {
    case 'started':
      return `${note.daemon}: started, ${pidAndRun(note)}`
    case 'ready':
      return `${note.daemon}: ready after ${formatDuration(note.afterMs)} (run ${note.run})`
    case 'done':
      return `${note.daemon}: done, ${pidAndRun(note)}, after ${formatDuration(note.uptimeMs)}`
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
      return `${note.daemon}: stopped: ${ending(note)}, ${pidAndRun(note)}`
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
      return `${reasonWords(note.reason)}: stopping ${count(note.daemons, 'daemon')}, deadline ${formatDuration(note.deadlineMs)}`
    case 'deadline-missed':
      return `the deadline has come: ${note.daemons.join(', ')} killed`
    case 'stuck':
      return `${note.daemon}: not gone after KILL (run ${note.run})`
  }
}

/** "web: died: exit code 3, pid 17, run 2, after 4.2s" and what comes of it. */
function deathWords(note: DeathNote): string {
  return `${causeWords(note)}; ${verdictWords(note.verdict)}`
}

/** "web: died: exit code 3, pid 17, run 2, after 4.2s" */
export function causeWords(note: DeathNote): string {
  if (note.kind === 'start-failed') {
    return `${note.daemon}: cannot start (run ${note.run}): ${whyNotStarted(note)}`
  }
  const when = `${pidAndRun(note)}, after ${formatDuration(note.uptimeMs)}`
  if (note.kind === 'died') return `${note.daemon}: died: ${ending(note)}, ${when}`
  return `${note.daemon}: ${faultWords[note.fault]}, ${when}: stopping it`
}

export const faultWords: Readonly<Record<Fault, string>> = {
  'not-ready': 'not ready in time',
  'not-alive': 'not alive',
  watchdog: 'silent for longer than its watchdog allows',
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

/** "exit code 3" or "signal TERM" */
function ending(exit: Exit): string {
  return exit.signal === 0 ? `exit ${describeExit(exit)}` : `signal ${describeExit(exit)}`
}

export function whyNotStarted(note: Extract<DeathNote, { kind: 'start-failed' }>): string {
  const why = describeErrno(note.errno)
  switch (note.step) {
    case 'exec':
      return `cannot execute ${note.command}: ${why}`
    case 'cwd':
      return `cannot enter its working directory: ${why}`
    case 'user':
      return `cannot become its user: ${why}`
    case 'limits':
      return `cannot set its limits: ${why}`
    default:
      return `${note.step}: ${why}`
  }
}

function ignored(note: Extract<Note, { kind: 'signal-ignored' }>): string {
  const { signal, times, shuttingDown } = note
  const why = shuttingDown ? 'shutting down' : 'not in "signals:"'
  return `${signal} ignored: ${why}${times > 1 ? ` (${times} times so far)` : ''}`
}

function ticketWords(ticket: Ticket): string {
  const { verb, daemon, by, outcome, requests, oldPid } = ticket
  const asked = requests === 1 ? by : `${by}, asked ${requests} times`
  const what = `${daemon}: ${verb} (${asked})`
  switch (outcome.kind) {
    case 'done':
      return `${what}: done in ${formatDuration(outcome.tookMs)}, pid ${oldPid ?? 'none'} -> ${outcome.pid}`
    case 'failed':
      return `${what}: failed: ${outcome.why}`
    case 'superseded':
      return `${what}: superseded by the shutdown`
    case 'open':
      return `${what}: under way`
  }
}

function reasonWords(reason: ShutdownReason): string {
  switch (reason.kind) {
    case 'signal':
      return reason.signal
    case 'hangup':
      return 'the terminal is gone'
    case 'main-ended':
      return `${reason.daemon} is the main daemon and has ended`
    case 'critical-ended':
      return `${reason.daemon} is critical and is given up`
    case 'given-up':
      return `${reason.daemon} is given up`
  }
}
