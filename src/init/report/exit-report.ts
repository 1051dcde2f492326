/** exit-report.json: explains the exit code after the container has ended. */

import type { KeptDeath } from '../../control/server/control-plane.ts'
import type { DaemonReport, ExitReport } from '../../core/effect.ts'
import { describeCause, describeStartFailure } from '../../core/text/cause.ts'
import { describeReason, describeRequester } from '../../core/text/describe.ts'
import { isoTime } from '../../core/text/iso-time.ts'
import type { HelperTask } from '../../host/helper.ts'
import type { Host } from '../../host/host.ts'
import type { LostOutput } from '../../host/output.ts'
import { lastWriteMs } from './journal.ts'
import type { Reporter } from './reporter.ts'

/** The task that writes the report beside the journal, with what is known now. */
export function exitReportTask(
  host: Host,
  bundle: string,
  { journal, deaths }: Reporter,
  report: ExitReport,
): HelperTask {
  const write = journal.folders.map((folder) => `${folder}/${bundle}/exit-report.json`)
  const text = exitReportText(report, host.wallMs(), host.lostOutput(), deaths.last)
  return { write, text, timeoutMs: lastWriteMs }
}

/** @param wallMs The time of the end, in milliseconds since 1970.
 *  @param deaths The last death of each daemon that was not requested. */
export function exitReportText(
  report: ExitReport,
  wallMs: number,
  lost: LostOutput,
  deaths: ReadonlyMap<string, KeptDeath>,
): string {
  const { code, end, from, daemons } = report
  const entries = daemons.map(({ name, runs, last, skipped, counted }) => ({
    name,
    runs,
    ended: skipped ? 'not started: a dependency has failed' : howItEnded(last),
    asked: last?.requested ?? null,
    counted,
    ...(deaths.has(name) && { lastDeath: deaths.get(name)?.record }),
  }))
  const output = { lostBytes: lost.bytes, lostLines: lost.lines }
  const contents = {
    exitCode: code,
    from,
    at: isoTime(wallMs),
    reason: end === null ? 'nothing was left to run' : describeReason(end.reason),
    askedBy: end === null ? null : describeRequester(end.ticket.by),
    why: end?.reason.kind === 'request' ? end.reason.why : '',
    output,
    daemons: entries,
  }
  return `${JSON.stringify(contents, null, 2)}\n`
}

/** "code 3", "TERM", "could not start: exec: ENOENT"; null if it never ran or has not ended. */
function howItEnded(last: DaemonReport['last']): string | null {
  if (last === null) return null
  if (last.failure !== null) return `could not start: ${describeStartFailure(last.failure)}`
  return describeCause(last)
}
