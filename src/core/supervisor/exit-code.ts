/** The exit code of pitcrew, and why. Positive failures win, otherwise zero; a `main` daemon's
 *  own code wins over all. When a failure ended the bundle the code is never zero. */

import type { Daemon } from '../daemon/phases.ts'
import { isSuccess } from '../daemon/restart-policy.ts'
import type { DaemonReport, ExitReport, LastRun, Shutdown } from '../effect.ts'

export function exitReport(daemons: Iterable<Daemon>, end: Shutdown | null): ExitReport {
  const reports: DaemonReport[] = []
  let code = 0
  let from: string | null = null
  let main: DaemonReport | null = null
  for (const daemon of daemons) {
    const last = lastRunOf(daemon)
    const skipped = daemon.phase === 'stopped' && daemon.end === 'skipped'
    const own = last !== null ? countedCode(daemon, last) : skipped ? skippedCode(daemon) : 0
    const counted = own > 0 || !hasEndedBundle(daemon, end) ? own : failureCode(last)
    const report = { name: daemon.spec.name, runs: daemon.run, last, skipped, counted }
    reports.push(report)
    if (daemon.spec.main && (skipped || last !== null)) main = report
    if (counted > code) {
      code = counted
      from = daemon.spec.name
    }
  }
  if (main !== null) return { code: main.counted, end, from: main.name, daemons: reports }
  return { code, end, from, daemons: reports }
}

/** Whether the failure of this daemon ended the bundle: it was given up, which shut the bundle
 *  down; or no daemon is left to run, because this one, a job, failed or its policy gave it up. Not
 *  so a daemon with `never` that died by a signal, and not so an optional one. */
function hasEndedBundle(daemon: Daemon, end: Shutdown | null): boolean {
  if (daemon.phase !== 'stopped' || daemon.end !== 'failed') return false
  const { name, kind, optional, restart } = daemon.spec
  if (end !== null) return 'daemon' in end.reason && end.reason.daemon === name
  return !optional && (kind === 'job' || restart.policy !== 'never')
}

/** The code of a daemon that ended the bundle by its failure. */
function failureCode(last: LastRun | null): number {
  if (last === null) return 1
  const { code, signal } = last.exit
  const isOwn = last.fault === null && last.failure === null
  return isOwn && signal !== 0 ? 128 + signal : Math.max(1, code)
}

/** At the deadline the leader of a run may have ended while the rest of its tree has not: the code
 *  of the leader counts. */
function lastRunOf(daemon: Daemon): LastRun | null {
  if (!('exit' in daemon) || daemon.exit === null) return daemon.last
  const { run, pid, exit, requested, fault, flaw, sent } = daemon
  return { run, pid, failure: exit.failure ?? null, exit, requested, fault, flaw, sent }
}

/** A skipped daemon counts as 0, since the dependency that failed has a code of its own; a main or
 *  critical one counts as a failure. */
function skippedCode({ spec }: Daemon): number {
  return spec.main || spec.critical ? 126 : 0
}

/** The code that one run counts as. */
function countedCode({ spec }: Daemon, last: LastRun): number {
  if (last.failure !== null)
    return last.failure.errno === 'ENOENT' && last.failure.step === 'exec' ? 127 : 126
  const { code, signal } = last.exit
  // A main daemon that was killed for memory must not look like success.
  const answersFor = spec.main || spec.critical
  const isUnasked = !last.sent.includes(signal) || last.flaw !== null
  if (signal !== 0 && answersFor && isUnasked) return 128 + signal
  // A flaw is a failure whatever the code is; a death by a signal counts as usual.
  if (signal === 0 && last.flaw !== null) return Math.max(1, code)
  const counted = isSuccess(spec, last.sent, last.exit) || signal !== 0 ? 0 : code
  // A run that was ended for a fault has failed, however it ended.
  return last.fault === null ? counted : Math.max(1, counted)
}
