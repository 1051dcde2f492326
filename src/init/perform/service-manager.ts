/** Reports to the service manager above pitcrew that set NOTIFY_SOCKET: STATUS when the summary has
 *  changed, and WATCHDOG=1 if WATCHDOG_USEC requests it. (READY and STOPPING are effects of the
 *  core.) The watchdog is fed from the loop of the policy, so that a policy that fails for good is
 *  noticed. */
import type { State } from '../../core/supervisor/state.ts'
import type { Host } from '../../host/host.ts'
import { environmentValue } from '../../host/places.ts'
import type { Timers } from '../loop/timers.ts'

/** How long changes are collected for one message, in milliseconds. */
const statusAfterMs = 200
/** How many daemons in trouble a status names. */
const namedMax = 5

export class ServiceManager {
  readonly #host: Host
  readonly #timers: Timers
  /** The interval of WATCHDOG=1, in milliseconds; null = not requested. */
  readonly #watchdogMs: number | null
  /** When WATCHDOG=1 is due, in the time of `Host.now()`. */
  #watchdogAtMs = 0
  #state: State | null = null
  #isStatusDue = false
  #status = ''

  constructor(host: Host, timers: Timers) {
    this.#host = host
    this.#timers = timers
    this.#watchdogMs = watchdogIntervalMs(host)
  }

  /** To be called after each step: the state may have changed. */
  stepped(state: State): void {
    this.#state = state
    const nowMs = this.#host.now()
    if (!this.#isStatusDue) this.#arm('status', nowMs + statusAfterMs)
    this.#isStatusDue = true
    // Do not rely on the timer alone: a failure may have lost it.
    if (nowMs >= this.#watchdogAtMs) this.#sendWatchdog(nowMs)
  }

  elapsed(what: 'watchdog' | 'status'): void {
    if (what === 'watchdog') return this.#sendWatchdog(this.#host.now())
    this.#isStatusDue = false
    if (this.#state === null) return
    const status = describeStatus(this.#state)
    if (status === this.#status) return
    this.#status = status
    this.#host.notify(`STATUS=${status}`)
  }

  #sendWatchdog(nowMs: number): void {
    if (this.#watchdogMs === null) return
    this.#watchdogAtMs = nowMs + this.#watchdogMs
    this.#arm('watchdog', this.#watchdogAtMs)
    this.#host.notify('WATCHDOG=1')
  }

  #arm(what: 'watchdog' | 'status', atMs: number): void {
    this.#timers.arm({ kind: 'service-manager', what }, atMs)
  }
}

/** Half of WATCHDOG_USEC, as sd_watchdog_enabled(3) advises, in milliseconds; null = none. */
function watchdogIntervalMs(host: Host): number | null {
  const usec = Number(environmentValue(host, 'WATCHDOG_USEC') ?? 0)
  const pid = environmentValue(host, 'WATCHDOG_PID')
  const isOurs = pid === null || Number(pid) === host.pid
  return isOurs && usec > 0 && Number.isFinite(usec) ? Math.max(10, usec / 2000) : null
}

/** "4 of 5 daemons ready; egress: backoff" */
function describeStatus({ plan, daemons, settled, active, shutdown, outputStall }: State): string {
  const all = plan.daemons.length
  if (shutdown !== null) return `stopping: ${active} of ${all} daemons left`
  const parts = [`${settled} of ${all} daemons ready`]
  const troubled: string[] = []
  for (const [name, daemon] of daemons) {
    const isFailed =
      daemon.phase === 'stopped' && (daemon.end === 'failed' || daemon.end === 'skipped')
    if (isFailed) troubled.push(`${name}: ${daemon.end}`)
    else if (daemon.phase === 'backoff') troubled.push(`${name}: backoff`)
  }
  parts.push(...troubled.slice(0, namedMax))
  if (troubled.length > namedMax) parts.push(`${troubled.length - namedMax} more`)
  if (outputStall !== null) parts.push('stdout is stalled')
  return parts.join('; ')
}
