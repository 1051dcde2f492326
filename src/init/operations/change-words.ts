/** The log's words for an operation that is over. */
import { describeRequester } from '../../core/text/describe.ts'
import { formatDuration } from '../../core/text/duration.ts'
import { oneLine } from '../../core/text/one-line.ts'
import type { Ticket } from '../../core/ticket.ts'

/** "apply (uid 0, pid 12: allow a host): applied /etc/pipelock.yaml, revision 7, by a restart, in
 *  120 ms, pid 41 -> 57" */
export function describeOperation(ticket: Ticket): string {
  const { verb, by, why, change, outcome, old } = ticket
  const asked = `${verb} (${describeRequester(by)}${why === '' ? '' : `: ${oneLine(why)}`})`
  if (outcome.kind === 'open') return `${asked}: in progress`
  const took = formatDuration(Math.round(outcome.tookMs))
  const now = outcome.kind === 'done' ? outcome.now : null
  const pids =
    now === null || now.pid === old?.pid ? '' : `, pid ${old?.pid ?? 'none'} -> ${now.pid}`
  if (change === undefined) {
    return outcome.kind === 'failed'
      ? `${asked}: failed: ${outcome.why}`
      : `${asked}: done in ${took}`
  }
  const { path, result, activation, revision, words } = change
  const why2 = words === '' ? '' : `: ${oneLine(words)}`
  switch (result) {
    case 'applied': {
      const how = activation === 'none' ? '' : `, by ${activationWords[activation]}`
      return `${asked}: applied ${path}, revision ${revision ?? 'unknown'}${how}, in ${took}${pids}${why2}`
    }
    case 'unchanged':
      return `${asked}: nothing to do: ${path} is in use with this content`
    case 'planned':
      return `${asked}: planned ${path}; nothing was changed`
    default:
      return `${asked}: ${path} ${result ?? 'failed'}${why2}`
  }
}

const activationWords = {
  restart: 'a restart',
  signal: 'a signal',
  command: 'its command',
  http: 'a request',
} as const
