/** A stall of stdout. The output of a daemon that must print a line to be ready is read only up to
 *  a bound then, so its time does not run: when the stall is over it has all of it again. */

import { arm, type Daemon, type In } from '../daemon/phases.ts'
import type { OutputStall } from '../event.ts'
import type { Draft } from './step-context.ts'

/** A reader that is slow makes many stalls: one in this time is reported, in milliseconds. */
const toldEveryMs = 60_000

export function outputStalled(draft: Draft, { sinceMs, errno }: OutputStall): void {
  if (draft.outputStall !== null) {
    draft.outputStall = { ...draft.outputStall, isOver: false }
    return
  }
  const isTold = draft.atMs - draft.stallToldAtMs >= toldEveryMs
  draft.outputStall = { sinceMs, errno, isTold, isOver: false }
  if (isTold) draft.report({ kind: 'output-stalled', errno })
}

export function outputResumed(draft: Draft): void {
  const { outputStall } = draft
  if (outputStall === null) return
  draft.outputStall = null
  if (outputStall.isTold) {
    draft.stallToldAtMs = draft.atMs
    draft.report({ kind: 'output-resumed', afterMs: draft.atMs - outputStall.sinceMs })
  }
  for (const { name } of draft.state.plan.daemons) {
    const daemon = draft.daemons.get(name)
    if (!awaitsLine(daemon)) continue
    arm(draft.effects, 'ready', daemon, daemon.spec.ready?.timeoutMs ?? 0)
  }
}

/** After a failure inside pitcrew. The end of a stall that was missed counts when all daemons are
 *  reconciled, since that arms their timers. */
export function reconcileStall(draft: Draft, stall: OutputStall | null): void {
  if (stall !== null) outputStalled(draft, stall)
  else if (draft.outputStall !== null) draft.outputStall = { ...draft.outputStall, isOver: true }
}

/** Whether it runs, and has not printed the line by which it is ready. */
export function awaitsLine(daemon: Daemon | undefined): daemon is In<'running'> {
  if (daemon?.phase !== 'running' || daemon.readyAtMs !== null) return false
  return daemon.spec.ready?.sign.type === 'log'
}
