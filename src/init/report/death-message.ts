/** Describes a death that was not requested: the words for log and journal, and the record that is
 *  kept for the exit report, the control plane and the death command. */

import type { DeathRecord, KeptDeath } from '../../control/server/control-plane.ts'
import type { Verdict } from '../../core/daemon/restart-policy.ts'
import type { DeathNote } from '../../core/effect.ts'
import {
  describeCause,
  describeCauseFully,
  faultWords,
  foregroundRemedy,
} from '../../core/text/cause.ts'
import { count } from '../../core/text/describe.ts'
import { formatDuration } from '../../core/text/duration.ts'
import { oneLine } from '../../core/text/one-line.ts'
import type { RunResources } from '../../host/host.ts'
import { backgroundNote, pidAndRun } from './messages.ts'
import { startFailureReason } from './start-failure.ts'

/** The length of the last line in the log, in characters. */
const lineMax = 160
/** The kept length of a cause, in characters. */
const causeMax = 250
/** How many last lines are kept. */
const linesMax = 5

type DescribedDeath = Omit<KeptDeath, 'atMs'> & { readonly words: string }

/** @param resources null where the run is not over.
 *  @param memory    What the kernel's counter of kills for memory says about this death, or ''. */
export function describeDeath(
  note: DeathNote,
  resources: RunResources | null,
  memory: string,
): DescribedDeath {
  const record = recordOf(note, resources, memory)
  const startFailure = note.kind === 'start-failed' ? startFailureReason(note, note.command) : null
  const usage = `${describeUsage(resources)}${backgroundNote(note)}`
  const words = `${describeHead(note)}${memory}${usage}; ${record.next}${describeLastOutput(record)}`
  return { record, startFailure, words }
}

/** "died: exit code 3, pid 17, run 2, after 4.2s" */
function describeHead(note: DeathNote): string {
  if (note.kind === 'start-failed') {
    return `cannot start (run ${note.run}): ${startFailureReason(note, note.command)}`
  }
  const when = `${pidAndRun(note)}, after ${formatDuration(note.uptimeMs)}`
  if (note.kind === 'died') return `died: ${describeCauseFully(endOf(note))}, ${when}`
  return `${faultWords[note.fault]}, ${when}: stopping it`
}

/** "restarting in 200 ms" */
function describeVerdict(verdict: Verdict): string {
  if (verdict.kind === 'retry') {
    const when = verdict.afterMs === 0 ? 'at once' : `in ${formatDuration(verdict.afterMs)}`
    return verdict.streak.length > 1
      ? `restarting ${when}, restart ${verdict.streak.length} in a row`
      : `restarting ${when}`
  }
  switch (verdict.why) {
    case 'done':
      return 'its work is done'
    case 'policy':
      return 'restart policy is never'
    case 'main':
      return 'the main daemon is not restarted'
    case 'shutdown':
      return 'shutting down'
    case 'limit':
      return `given up after ${count(verdict.times, 'restart')} in ${formatDuration(verdict.windowMs)}`
  }
}

function recordOf(note: DeathNote, resources: RunResources | null, memory: string): DeathRecord {
  const { run, pid, uptimeMs, status, verdict } = note
  // An internal error has its stack behind the first line.
  const ended = (causeOf(note).split('\n')[0] ?? '').slice(0, causeMax)
  return {
    run,
    pid,
    cause: `${ended}${memory}`,
    uptimeMs: Math.round(uptimeMs),
    cpuMs: resources === null ? null : Math.round(resources.cpuMs),
    memoryKib: resources?.memoryKib ?? null,
    status,
    lastLines: resources === null ? [] : linesOf(resources.lastLines),
    next: describeVerdict(verdict),
    ...(isInBackground(note) && { remedy: foregroundRemedy }),
  }
}

function isInBackground(note: DeathNote): boolean {
  return note.kind === 'died' && note.leftOthers
}

function causeOf(note: DeathNote): string {
  switch (note.kind) {
    case 'died':
      return `${describeCause(endOf(note))}${isInBackground(note) ? ', leaving processes behind' : ''}`
    case 'start-failed':
      return `could not start: ${startFailureReason(note, note.command)}`
    case 'unfit':
      return faultWords[note.fault]
  }
}

function endOf(note: Extract<DeathNote, { kind: 'died' }>): Parameters<typeof describeCause>[0] {
  return { exit: note, fault: null, flaw: note.flaw }
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .slice(-linesMax)
}

function describeUsage(resources: RunResources | null): string {
  if (resources === null) return ''
  return ` (cpu ${Math.round(resources.cpuMs)} ms, memory ${(resources.memoryKib / 1024).toFixed(1)} MiB)`
}

function describeLastOutput({ status, lastLines }: DeathRecord): string {
  const line = status === '' ? lastLines.at(-1) : status
  if (line === undefined) return ''
  return `; its last ${status === '' ? 'line' : 'status'}: ${JSON.stringify(oneLine(line.slice(0, lineMax)))}`
}
