/** What became of a request, in words. */

import type { TicketAnswer } from '../../control/protocol/answers.ts'
import { count } from '../../core/text/describe.ts'
import { oneLine } from '../../core/text/one-line.ts'
import { formatElapsed } from './format.ts'

const pastTense: Readonly<Record<string, string | undefined>> = {
  start: 'started',
  stop: 'stopped',
  restart: 'restarted',
}

/** "web: restarted in 312 ms, pid 7 -> 9 (ticket 5)" */
export function describeOutcome(answer: TicketAnswer): string {
  const who = answer.daemon === null ? 'everything' : `${answer.daemon}:`
  return `${who} ${describeResult(answer)} (ticket ${answer.ticket})`
}

function describeResult(answer: TicketAnswer): string {
  const { verb, outcome, cause, supersededBy, tookMs, changed } = answer
  const took = formatElapsed(tookMs)
  switch (outcome) {
    case 'open':
      return tookMs < 1000 ? `${verb} was asked for` : `${verb} was asked for ${took} ago`
    case 'failed':
      return `${verb} failed after ${took}: ${oneLine(cause ?? 'no cause is known')}`
    case 'superseded':
      return `${verb} was superseded by ticket ${supersededBy} after ${took}`
    case 'done':
      if (answer.exitCode !== null) return `ended with exit code ${answer.exitCode} in ${took}`
      return changed
        ? `${describeDone(answer)} in ${took}${describePids(answer)}`
        : describeUnchanged(answer)
  }
}

/** A dead one that is restarted is started. */
function describeDone({ verb, old }: TicketAnswer): string {
  return verb === 'restart' && old === null ? 'started' : (pastTense[verb] ?? verb)
}

function describeUnchanged({ verb, now }: TicketAnswer): string {
  if (verb === 'stop') return 'was stopped already'
  return now === null ? 'was so already' : `was ready already, pid ${now.pid}`
}

/** ", pid 7 -> 9" */
function describePids({ old, now }: TicketAnswer): string {
  const both = [old, now].filter((run) => run !== null).map(({ pid }) => String(pid))
  return both.length === 0 ? '' : `, pid ${both.join(' -> ')}`
}

/** All that is known of a ticket. */
export function ticketPage(answer: TicketAnswer): string[] {
  const { by, why, requests, joined, lastLines } = answer
  const several = requests > 1 ? ` (${count(requests, 'request')} in one)` : ''
  return [
    describeOutcome(answer),
    `  asked by  ${oneLine(by)}${several}`,
    ...(why === '' ? [] : [`  why       ${oneLine(why)}`]),
    ...phases(answer),
    ...(joined && answer.outcome === 'open' ? ['  it joined one that was open'] : []),
    ...formatLastLines(lastLines),
  ]
}

function phases({ stopMs, waitMs, readyMs, old, now }: TicketAnswer): string[] {
  const parts = [
    stopMs === null ? '' : `stop ${formatElapsed(stopMs)}`,
    waitMs === null ? '' : `wait ${formatElapsed(waitMs)}`,
    readyMs === null ? '' : `until ready ${formatElapsed(readyMs)}`,
  ].filter((part) => part !== '')
  const runs = [old, now]
    .filter((run) => run !== null)
    .map(({ run, pid }) => `run ${run}, pid ${pid}`)
  return [
    ...(runs.length === 0 ? [] : [`  runs      ${runs.join(' -> ')}`]),
    ...(parts.length === 0 ? [] : [`  phases    ${parts.join(', ')}`]),
  ]
}

/** What a daemon printed last, under a heading; nothing when that is nothing. */
export function formatLastLines(lines: readonly string[]): string[] {
  if (lines.length === 0) return []
  return ['  its last lines:', ...lines.map((line) => `    ${oneLine(line)}`)]
}
