/** The exit code of pitcrew, and why. Positive failures win, otherwise zero; a `main` daemon's
 *  own code wins over all (DESIGN: the contract, "Exit code"). */
import type { Exit } from './event.ts'
import type { Daemon, LastRun } from './phases.ts'
import type { DaemonSpec } from './plan.ts'

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
  /** It was not started in the end: somebody whom it is after failed for good. */
  readonly skipped: boolean
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
    const skipped = daemon.phase === 'stopped' && daemon.end === 'skipped'
    const counted = last !== null ? countedCode(daemon, last) : skipped ? skippedCode(daemon) : 0
    const report = { name: daemon.spec.name, runs: daemon.run, last, skipped, counted }
    reports.push(report)
    if (daemon.spec.main && (skipped || last !== null)) main = report
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
  const { run, pid, exit, asked, fault, sent } = daemon
  return { run, pid, failure: null, exit, asked, fault, sent }
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
  if (signal !== 0) {
    // An agent that was killed for memory must not look like success.
    const answersFor = spec.main || spec.critical
    if (answersFor && !last.sent.includes(signal)) return 128 + signal
  }
  const counted = isFine(spec, last.sent, last.exit) || signal !== 0 ? 0 : code
  // What we had to end since it did not do its work has failed, however it ended then.
  return last.fault === null ? counted : Math.max(1, counted)
}

/** Whether an end counts as success: 0, a code of `stop.success`, or what a signal of ours led to. */
export function isFine(spec: DaemonSpec, sent: readonly number[], { code, signal }: Exit): boolean {
  if (signal !== 0) return sent.includes(signal)
  return code === 0 || spec.stop.success.includes(code) || sent.includes(code - 128)
}
