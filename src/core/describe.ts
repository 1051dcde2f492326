/** One line for each event, effect and daemon: the same words in stories, traces and when
 *  debugging. */
import type { Effect } from './effect.ts'
import { type Event, type Exit, timerKey } from './event.ts'
import type { Daemon } from './phases.ts'
import { signalName } from './signals.ts'

/** "exited web 1: code 3" */
export function describeEvent(event: Event): string {
  switch (event.type) {
    case 'boot':
      return 'boot'
    case 'signal':
      return event.hangup ? 'hangup' : event.signal
    case 'request':
      return `${event.verb} ${event.daemon} (${event.by})`
    case 'spawned':
      return `spawned ${event.daemon} ${event.run}: pid ${event.pid}`
    case 'spawn-failed':
      return `spawn-failed ${event.daemon} ${event.run}: ${event.step} ${event.errno}`
    case 'exited':
      return `exited ${event.daemon} ${event.run}: ${describeExit(event)}${event.gone ? '' : ', not alone'}`
    case 'elapsed':
      return `elapsed ${timerKey(event.timer)}`
    case 'reconcile':
      return `reconcile ${event.live.map(describeLive).join(', ') || 'nothing'}${event.shutdownAsked ? ', shutdown asked' : ''}`
    default:
      return `${event.type} ${event.daemon} ${event.run}`
  }
}

function describeLive(live: Extract<Event, { type: 'reconcile' }>['live'][number]): string {
  const exit = live.exit === null ? `pid ${live.pid}` : describeExit(live.exit)
  return `${live.daemon} ${live.run}: ${exit}${live.gone ? ', gone' : ''}`
}

/** "code 3" or "TERM". */
export function describeExit({ code, signal }: Exit): string {
  return signal === 0 ? `code ${code}` : signalName(signal)
}

/** "TERM to web 1" */
export function describeEffect(effect: Effect): string {
  switch (effect.type) {
    case 'signal':
      return `${effect.signal} to ${effect.to === 'tree' ? 'the tree of ' : ''}${effect.daemon} ${effect.run}`
    case 'arm':
      return `arm ${timerKey(effect.timer)} ${Math.round(effect.afterMs)} ms`
    case 'disarm':
      return `disarm ${timerKey(effect.timer)}`
    case 'report':
      return `say ${effect.note.kind}`
    case 'finish':
      return `finish ${effect.report.code}${effect.report.from === null ? '' : ` (${effect.report.from})`}`
    default:
      return `${effect.type} ${effect.daemon} ${effect.run}`
  }
}

/** "web: terminating, run 1, pid 7, wants up" */
export function describeDaemon(daemon: Daemon): string {
  const parts = [`${daemon.spec.name}: ${daemon.phase}`]
  if (daemon.run > 0) parts.push(`run ${daemon.run}`)
  if ('pid' in daemon) parts.push(`pid ${daemon.pid}`)
  if ('want' in daemon) parts.push(`wants ${daemon.want}`)
  return parts.join(', ')
}

/** "1 daemon", "4 daemons" */
export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
