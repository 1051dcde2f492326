/** Promises about what stays behind: nothing. */
import { signalNumbers } from '../../../src/core/signals.ts'
import type { Facts, HelperFacts, RunFacts } from '../facts.ts'
import { follow } from '../follower.ts'
import { kills, stopOrder } from './orders.ts'
import { first, nameOf, nextCall, type Promised } from './promise.ts'

export const nothingLeft: Promised = {
  sentence: 'At the end no process is left, but for one that KILL cannot end',
  broken: ({ trace, lines, schedule, isBroken }) => {
    // What a deadline cuts off is not looked for any more; the kernel ends it, where we are its PID 1.
    const isCutOff = isBroken || lines.some(({ text }) => text.startsWith('the deadline has come'))
    const alive = new Map<number, string>()
    const killed = new Set<number>()
    for (const moment of trace) {
      if (moment.what === 'spawn' && 'pid' in moment.answer)
        alive.set(moment.answer.pid, `${moment.daemon} ${moment.run}`)
      if (moment.what === 'born')
        alive.set(moment.pid, `${moment.place} of ${moment.daemon} ${moment.run}`)
      if (moment.what === 'ended') {
        alive.delete(moment.pid)
        killed.delete(moment.pid)
      }
      if (moment.what === 'hit' && moment.signal === signalNumbers.KILL) killed.add(moment.pid)
      if (moment.what === 'last-word') return null
    }
    return first(alive, ([pid, who]) => {
      // What left the group of a command that the end cuts off is not looked for, either.
      const isOfHelper = who.includes(':') && (isBroken || who.startsWith('stray of '))
      const isExcused =
        killed.has(pid) || isOfHelper || (isCutOff && (schedule.isPid1 || !who.startsWith('d')))
      return isExcused ? null : `pid ${pid} is left: ${who}`
    })
  },
}

const lingerMs = 1000

export const outputClosed: Promised = {
  sentence: 'The output of a run that is over is read for a second at most',
  broken: (facts) =>
    first(facts.runs, (run) => {
      if (run.gone === null || run.pid === null || facts.isBroken) return null
      const closed = facts.trace.find(
        (moment) =>
          moment.what === 'close-output' &&
          moment.daemon === run.spec.name &&
          moment.run === run.run,
      )
      const endMs = Math.min(
        closed?.atMs ?? Number.POSITIVE_INFINITY,
        run.outputClosed?.atMs ?? Number.POSITIVE_INFINITY,
        facts.endMs,
      )
      const latestMs = run.gone.atMs + lingerMs + facts.lostMs + facts.lateMs + 1
      if (closed !== undefined && closed.atMs < run.gone.atMs + lingerMs - 0.001)
        return `the output of ${nameOf(run)} is closed too early`
      return endMs <= latestMs ? null : `the output of ${nameOf(run)} stays open`
    }),
}

export const quiet: Promised = {
  sentence: 'It wakes up for what is under way, and for nothing else',
  broken: (facts) => {
    if (facts.isBroken || facts.isBehind || facts.boot === null) return null
    return first(facts.calls, ({ index, doneAtMs, wakeAtMs }) => {
      if (wakeAtMs === Number.POSITIVE_INFINITY || wakeAtMs <= doneAtMs) return null
      const until = nextCall(facts, index)
      if (follow(facts).reasons.has(index)) return null
      if (facts.runs.some((run) => isEnding(facts, run, until))) return null
      if (facts.helpers.some((helper) => isThere(helper, until))) return null
      if (isForJournal(facts, doneAtMs)) return null
      const isShutdown = facts.shutdown !== null && facts.shutdown.index < until
      const isFinished = facts.finish !== null && facts.finish.index < until
      if (isShutdown && !isFinished) return null
      if (facts.lines.some(({ text }) => text.startsWith('the deadline has come'))) return null
      return `an alarm is set for ${wakeAtMs} at ${doneAtMs}, and nothing is under way`
    })
  },
}

/** What was said is written to the journal, a little later; and what could not be written then, once the disk has
 *  answered. */
function isForJournal({ lines, calls, trace, lostMs, lateMs }: Facts, nowMs: number): boolean {
  const sinceMs = nowMs - 250 - lostMs - lateMs
  const isRecent = ({ atMs }: { readonly atMs: number }): boolean =>
    atMs >= sinceMs && atMs <= nowMs
  // What a client asks for may end what the policy was about to do, of which no line tells.
  const answers = calls.filter(({ event }) => event.type === 'appended' || event.type === 'line')
  const appends = trace.filter(({ what }) => what === 'append')
  return [...lines, ...answers, ...appends].some(isRecent)
}

function isThere({ spawned, gone, pid }: HelperFacts, until: number): boolean {
  return pid !== null && spawned.index < until && (gone === null || gone.index >= until)
}

/** It is to end, or its output lingers. */
function isEnding({ trace }: Facts, run: RunFacts, until: number): boolean {
  if (run.pid === null) return false
  const begun = Math.min(
    run.exit?.index ?? Number.POSITIVE_INFINITY,
    stopOrder(run)?.index ?? Number.POSITIVE_INFINITY,
    kills(run)[0]?.index ?? Number.POSITIVE_INFINITY,
  )
  if (begun >= until) return false
  if (run.gone === null || run.gone.index >= until) return true
  const isClosed = run.outputClosed !== null && run.outputClosed.index < until
  const wasClosed = trace
    .slice(0, until)
    .some(
      (moment) =>
        moment.what === 'close-output' && moment.daemon === run.spec.name && moment.run === run.run,
    )
  return !isClosed && !wasClosed
}

export const noBug: Promised = {
  sentence: 'It never fails by itself',
  broken: ({ bug, lines }) => {
    const own = lines.find(
      ({ text }) => text.startsWith('internal error') && !text.includes('planted'),
    )
    return bug ?? own?.text ?? null
  },
}
