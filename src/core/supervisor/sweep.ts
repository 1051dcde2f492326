/** Work on all daemons, a bounded number of them in a step. It goes through stages, and in each
 *  through all daemons in turn. Until it is over each event that the core is given is `continue`:
 *  what comes of it is the same as if all of it were one step, but the host has its turn in
 *  between, and what is to be done for a part is done before the next part. */

import type { LiveRun } from '../event.ts'
import type { StepContext } from './step-context.ts'

export type Stage =
  /** The boot: each is told to start; then it is over. */
  | 'start'
  | 'booted'
  /** A shutdown: open tickets end, those in the way of each are counted, each is told to stop. */
  | 'supersede'
  | 'count'
  | 'stop'
  /** The deadline has come: each is killed; then everything is over. */
  | 'kill'
  | 'missed'
  /** After a failure inside pitcrew: each is compared with what runs; may be the end of everything;
   *  is looked at together with those that depend on it; then what was under way goes on. */
  | 'reconcile'
  | 'ends'
  | 'follow'
  | 'resume'

export interface Sweep {
  /** The first one is under way. */
  readonly stages: readonly Stage[]
  /** How many daemons it has behind it. */
  readonly at: number
  /** What runs, by daemon; for `reconcile`. */
  readonly live: ReadonlyMap<string, LiveRun>
  /** TERM, INT or a hangup came; for `resume`. */
  readonly shutdownRequested: boolean
}

/** Daemons in a step. */
const atOnceMax = 128

/** Once, behind the stage of all daemons. */
const single: readonly Stage[] = ['booted', 'missed', 'resume']
/** Those that are after a daemon come before it. */
const backwards: readonly Stage[] = ['count']

/** What was under way before is not finished: it is taken up again by this, or is of no use any
 *  more. */
export function beginSweep(
  context: StepContext,
  stages: readonly Stage[],
  live: Sweep['live'] = nothingRuns,
  shutdownRequested = false,
): void {
  context.sweep = { stages, at: 0, live, shutdownRequested }
}

const nothingRuns: Sweep['live'] = new Map()

/** Whether daemons may be half compared with what runs: nothing may be concluded from them. */
export function isReconciling({ sweep }: StepContext): boolean {
  const stage = sweep?.stages[0]
  return stage === 'reconcile' || stage === 'ends'
}

/** What a stage does to one daemon; the name is '' where it is done once. */
export type Treatments = Readonly<
  Record<Stage, (context: StepContext, name: string, sweep: Sweep) => void>
>

/** Goes on until it is over, or enough for a step. */
export function sweepOn(context: StepContext, treatments: Treatments): void {
  while (context.sweep !== null && context.swept < atOnceMax)
    sweepStage(context, context.sweep, treatments)
}

function sweepStage(context: StepContext, sweep: Sweep, treatments: Treatments): void {
  const [stage, ...later] = sweep.stages as readonly [Stage, ...Stage[]]
  const treat = treatments[stage]
  const names = single.includes(stage) ? once : context.state.order.start
  const isBackwards = backwards.includes(stage)
  const end = Math.min(names.length, sweep.at + atOnceMax - context.swept)
  for (let at = sweep.at; at < end; at++) {
    context.swept++
    treat(context, names[isBackwards ? names.length - 1 - at : at] as string, sweep)
    // It led to another one.
    if (context.sweep !== sweep) return
  }
  if (end < names.length) context.sweep = { ...sweep, at: end }
  else context.sweep = later.length > 0 ? { ...sweep, stages: later, at: 0 } : null
}

const once: readonly string[] = ['']
