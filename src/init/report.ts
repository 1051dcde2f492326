/** Puts notes into words: pitcrew's own lines. One note, one line. */
import { count, describeExit } from '../core/describe.ts'
import { formatDuration } from '../core/duration.ts'
import type { Note, ShutdownReason } from '../core/effect.ts'
import type { Exit } from '../core/event.ts'
import type { Ticket } from '../core/ticket.ts'
import { describeErrno } from '../errors.ts'

export function wordsOf(note: Note): string {
  switch (note.kind) {
    case 'started':
      return `${note.daemon}: started, ${pidAndRun(note)}`
    case 'start-failed':
      return `${note.daemon}: cannot start (run ${note.run}): ${whyNotStarted(note)}; restart policy is never`
    case 'died':
      return `${note.daemon}: died: ${ending(note)}, ${pidAndRun(note)}, after ${formatDuration(note.uptimeMs)}; restart policy is never`
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

function pidAndRun({ pid, run }: { readonly pid: number; readonly run: number }): string {
  return `pid ${pid}, run ${run}`
}

/** "exit code 3" or "signal TERM" */
function ending(exit: Exit): string {
  return exit.signal === 0 ? `exit ${describeExit(exit)}` : `signal ${describeExit(exit)}`
}

function whyNotStarted(note: Extract<Note, { kind: 'start-failed' }>): string {
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
  }
}
