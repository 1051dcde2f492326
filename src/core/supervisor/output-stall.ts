/** Stalls of stdout. During a stall the output of a daemon that reports readiness by a line is read
 *  only up to a bound. Its time to become ready is therefore suspended, and starts over after the
 *  stall. */

import { arm, type Daemon, type In } from '../daemon/phases.ts'
import type { OutputStall } from '../event.ts'
import type { StepContext } from './step-context.ts'

/** The least time between two reports, in milliseconds: a slow reader causes many stalls. */
const reportIntervalMs = 60_000

export function outputStalled(context: StepContext, { sinceMs, errno }: OutputStall): void {
  if (context.outputStall !== null) {
    return context.set('outputStall', { ...context.outputStall, isOver: false })
  }
  const isReported = context.atMs - context.stallReportedAtMs >= reportIntervalMs
  context.set('outputStall', { sinceMs, errno, isReported, isOver: false })
  if (isReported) context.report({ kind: 'output-stalled', errno })
}

export function outputResumed(context: StepContext): void {
  const { outputStall } = context
  if (outputStall === null) return
  context.set('outputStall', null)
  if (outputStall.isReported) {
    context.set('stallReportedAtMs', context.atMs)
    context.report({ kind: 'output-resumed', afterMs: context.atMs - outputStall.sinceMs })
  }
  for (const { name } of context.plan.daemons) {
    const daemon = context.daemons.get(name)
    if (!awaitsLine(daemon)) continue
    arm(context.effects, 'ready', daemon, daemon.spec.ready?.timeoutMs ?? 0)
  }
}

/** After a failure inside pitcrew. The end of a stall that was missed takes effect when all daemons
 *  are reconciled, because it arms their timers. */
export function reconcileStall(context: StepContext, stall: OutputStall | null): void {
  if (stall !== null) outputStalled(context, stall)
  else if (context.outputStall !== null)
    context.set('outputStall', { ...context.outputStall, isOver: true })
}

/** Whether a daemon is running and has not printed its readiness line yet. */
export function awaitsLine(daemon: Daemon | undefined): daemon is In<'running'> {
  if (daemon?.phase !== 'running' || daemon.readyAtMs !== null) return false
  return daemon.spec.ready?.sign.type === 'log'
}
