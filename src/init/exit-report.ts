/** exit-report.json: how the exit code came about, for whoever looks at a container that has
 *  ended. */
import { describeExit } from '../core/describe.ts'
import type { DaemonReport, ExitReport } from '../core/exit-code.ts'
import type { LostOutput } from '../host/host.ts'

export function exitReportText(report: ExitReport, lost: LostOutput): string {
  const { code, from, daemons } = report
  const entries = daemons.map(({ name, runs, last, counted }) => ({
    name,
    runs,
    ended: howItEnded(last),
    asked: last?.asked ?? null,
    counted,
  }))
  const output = { lostBytes: lost.bytes, lostLines: lost.lines }
  return `${JSON.stringify({ exitCode: code, from, output, daemons: entries }, null, 2)}\n`
}

/** "code 3", "TERM", "could not start: exec: ENOENT"; null when it never ran or had not ended. */
function howItEnded(last: DaemonReport['last']): string | null {
  if (last === null) return null
  if (last.failure !== null) return `could not start: ${last.failure.step}: ${last.failure.errno}`
  return describeExit(last.exit)
}
