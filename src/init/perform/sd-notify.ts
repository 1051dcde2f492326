/** Converts messages of sd_notify(3) into events of the core, at most one of each kind. Fields
 *  without a meaning here (FDSTORE, BUSERROR …) are ignored, as the protocol requires. */

import type { Daemon } from '../../core/daemon/phases.ts'
import type { DaemonSpec } from '../../core/plan/plan.ts'
import { foregroundRemedy } from '../../core/text/cause.ts'
import { oneLine } from '../../core/text/one-line.ts'
import type { NotifyFields } from '../../host/host.ts'
import type { UntimedEvent } from '../loop/event-queue.ts'

type RunReport = UntimedEvent<'ready' | 'status-reported' | 'watchdog-ping' | 'unhealthy'>

/** The kept length of a status, in characters. */
const statusMax = 200

export function eventsOfMessage(
  spec: DaemonSpec,
  run: number,
  fields: NotifyFields,
): readonly RunReport[] {
  const of = { daemon: spec.name, run }
  const events: RunReport[] = []
  const isReady = fields.READY === '1'
  if (isReady && spec.ready?.sign.type === 'notify') events.push({ type: 'ready', ...of })
  if (fields.WATCHDOG === 'trigger') events.push({ type: 'unhealthy', ...of, fault: 'triggered' })
  const extendMs = msOf(fields.EXTEND_TIMEOUT_USEC)
  if (fields.WATCHDOG === '1' || extendMs !== null)
    events.push({ type: 'watchdog-ping', ...of, extendMs })
  const status = fields.STATUS?.slice(0, statusMax) ?? null
  const change = isReady ? 'ready' : interimOf(fields)
  if (status !== null || change !== null)
    events.push({ type: 'status-reported', ...of, status, change })
  return events
}

function interimOf({ RELOADING, STOPPING }: NotifyFields): 'reloading' | 'stopping' | null {
  if (STOPPING === '1') return 'stopping'
  return RELOADING === '1' ? 'reloading' : null
}

/** @returns Milliseconds; null if `usec` is not a positive number of microseconds. */
function msOf(usec: string | undefined): number | null {
  if (usec === undefined || usec === '') return null
  for (const digit of usec) if (digit < '0' || digit > '9') return null
  const ms = Math.ceil(Number(usec) / 1000)
  return ms > 0 && Number.isFinite(ms) ? ms : null
}

/** Takes messages of runs; `dispatch` gets their events. */
export class RunMessages {
  readonly #log: (text: string) => void
  readonly #dispatch: (event: RunReport) => void
  /** For each daemon, the last run of which a MAINPID was refused. */
  readonly #mainPids: Map<string, number> = new Map()

  constructor(log: (text: string) => void, dispatch: (event: RunReport) => void) {
    this.#log = log
    this.#dispatch = dispatch
  }

  take(daemon: Daemon, run: number, fields: NotifyFields): void {
    for (const event of eventsOfMessage(daemon.spec, run, fields)) this.#dispatch(event)
    if (fields.MAINPID !== undefined) this.#checkMainPid(daemon, run, fields.MAINPID)
  }

  /** Logs once a run that only the started process can be its main process. */
  #checkMainPid(daemon: Daemon, run: number, mainPid: string): void {
    const { name } = daemon.spec
    if (!('pid' in daemon) || daemon.run !== run || mainPid === String(daemon.pid)) return
    if (this.#mainPids.get(name) === run) return
    this.#mainPids.set(name, run)
    this.#log(`${name}: ${mainPidMessage(daemon.pid, run, mainPid)}`)
  }
}

/** Says that pitcrew follows no other main process than the one that it started, and the remedy. */
function mainPidMessage(pid: number, run: number, mainPid: string): string {
  const asked = `MAINPID=${oneLine(mainPid.slice(0, 20))} is not supported`
  return `${asked}: pitcrew supervises pid ${pid}, which it started (run ${run}); ${foregroundRemedy}`
}
