/** All promises. */
import {
  deadlineKept,
  doneIsDone,
  endsWhenOver,
  exitCode,
  inDeadline,
  termEnds,
  watchdogArmed,
} from '../checkers/ending.ts'
import * as helpers from '../checkers/helpers.ts'
import * as intruders from '../checkers/intruders.ts'
import { oneWriteAtATime } from '../checkers/journal.ts'
import { noBug, nothingLeft, outputClosed, quiet } from '../checkers/leftovers.ts'
import { startOrder, stopAtOnce, stopInOrder } from '../checkers/order.ts'
import type { Promised } from '../checkers/promise.ts'
import { queueBounded } from '../checkers/queue.ts'
import * as readiness from '../checkers/readiness.ts'
import * as reports from '../checkers/reports.ts'
import {
  answeredOnce,
  answeredRight,
  satisfied,
  shutdownWins,
  startRequested,
} from '../checkers/restarts.ts'
import {
  counted,
  exitReportedOnce,
  oneAtATime,
  selectedOnly,
  startReported,
} from '../checkers/runs.ts'
import * as scheduling from '../checkers/scheduling.ts'
import { forwarded, siblings, unmapped } from '../checkers/signals.ts'
import * as slowStarts from '../checkers/slow-starts.ts'
import { flushed, ignoredReported, startsOrReports } from '../checkers/starting.ts'
import {
  killInTime,
  killNotEarly,
  killOnce,
  leaderFirst,
  noForeignProcess,
  overIsOver,
  stopExtended,
  stopOnce,
  stuckNamed,
} from '../checkers/stopping.ts'
import * as tickets from '../checkers/tickets.ts'
import type { Schedule } from '../world/schedule.ts'
import { World } from '../world/world.ts'
import type { Facts } from './facts.ts'
import { factsOf } from './observer.ts'

export const promises: Readonly<Record<string, Promised>> = {
  noBug,
  queueBounded,
  watchdogArmed,
  startsOrReports,
  oneAtATime,
  counted,
  selectedOnly,
  ...slowStarts,
  startOrder,
  startReported,
  exitReportedOnce,
  startRequested,
  shutdownWins,
  satisfied,
  answeredOnce,
  answeredRight,
  leaderFirst,
  stopOnce,
  killNotEarly,
  killInTime,
  killOnce,
  stopExtended,
  stuckNamed,
  overIsOver,
  noForeignProcess,
  unmapped,
  siblings,
  ignoredReported,
  forwarded,
  stopInOrder,
  stopAtOnce,
  termEnds,
  inDeadline,
  deadlineKept,
  doneIsDone,
  endsWhenOver,
  ...scheduling,
  ...readiness,
  ...helpers,
  ...reports,
  oneWriteAtATime,
  ...tickets,
  ...intruders,
  exitCode,
  flushed,
  nothingLeft,
  outputClosed,
  quiet,
}

export interface Verdict {
  /** The name of the first broken promise, and how it was broken; null if all were kept. */
  readonly broken: { readonly name: string; readonly how: string } | null
  readonly facts: Facts
}

/** Plays a schedule and checks all promises. */
export function judge(schedule: Schedule): Verdict {
  const facts = factsOf(schedule, new World(schedule).play())
  for (const [name, promise] of Object.entries(promises)) {
    const how = promise.broken(facts)
    if (how !== null) return { broken: { name, how }, facts }
  }
  return { broken: null, facts }
}
