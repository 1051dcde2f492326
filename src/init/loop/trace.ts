/** `run --trace FILE`: every step of a real run, in a form that replays through the core. The first
 *  line of JSON is the plan, every other line an event and its effects. For debugging only: the
 *  init itself writes the file, so that a slow disk delays it. */
import type { Effect } from '../../core/effect.ts'
import type { Event } from '../../core/event.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { describeErrno, PitcrewError } from '../../errors.ts'
import type { Host } from '../../host/host.ts'

/** The version of the format. */
const traceFormat = 1

/** Called after each step that succeeded; a failed step has changed nothing. */
export type Trace = (event: Event, effects: readonly Effect[]) => void

/** @param path The file; null = no trace.
 *  @param plan With the selected daemons only, as the core knows it. */
export function traceTo(host: Host, path: string | null, plan: Plan): Trace | null {
  if (path === null) return null
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
