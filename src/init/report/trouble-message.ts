/** The words of notes that tell of trouble, or that most runs never come to. */

import type { Note } from '../../core/effect.ts'
import { describeStall } from '../../core/text/describe.ts'
import { formatDuration } from '../../core/text/duration.ts'

/** @param note None with words of another place: see report.ts and death-words.ts. */
export function troubleWords(note: Note): string {
  switch (note.kind) {
    case 'skipped':
      return `${note.daemon}: not started: it needs ${note.needs}, which has failed`
    case 'held':
      return `${note.daemon}: stopping it until ${note.guard} is ready again (run ${note.run})`
    case 'killing':
      return `${note.daemon}: still there ${formatDuration(note.afterMs)} after the stop signal: KILL (run ${note.run})`
    case 'end-missed':
      return `${note.daemon}: run ${note.run} is gone; how it ended was not seen`
    case 'forwarded':
      return `${note.daemon}: ${note.signal} forwarded to pid ${note.pid}`
    case 'not-forwarded':
      return `${note.daemon}: ${note.signal} not forwarded: it is not running`
    case 'signal-ignored':
      return ignored(note)
    case 'deadline-missed':
      return `the deadline has come: ${note.daemons.join(', ')} killed`
    case 'output-stalled':
      return `stdout is stalled: ${describeStall(note.errno)}`
    case 'output-resumed':
      return `stdout goes on: it took nothing for ${formatDuration(Math.round(note.afterMs))}`
    case 'stuck':
      return `${note.daemon}: not gone after KILL (run ${note.run})`
    default:
      throw new Error(`${note.kind} has its words elsewhere`)
  }
}

function ignored(note: Extract<Note, { kind: 'signal-ignored' }>): string {
  const { signal, times, shuttingDown } = note
  const why = shuttingDown ? 'shutting down' : 'not in "signals:"'
  return `${signal} ignored: ${why}${times > 1 ? ` (${times} times so far)` : ''}`
}
