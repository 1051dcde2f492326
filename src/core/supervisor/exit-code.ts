/** The exit code of pitcrew, and why. Positive failures win, otherwise zero; a `main` daemon's
 *  own code wins over all. When a failure ended the bundle the code is never zero (DESIGN: the
 *  contract, "Exit code"). */

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

/** Whether the failure of this daemon ended the bundle: it was given up, and that ends all; or
 *  nothing is left to run since it, a job, failed or its policy gave it up. Under `never` a daemon
 *  that died by a signal ends nothing. An optional one is missed by no other. */
function hasEndedBundle(daemon: Daemon, end: Shutdown | null): boolean {
  if (daemon.phase !== 'stopped' || daemon.end !== 'failed') return false
  const { name, kind, optional, restart } = daemon.spec
  if (end !== null) return 'daemon' in end.reason && end.reason.daemon === name
  return !optional && (kind === 'job' || restart.policy !== 'never')
}

/** What the last run of a daemon counts as whose failure ended the bundle. */
function failureCode(last: LastRun | null): number {
  if (last === null) return 1
  const { code, signal } = last.exit
  const isOwn = last.fault === null && last.failure === null
  return isOwn && signal !== 0 ? 128 + signal : Math.max(1, code)
}

/** At the deadline a run may be there whose leader has ended: its code counts, whatever the rest
 *  does. */
function lastRunOf(daemon: Daemon): LastRun | null {
  if (!('exit' in daemon) || daemon.exit === null) return daemon.last
  const { run, pid, exit, requested, fault, flaw, sent } = daemon
  return { run, pid, failure: exit.failure ?? null, exit, requested, fault, flaw, sent }
}

/** Whom it needed has a code of its own; but without an agent there is no success. */
function skippedCode({ spec }: Daemon): number {
  return spec.main || spec.critical ? 126 : 0
}

/** What one run counts as. */
function countedCode({ spec }: Daemon, last: LastRun): number {
  if (last.failure !== null)
    return last.failure.errno === 'ENOENT' && last.failure.step === 'exec' ? 127 : 126
  const { code, signal } = last.exit
  // An agent that was killed for memory must not look like success.
  const answersFor = spec.main || spec.critical
  const isUnasked = !last.sent.includes(signal) || last.flaw !== null
  if (signal !== 0 && answersFor && isUnasked) return 128 + signal
  // A flaw is a failure whatever the code is; a death by a signal counts as any other.
  if (signal === 0 && last.flaw !== null) return Math.max(1, code)
  const counted = isSuccess(spec, last.sent, last.exit) || signal !== 0 ? 0 : code
  // What we had to end since it did not do its work has failed, however it ended then.
  return last.fault === null ? counted : Math.max(1, counted)
}
