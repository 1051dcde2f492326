/** The exit code of pitcrew, and why. Positive failures win, otherwise zero; a `main` daemon's
 *  own code wins over all (DESIGN: the contract, "Exit code"). */
import type { Daemon, LastRun } from './phases.ts'

export interface ExitReport {
  readonly code: number
  /** The daemon that the code comes from; null when it is zero because nobody failed. */
  readonly from: string | null
  readonly daemons: readonly DaemonReport[]
}

export interface DaemonReport {
  readonly name: string
  /** Lives it had. */
  readonly runs: number
  readonly last: LastRun | null
  /** What its last run counts as. */
  readonly counted: number
}

export function exitReport(daemons: Iterable<Daemon>): ExitReport {
  const reports: DaemonReport[] = []
  let code = 0
  let from: string | null = null
  let main: DaemonReport | null = null
  for (const daemon of daemons) {
    const last = lastRunOf(daemon)
    const counted = last === null ? 0 : countedCode(daemon, last)
    const report = { name: daemon.spec.name, runs: daemon.run, last, counted }
    reports.push(report)
    if (daemon.spec.main && last !== null) main = report
    if (counted > code) {
      code = counted
      from = daemon.spec.name
    }
  }
  if (main !== null) return { code: main.counted, from: main.name, daemons: reports }
  return { code, from, daemons: reports }
}

/** At the deadline a run may be there whose leader has ended: its code counts, whatever the rest
 *  does. */
function lastRunOf(daemon: Daemon): LastRun | null {
  if (!('exit' in daemon) || daemon.exit === null) return daemon.last
  const { run, pid, exit, asked, sent } = daemon
  return { run, pid, failure: null, exit, asked, sent }
}

/** What one run counts as. */
function countedCode({ spec }: Daemon, last: LastRun): number {
  if (last.failure !== null)
    return last.failure.errno === 'ENOENT' && last.failure.step === 'exec' ? 127 : 126
  const { code, signal } = last.exit
  if (signal !== 0) {
    // An agent that was killed for memory must not look like success.
    const answersFor = spec.main || spec.critical
    return answersFor && !last.sent.includes(signal) ? 128 + signal : 0
  }
  if (spec.stop.success.includes(code)) return 0
  return last.sent.includes(code - 128) ? 0 : code
}
