/** `run --trace FILE`: every step of a real run, in a form that replays through the core. A line
 *  of JSON each: the plan first, then an event and its effects. For finding out what happened; it
 *  writes to the file in the init itself, so a slow disk is felt. */
import type { Effect } from '../../core/effect.ts'
import type { Event } from '../../core/event.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { describeErrno, PitcrewError } from '../../errors.ts'
import type { Host } from '../../host/host.ts'

/** The format of the trace. */
const traceFormat = 1

/** Called after each step that succeeded; one that failed has changed nothing. */
export type Trace = (event: Event, effects: readonly Effect[]) => void

/** @param path Where to; null = nowhere.
 *  @param plan With the selected daemons only: what the core knows. */
export function traceTo(host: Host, path: string | null, plan: Plan): Trace {
  if (path === null) return () => {}
  const error = host.openTrace(path)
  if (error !== null) {
    const why = describeErrno(error)
    throw new PitcrewError(
      'WRITE_FAILED',
      `cannot write the trace ${path}: ${why}`,
      'check the path',
    )
  }
  host.writeTrace(JSON.stringify({ trace: traceFormat, plan }))
  return (event, effects) => host.writeTrace(JSON.stringify({ event, effects }))
}
