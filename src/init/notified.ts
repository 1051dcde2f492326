/** What a daemon says over its NOTIFY_SOCKET, in the lines of sd_notify(3), as events. What has no
 *  meaning here (MAINPID, FDSTORE …) is ignored, as the protocol asks for. */
import type { Event } from '../core/event.ts'
import type { DaemonSpec } from '../core/plan.ts'

type Said = Exclude<Event, { type: 'boot' | 'signal' | 'reconcile' | 'elapsed' }>
type WithoutTime<E> = E extends unknown ? Omit<E, 'atMs'> : never

/** How much of a status is kept, in characters. */
const statusMax = 200

export function eventsOfMessage(
  spec: DaemonSpec,
  run: number,
  text: string,
): readonly WithoutTime<Said>[] {
  const daemon = spec.name
  const events: WithoutTime<Said>[] = []
  let status: string | null = null
  for (const line of text.split('\n')) {
    const at = line.indexOf('=')
    const value = line.slice(at + 1)
    switch (line.slice(0, Math.max(0, at))) {
      case 'READY':
        if (value !== '1') break
        if (spec.ready?.sign.type === 'notify') events.push({ type: 'ready', daemon, run })
        break
      case 'STATUS':
        status = value.slice(0, statusMax)
        break
      case 'RELOADING':
        if (value === '1') status ??= 'reloading'
        break
      case 'STOPPING':
        if (value === '1') status ??= 'stopping'
        break
      case 'WATCHDOG':
        if (value === '1') events.push({ type: 'pinged', daemon, run, extendMs: null })
        if (value === 'trigger' && spec.watchdogMs !== null) {
          events.push({ type: 'unfit', daemon, run, fault: 'watchdog' })
        }
        break
      case 'EXTEND_TIMEOUT_USEC': {
        const ms = Math.ceil(Number(value) / 1000)
        if (ms > 0 && ms <= 3_600_000) events.push({ type: 'pinged', daemon, run, extendMs: ms })
      }
    }
  }
  if (status !== null) events.push({ type: 'said', daemon, run, status })
  return events
}
