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
  const reason = end === null ? 'nothing was left to run' : describeReason(end.reason)
  const askedBy = end === null ? null : describeRequester(end.ticket.by)
  const why = end?.reason.kind === 'request' ? end.reason.why : ''
  const entries = daemons.map((daemon) => daemonText(daemon, deaths.get(daemon.name)))
  const source = from === null ? 'null' : `"${from}"`
  return `{
  "exitCode": ${String(code)},
  "from": ${source},
  "at": "${isoTime(wallMs)}",
  "reason": ${JSON.stringify(reason)},
  "askedBy": ${JSON.stringify(askedBy)},
  "why": ${why === '' ? '""' : JSON.stringify(why)},
  "output": {
    "lostBytes": ${String(lost.bytes)},
    "lostLines": ${String(lost.lines)}
  },
  "daemons": [\n${entries.join(',\n')}\n  ]
}\n`
}

/** Formatted by hand: at the end of a thousand daemons there are a thousand of them. */
function daemonText(
  { name, runs, last, skipped, counted }: DaemonReport,
  death: KeptDeath | undefined,
): string {
  const ended = skipped ? '"not started: a dependency has failed"' : howItEnded(last)
  const asked = last === null ? 'null' : String(last.requested)
  return `    {
      "name": "${name}",
      "runs": ${String(runs)},
      "ended": ${ended},
      "asked": ${asked},
      "counted": ${String(counted)}${death === undefined ? '' : deathText(death)}
    }`
}

function deathText({ record }: KeptDeath): string {
  const text = JSON.stringify(record, null, 2).split('\n').join('\n      ')
  return `,\n      "lastDeath": ${text}`
}

/** As JSON: "code 3", "TERM", "could not start: exec: ENOENT"; null if it never ran or has not
 *  ended. */
function howItEnded(last: DaemonReport['last']): string {
  if (last === null) return 'null'
  if (last.failure === null) return `"${describeCause(last)}"`
  return JSON.stringify(`could not start: ${describeStartFailure(last.failure)}`)
}
