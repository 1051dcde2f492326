/** Promises about what is written down. */
import type { Moment } from '../judge/trace.ts'
import type { Promised } from './promise.ts'

export const oneWriteAtATime: Promised = {
  sentence: 'What is written to the journal waits for the answer to what was written before',
  broken: ({ trace }) => {
    let open: number | null = null
    for (const [index, moment] of trace.entries()) {
      if (moment.what === 'append') {
        if (open !== null && !isLast(trace, index)) return `${moment.id} does not wait for ${open}`
        open = moment.id
      }
      if (moment.what !== 'call') continue
      const { event } = moment
      // After a failure of its own pitcrew waits for no answer any more.
      if (event.type === 'recover' || (event.type === 'helper' && event.id === open)) open = null
    }
    return null
  },
}

/** At the end nothing is waited for, and where something broke it may have been the end. */
function isLast(trace: readonly Moment[], index: number): boolean {
  for (let at = index + 1; at < trace.length; at++) {
    const what = trace[at]?.what
    if (what === 'report' || what === 'finish' || what === 'fault') return true
    if (what === 'call') return false
  }
  return true
}
