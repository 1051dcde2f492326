/** Rules of daemon.ts for what a run reports of itself (sd_notify). */
import type { Effect } from '../effect.ts'
import { arm, type Daemon, type In, type Of } from './phases.ts'
import { readyByMs } from './running.ts'

/** While it reloads or stops by itself its status is that of the change; then it is as before. */
export function keepStatus(daemon: In<'running'>, { status, change }: Of<'said'>): Daemon {
  if (change === 'reloading' || change === 'stopping') {
    const statusBefore = daemon.statusBefore ?? daemon.status
    return { ...daemon, status: status ?? change, statusBefore }
  }
  if (change === null) return { ...daemon, status: status ?? daemon.status }
  if (status === null && daemon.statusBefore === null) return daemon
  const last = status ?? daemon.statusBefore ?? daemon.status
  return { ...daemon, status: last, statusBefore: null }
}

export function takePing(
  daemon: In<'running'>,
  { extendMs, atMs }: Of<'pinged'>,
  effects: Effect[],
): Daemon {
  const { readyAtMs, spec } = daemon
  if (readyAtMs !== null) {
    if (spec.watchdogMs === null) return daemon
    arm(effects, 'watchdog', daemon, Math.max(spec.watchdogMs, extendMs ?? 0))
    return daemon
  }
  if (extendMs === null) return daemon
  // It extends, and never shortens.
  const next = { ...daemon, extendedToMs: atMs + extendMs }
  arm(effects, 'ready', daemon, readyByMs(next) - atMs)
  return next
}
