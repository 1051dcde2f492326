/** Words for causes: how a run ended, the fault that it was ended for, and why it could not be
 *  started. Log, journal, tickets, exit report and control plane share them. */

import type { Exit, Flaw, HealthFailure, SpawnFailure } from '../event.ts'
import { signalName } from '../signals.ts'

/** How a run has ended, or is being ended. */
interface RunEnd {
  /** null while the leader lives. */
  readonly exit: Exit | null
  readonly fault: HealthFailure | null
  readonly flaw: Flaw | null
}

export const faultWords: Readonly<Record<HealthFailure, string>> = {
  'not-ready': 'not ready in time',
  'not-alive': 'not alive',
  watchdog: 'silent for longer than its watchdog allows',
  triggered: 'failed by its own report (WATCHDOG=trigger)',
}

/** The remedy for a daemon that exited with 0 and left processes behind. */
export const foregroundRemedy =
  'if it puts itself into the background, run it in the foreground ("daemon off;", -D, --nodaemon)'

/** "code 3", "TERM" or "not executed: user ETIMEDOUT". */
export function describeExit({ code, signal, failure }: Exit): string {
  if (failure !== undefined) return `not executed: ${failure.step} ${failure.errno}`
  return signal === 0 ? `code ${code}` : signalName(signal)
}

/** In a sentence: "exit code 3", "signal TERM". */
export function describeExitFully(exit: Exit): string {
  return `${exit.signal === 0 ? 'exit' : 'signal'} ${describeExit(exit)}`
}

/** In a record: "code 3", "TERM", "code 0 before it was ready", "not ready in time". */
export function describeCause(
  { exit, fault, flaw }: RunEnd,
  describe: (exit: Exit) => string = describeExit,
): string {
  if (fault !== null) return faultWords[fault]
  if (exit === null) return 'it has ended'
  if (flaw === 'unseen') return 'its exit status was not seen'
  return flaw === null ? describe(exit) : `${describe(exit)} before it was ready`
}

/** In a sentence: "exit code 3", "exit code 0 before it was ready", "not ready in time". */
export function describeCauseFully(end: RunEnd): string {
  return describeCause(end, describeExitFully)
}

/** "exec: ENOENT". An error of pitcrew itself has its stack behind the first line, which is left
 *  out. */
export function describeStartFailure({ step, errno, why }: SpawnFailure): string {
  return `${step}: ${(why ?? errno).split('\n')[0]}`
}

/** The cause of a ticket for a run that could not be started. */
export function ticketCauseOf(failure: SpawnFailure): string {
  return `${startFailureHead}${describeStartFailure(failure)}`
}

const startFailureHead = 'cannot start it: '

/** Whether a ticket failed since its run could not be started. */
export function isStartFailure(cause: string): boolean {
  return cause.startsWith(startFailureHead)
}

/** Why a daemon was skipped. */
export function describeUnmet(needs: string): string {
  return `it needs ${needs}, which has failed`
}
