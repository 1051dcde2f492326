/** Sweeps: work on all daemons, a bounded number of them a step. A sweep has stages, and each stage
 *  visits all daemons in turn. Until it is over every event that the core gets is `continue`. The
 *  result is the same as if all of it were one step; in between the host has its turn, and the
 *  effects of one part are performed before the next part. */

import type { LiveRun } from '../event.ts'
import type { StepContext } from './step-context.ts'

export type Stage =
  /** The boot: start each daemon; then mark the boot as done. */
  | 'start'
  | 'booted'
  /** A shutdown: end each open ticket, count the blockers of each daemon, stop each daemon. */
  | 'supersede'
  | 'count'
  | 'stop'
  /** The deadline: kill each daemon; then finish. */
  | 'kill'
  | 'missed'
  /** After a failure inside pitcrew: compare each daemon with its live run; check whether its end
   *  shuts down the bundle; reconsider its dependents; then resume what was interrupted. */
  | 'reconcile'
  | 'ends'
  | 'follow'
  | 'resume'

export interface Sweep {
  /** The first one is under way. */
  readonly stages: readonly Stage[]
  /** How many daemons the stage has visited. */
  readonly at: number
  /** The live runs by daemon; for `reconcile`. */
  readonly live: ReadonlyMap<string, LiveRun>
  /** TERM, INT or a hangup arrived; for `resume`. */
  readonly shutdownRequested: boolean
}

/** The most daemons that a step visits. */
const atOnceMax = 128

/** Stages that run once, without a daemon. */
const single: readonly Stage[] = ['booted', 'missed', 'resume']
/** Stages that visit dependents before their dependency. */
const backwards: readonly Stage[] = ['count']

/** Replaces a sweep that is under way: the new one repeats what was left of it, or makes it
 *  unnecessary. */
export function beginSweep(
  context: StepContext,
  stages: readonly Stage[],
  live: Sweep['live'] = nothingRuns,
  shutdownRequested = false,
): void {
  context.set('sweep', { stages, at: 0, live, shutdownRequested })
}

const nothingRuns: Sweep['live'] = new Map()

/** Whether some daemons may not be reconciled yet: no conclusions may be drawn from them. */
export function isReconciling({ sweep }: StepContext): boolean {
  const stage = sweep?.stages[0]
  return stage === 'reconcile' || stage === 'ends'
}

/** What each stage does to one daemon; the name is '' in a stage that runs once. */
export type Treatments = Readonly<
  Record<Stage, (context: StepContext, name: string, sweep: Sweep) => void>
>

/** Continues the sweep until it is over, or until the step has visited enough daemons. */
export function continueSweep(context: StepContext, treatments: Treatments): void {
  while (context.sweep !== null && context.swept < atOnceMax)
    sweepStage(context, context.sweep, treatments)
}

function sweepStage(context: StepContext, sweep: Sweep, treatments: Treatments): void {
  const [stage, ...later] = sweep.stages as readonly [Stage, ...Stage[]]
  const treat = treatments[stage]
  const names = single.includes(stage) ? once : context.order.start
  const isBackwards = backwards.includes(stage)
  const end = Math.min(names.length, sweep.at + atOnceMax - context.swept)
  for (let at = sweep.at; at < end; at++) {
    context.swept++
    treat(context, names[isBackwards ? names.length - 1 - at : at] as string, sweep)
    // A new sweep has replaced it.
    if (context.sweep !== sweep) return
  }
  if (end < names.length) context.set('sweep', { ...sweep, at: end })
  else context.set('sweep', later.length > 0 ? { ...sweep, stages: later, at: 0 } : null)
}

const once: readonly string[] = ['']
