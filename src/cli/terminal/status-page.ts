/** The text of `status`: a headline, and a table with a row for each daemon. */

import type { DaemonState, DaemonStatus, StatusAnswer } from '../../control/protocol/status.ts'
import { count } from '../../core/text/describe.ts'
import { oneLine } from '../../core/text/one-line.ts'
import { formatElapsed, formatElapsedShort, formatMemory, formatPercent } from './format.ts'
import { type Colour, paint, type TerminalStyle, truncate } from './style.ts'
import { type Cell, type Column, formatTable } from './table.ts'

const columns: readonly Column[] = [
  { title: 'NAME', isRight: false, dropOrder: 0 },
  { title: 'STATE', isRight: false, dropOrder: 0 },
  { title: 'UPTIME', isRight: true, dropOrder: 4 },
  { title: 'RESTARTS', isRight: true, dropOrder: 3 },
  { title: 'CPU', isRight: true, dropOrder: 1 },
  { title: 'MEM', isRight: true, dropOrder: 2 },
  { title: '', isRight: false, dropOrder: 0 },
]

export const colourOf: { readonly [S in DaemonState]: Colour } = {
  idle: 'dim',
  waiting: 'yellow',
  backoff: 'red',
  starting: 'yellow',
  running: 'yellow',
  ready: 'green',
  stopping: 'yellow',
  killing: 'red',
  stopped: 'dim',
  done: 'dim',
  failed: 'red',
  skipped: 'red',
}

/** @param before An earlier answer: CPU is then the share since that answer, otherwise the average
 *  over the run. */
export function statusPage(
  style: TerminalStyle,
  answer: StatusAnswer,
  before: StatusAnswer | null,
): string[] {
  const runsBefore = new Map(before?.daemons.map((daemon) => [daemon.name, daemon]))
  const rows = answer.daemons.map((daemon) => row(daemon, runsBefore.get(daemon.name)))
  return [headline(style, answer), ...formatTable(style, columns, rows)]
}

/** "shop: 4 daemons, 3 ready, up 2 h 5 min, pitcrew 0.1.0 (pid 1)" */
function headline(style: TerminalStyle, answer: StatusAnswer): string {
  const { name, daemons, stopping, outputStall, uptimeMs, version, pid } = answer
  const parts = [
    summary(answer),
    `up ${formatElapsed(uptimeMs)}`,
    `pitcrew ${version} (pid ${pid})`,
  ]
  const text = `: ${parts.join(', ')}`
  const hasFailures = daemons.some(({ state }) => colourOf[state] === 'red')
  const usual = stopping === null && outputStall === null ? 'plain' : 'yellow'
  const colour = stopping === null && hasFailures ? 'red' : usual
  const shown = truncate(text, style.columns - name.length)
  return paint(style, 'bold', truncate(name, style.columns)) + paint(style, colour, shown)
}

/** "4 daemons, 3 ready", and whether stdout is stalled or pitcrew is shutting down. */
export function summary({ daemons, stopping, outputStall }: StatusAnswer): string {
  const ready = daemons.filter(({ state }) => state === 'ready').length
  const end = stopping === null ? '' : `, stopping, ${formatElapsed(stopping.leftMs)} left`
  const stall =
    outputStall === null ? '' : `, stdout stalled for ${formatElapsed(outputStall.forMs)}`
  return `${count(daemons.length, 'daemon')}, ${ready} ready${stall}${end}`
}

function row(daemon: DaemonStatus, before: DaemonStatus | undefined): readonly Cell[] {
  const { name, state, uptimeMs, restarts, usage } = daemon
  const colour = colourOf[state]
  const plain = (text: string): Cell => ({ text, colour: colour === 'dim' ? 'dim' : 'plain' })
  return [
    plain(name),
    { text: state, colour },
    plain(uptimeMs === null ? '-' : formatElapsedShort(uptimeMs)),
    plain(String(restarts)),
    plain(cpuShare(daemon, before)),
    plain(usage === null ? '-' : formatMemory(usage.memoryKib)),
    { text: remark(daemon), colour: colour === 'red' ? 'red' : 'dim' },
  ]
}

function cpuShare(
  { run, usage, uptimeMs }: DaemonStatus,
  before: DaemonStatus | undefined,
): string {
  if (usage === null || uptimeMs === null || uptimeMs === 0) return '-'
  const isSame = before?.run === run && before.usage !== null && before.uptimeMs !== null
  const sinceMs = isSame ? uptimeMs - (before.uptimeMs ?? 0) : uptimeMs
  const usedMs = isSame ? usage.cpuMs - (before.usage?.cpuMs ?? 0) : usage.cpuMs
  // CPU time can decrease: that of a process that its parent does not wait for is lost.
  return sinceMs > 0 ? formatPercent(Math.max(0, usedMs) / sinceMs) : '-'
}

/** The most important fact about the daemon. */
function remark(daemon: DaemonStatus): string {
  const { kind, state, waitsFor, nextAttemptMs, killMs, lastDeath } = daemon
  const ownStatus = oneLine(daemon.status)
  const cause = oneLine(lastDeath?.cause ?? '')
  switch (state) {
    case 'waiting':
      return waitsFor === null ? '' : `waits for ${waitsFor}`
    case 'backoff':
      if (nextAttemptMs === null) return cause
      return `restart in ${formatElapsed(nextAttemptMs)}${cause === '' ? '' : ` (${cause})`}`
    case 'starting':
    case 'running':
      // A job is never ready: it works until it is done.
      if (ownStatus !== '' || kind === 'job') return ownStatus
      return joinNonEmpty(', ', 'not ready yet', describeDeath(lastDeath))
    case 'stopping':
      return killMs === null ? ownStatus : `KILL in ${formatElapsed(killMs)}`
    case 'killing':
      return 'KILL was sent, still alive'
    case 'failed':
      return joinNonEmpty('; ', cause, oneLine(lastDeath?.next ?? ''))
    case 'skipped':
      return waitsFor === null ? '' : `${waitsFor} has failed`
    case 'ready':
      return ownStatus || describeDeath(lastDeath)
    default:
      return ownStatus
  }
}

/** "died 5 min ago: code 3" */
function describeDeath(death: DaemonStatus['lastDeath']): string {
  return death === null ? '' : `died ${formatElapsed(death.agoMs)} ago: ${oneLine(death.cause)}`
}

function joinNonEmpty(separator: string, ...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(separator)
}
