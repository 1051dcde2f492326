/** Promises about the journal. */
import type { Moment } from '../judge/trace.ts'
import type { Promised } from './promise.ts'

export const oneWriteAtATime: Promised = {
  sentence: 'A write to the journal waits for the result of the previous one',
  broken: ({ trace }) => {
    let open: number | null = null
    for (const [index, moment] of trace.entries()) {
      if (moment.what === 'append') {
        if (open !== null && !isLast(trace, index)) return `${moment.id} does not wait for ${open}`
        open = moment.id
      }
      if (moment.what !== 'call') continue
      const { event } = moment
      // After a failure pitcrew does not wait for the result any more.
      if (event.type === 'recover' || (event.type === 'helper' && event.id === open)) open = null
    }
    return null
  },
}

/** At the end, which begins with the report, pitcrew does not wait; and a fault may have hidden the
 *  end. */
function isLast(trace: readonly Moment[], index: number): boolean {
  for (let at = index - 1; trace[at] !== undefined && trace[at]?.what !== 'call'; at--)
    if (trace[at]?.what === 'report') return true
  for (let at = index + 1; at < trace.length; at++) {
    const what = trace[at]?.what
    if (what === 'report' || what === 'finish' || what === 'fault') return true
    if (what === 'call') return false
  }
  return true
}
