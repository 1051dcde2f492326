/** The outcome of a request, in words. */

import type { TicketAnswer } from '../../control/protocol/answers.ts'
import { count } from '../../core/text/describe.ts'
import { oneLine } from '../../core/text/one-line.ts'
import { formatElapsed } from './format.ts'

const pastTense: Readonly<Record<string, string | undefined>> = {
  start: 'started',
  stop: 'stopped',
  restart: 'restarted',
  reload: 'reloaded',
}

/** "web: restarted in 312 ms, pid 7 -> 9 (ticket 5)" */
export function describeOutcome(answer: TicketAnswer): string {
  const subject = answer.daemon === null ? 'everything' : `${answer.daemon}:`
  return `${subject} ${describeResult(answer)} (ticket ${answer.ticket})`
}

function describeResult(answer: TicketAnswer): string {
  const { verb, outcome, cause, supersededBy, tookMs, changed } = answer
  const took = formatElapsed(tookMs)
  switch (outcome) {
    case 'open':
      return tookMs < 1000 ? `${verb} requested` : `${verb} requested ${took} ago`
    case 'failed':
      return `${verb} failed after ${took}: ${oneLine(cause ?? 'cause unknown')}`
    case 'superseded':
      return `${verb} superseded by ticket ${supersededBy} after ${took}`
    case 'done':
      if (answer.exitCode !== null) return `ended with exit code ${answer.exitCode} in ${took}`
      return changed
        ? `${describeDone(answer)} in ${took}${describePids(answer)}`
        : describeUnchanged(answer)
  }
}

/** The restart of a daemon that was down is a start. */
function describeDone({ verb, old }: TicketAnswer): string {
  return verb === 'restart' && old === null ? 'started' : (pastTense[verb] ?? verb)
}

function describeUnchanged({ verb, now }: TicketAnswer): string {
  if (verb === 'stop') return 'already stopped'
  return now === null ? 'nothing to do' : `already running, pid ${now.pid}`
}

/** ", pid 7 -> 9" */
function describePids({ old, now }: TicketAnswer): string {
  const pids = new Set([old, now].flatMap((run) => (run === null ? [] : [run.pid])))
  return pids.size === 0 ? '' : `, pid ${[...pids].join(' -> ')}`
}

/** Everything about a ticket. */
export function ticketPage(answer: TicketAnswer): string[] {
  const { by, why, requests, joined, lastLines } = answer
  const several = requests > 1 ? ` (${count(requests, 'request')} merged)` : ''
  return [
    describeOutcome(answer),
    `  requested by  ${oneLine(by)}${several}`,
    ...(why === '' ? [] : [`  reason        ${oneLine(why)}`]),
    ...phases(answer),
    ...(joined && answer.outcome === 'open' ? ['  joined an open request'] : []),
    ...formatLastLines(lastLines),
  ]
}

function phases({ stopMs, waitMs, readyMs, old, now }: TicketAnswer): string[] {
  const parts = [
    stopMs === null ? '' : `stop ${formatElapsed(stopMs)}`,
    waitMs === null ? '' : `wait ${formatElapsed(waitMs)}`,
    readyMs === null ? '' : `until ready ${formatElapsed(readyMs)}`,
  ].filter((part) => part !== '')
  const both = [old, now].filter((run) => run !== null)
  const runs = [...new Set(both.map(({ run, pid }) => `run ${run}, pid ${pid}`))]
  return [
    ...(runs.length === 0 ? [] : [`  runs          ${runs.join(' -> ')}`]),
    ...(parts.length === 0 ? [] : [`  phases        ${parts.join(', ')}`]),
  ]
}

/** The last lines of a daemon under a heading; nothing if there are none. */
export function formatLastLines(lines: readonly string[]): string[] {
  if (lines.length === 0) return []
  return ['  last lines:', ...lines.map((line) => `    ${oneLine(line)}`)]
}
