/** One line for each event and daemon: the same text in tests, traces and debugging. And
 *  the parts of messages that several modules share. */

import type { Daemon, Next } from '../daemon/phases.ts'
import type { ShutdownReason } from '../effect.ts'
import type { Event, Timer } from '../event.ts'
import type { Request, Requester } from '../ticket.ts'
import { describeExit } from './cause.ts'

/** "exited web 1: code 3" */
export function describeEvent(event: Event): string {
  switch (event.type) {
    case 'boot':
    case 'continue':
      return event.type
    case 'signal':
      return event.hangup ? 'hangup' : event.signal
    case 'request':
      return describeRequest(event)
    case 'spawned':
      return `spawned ${event.daemon} ${event.run}: pid ${event.pid}${event.isSlow ? ', slow' : ''}`
    case 'spawn-failed':
      return `spawn-failed ${event.daemon} ${event.run}: ${event.step} ${event.errno}`
    case 'exited':
      return `exited ${event.daemon} ${event.run}: ${describeExit(event)}${event.gone ? '' : ', not alone'}`
    case 'elapsed':
      return `elapsed ${describeTimer(event.timer)}`
    case 'status-reported':
      return `status-reported ${event.daemon} ${event.run}: ${describeStatusReport(event)}`
    case 'watchdog-ping':
      return `watchdog-ping ${event.daemon} ${event.run}${event.extendMs === null ? '' : ` for ${event.extendMs} ms`}`
    case 'unhealthy':
      return `unhealthy ${event.daemon} ${event.run}: ${event.fault}`
    case 'reconcile':
      return `reconcile ${event.live.map(describeLive).join(', ') || 'nothing'}${event.shutdownRequested ? ', shutdown requested' : ''}`
    case 'replan':
      return `replan ${event.plan.daemons.map(({ name }) => name).join(' ')}`
    case 'output-stalled':
      return `output-stalled ${event.errno}`
    case 'output-resumed':
      return 'output-resumed'
    default:
      return `${event.type} ${event.daemon} ${event.run}`
  }
}

/** "reloading", "\"Serving\"" */
function describeStatusReport({
  status,
  change,
}: Extract<Event, { type: 'status-reported' }>): string {
  const words = status === null ? [] : [`"${status}"`]
  return [...(change === null ? [] : [change]), ...words].join(', ')
}

/** "restart web (uid 0, pid 12)" */
function describeRequest({ verb, daemon, by }: Request): string {
  return `${verb}${daemon === null ? '' : ` ${daemon}`} (${describeRequester(by)})`
}

/** "USR1", "uid 0, pid 12", "daemon agent, pid 40" */
export function describeRequester(by: Requester): string {
  switch (by.kind) {
    case 'signal':
      return by.signal
    case 'hangup':
      return 'hangup'
    case 'policy':
      return 'restart policy'
    case 'file':
      return `a change of ${by.path}`
    case 'client': {
      const name = by.daemon === null ? `uid ${by.uid ?? 'unknown'}` : `daemon ${by.daemon}`
      return by.pid === null ? name : `${name}, pid ${by.pid}`
    }
  }
}

/** "TERM", "web is the main daemon and has ended" */
export function describeReason(reason: ShutdownReason): string {
  switch (reason.kind) {
    case 'signal':
      return reason.signal
    case 'hangup':
      return 'the terminal is gone'
    case 'request':
      return `shutdown (${describeRequester(reason.by)})`
    case 'main-ended':
      return `${reason.daemon} is the main daemon and has ended`
    case 'critical-ended':
      return `${reason.daemon} is critical and is given up`
    case 'given-up':
      return `${reason.daemon} is given up`
  }
}

function describeLive(live: Extract<Event, { type: 'reconcile' }>['live'][number]): string {
  const exit = live.exit === null ? `pid ${live.pid}` : describeExit(live.exit)
  return `${live.daemon} ${live.run}: ${exit}${live.gone ? ', gone' : ''}${live.ready ? ', ready' : ''}${live.isSlow ? ', slow' : ''}`
}

/** "grace:web:1" */
export function describeTimer(timer: Timer): string {
  return 'daemon' in timer ? `${timer.kind}:${timer.daemon}:${timer.run}` : timer.kind
}

/** "web: terminating, run 1, pid 7, wants up" */
export function describeDaemon(daemon: Daemon): string {
  const parts = [`${daemon.spec.name}: ${daemon.phase}`]
  if (daemon.run > 0) parts.push(`run ${daemon.run}`)
  if ('pid' in daemon) parts.push(`pid ${daemon.pid}`)
  if (daemon.phase === 'stopped' && daemon.end !== 'none') parts.push(daemon.end)
  if (daemon.phase === 'running' && daemon.spec.ready !== null) {
    parts.push(daemon.readyAtMs === null ? 'not ready' : 'ready')
  }
  if ('want' in daemon) parts.push(`wants ${daemon.want}`)
  if ('next' in daemon) parts.push(`then ${describeNext(daemon.next)}`)
  return parts.join(', ')
}

function describeNext(next: Next): string {
  if (typeof next === 'string') return next
  return `retry after ${Math.round(next.retryAfterMs)} ms`
}

/** "1 daemon", "4 daemons" */
export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

/** Why stdout is stalled. */
export function describeStall(errno: string): string {
  if (errno === 'EAGAIN') return "the reader of pitcrew's stdout does not read, and it is full"
  return `it cannot be written now (${errno})`
}
