/** exit-report.json: how the exit code came about, for whoever looks at a container that has
 *  ended. */
import { describeExit } from '../core/describe.ts'
import type { DaemonReport, ExitReport } from '../core/exit-code.ts'
import type { LostOutput } from '../host/host.ts'
import type { KeptDeath } from './deaths.ts'
import { faultWords } from './report.ts'

/** @param deaths The last unasked death of each daemon that had one. */
export function exitReportText(
  report: ExitReport,
  lost: LostOutput,
  deaths: ReadonlyMap<string, KeptDeath>,
): string {
  const { code, from, daemons } = report
  const entries = daemons.map(({ name, runs, last, skipped, counted }) => ({
    name,
    runs,
    ended: skipped ? 'not started: somebody it is after has failed' : howItEnded(last),
    asked: last?.asked ?? null,
    counted,
    ...(deaths.has(name) && { lastDeath: deaths.get(name)?.record }),
  }))
  const output = { lostBytes: lost.bytes, lostLines: lost.lines }
  return `${JSON.stringify({ exitCode: code, from, output, daemons: entries }, null, 2)}\n`
}

/** "code 3", "TERM", "could not start: exec: ENOENT"; null when it never ran or had not ended. */
function howItEnded(last: DaemonReport['last']): string | null {
  if (last === null) return null
  if (last.failure !== null) return `could not start: ${last.failure.step}: ${last.failure.errno}`
  return last.fault === null ? describeExit(last.exit) : faultWords[last.fault]
}
