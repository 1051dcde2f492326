/** Promises about processes, pipes and timers that must not be left behind. */
import { signalNumbers } from '../../../src/core/signals.ts'
import type { Facts } from '../judge/facts.ts'
import { follow } from '../judge/follower.ts'
import { isAnyWithin, nextCall } from '../judge/timeline.ts'
import type { Call } from '../judge/trace.ts'
import { kills, stopOrder } from './orders.ts'
import { first, nameOf, type Promised } from './promise.ts'

export const nothingLeft: Promised = {
  sentence: 'At the end no process is left, except one that KILL cannot end',
  broken: ({ trace, lines, schedule, isBroken }) => {
    // After the deadline pitcrew does not search for processes any more; as PID 1, the kernel ends them.
    const isCutOff = isBroken || lines.some(({ text }) => text.startsWith('deadline reached'))
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
    return first(alive, ([pid, label]) => {
      // Nor for processes that left the group of an interrupted command.
      const isOfHelper = label.includes(':') && (isBroken || label.startsWith('escapee of '))
      const isExcused =
        killed.has(pid) || isOfHelper || (isCutOff && (schedule.isPid1 || !label.startsWith('d')))
      return isExcused ? null : `pid ${pid} is left: ${label}`
    })
  },
}

const lingerMs = 1000

export const outputClosed: Promised = {
  sentence: 'The output of a run that is over is read for at most a second',
  broken: (facts) =>
    first(facts.runs, (run) => {
      if (run.gone === null || run.pid === null || facts.isBroken) return null
      const closed = run.outputGivenUp
      const endMs = Math.min(
        closed?.atMs ?? Number.POSITIVE_INFINITY,
        run.outputClosed?.atMs ?? Number.POSITIVE_INFINITY,
        facts.endMs,
      )
      const latestMs = run.gone.atMs + lingerMs + facts.lostMs + facts.lateMs + 1
      if (closed !== null && closed.atMs < run.gone.atMs + lingerMs - 0.001)
        return `the output of ${nameOf(run)} is closed too early`
      return endMs <= latestMs ? null : `the output of ${nameOf(run)} stays open`
    }),
}

export const quiet: Promised = {
  sentence: 'pitcrew wakes up only for work in progress',
  broken: (facts) => {
    if (facts.isBroken || facts.isBehind || facts.boot === null) return null
    if (facts.lines.some(({ text }) => text.startsWith('deadline reached'))) return null
    const { shutdown, finish, lostMs, lateMs } = facts
    const { reasons } = follow(facts)
    const isBusy = busyAt(facts)
    const times = journalTimes(facts)
    return first(facts.calls, ({ index, doneAtMs, wakeAtMs }) => {
      if (wakeAtMs === Number.POSITIVE_INFINITY || wakeAtMs <= doneAtMs) return null
      const until = nextCall(facts, index)
      if (reasons.has(index) || isBusy(until)) return null
      if (isAnyWithin(times, doneAtMs - 250 - lostMs - lateMs, doneAtMs)) return null
      const isShutdown = shutdown !== null && shutdown.index < until
      const isFinished = finish !== null && finish.index < until
      if (isShutdown && !isFinished) return null
      return `an alarm is set for ${wakeAtMs} at ${doneAtMs}, without work in progress`
    })
  },
}

const noted: readonly string[] = ['helper', 'line', 'output-stalled', 'executed']

/** When entries for the journal arise: log lines, which are written a little later, and answers
 *  of the disk. Requests of clients, stalls and slow starts add entries without a log line. So does
 *  a job that its policy started again, when the rest of its processes is gone. */
function journalTimes({ trace, specs }: Facts): number[] {
  const jobs = specs.filter(({ kind }) => kind === 'job').map(({ name }) => name)
  const isNoted = ({ event }: Call): boolean =>
    noted.includes(event.type) || (event.type === 'gone' && jobs.includes(event.daemon))
  const times: number[] = []
  for (const moment of trace) {
    const { what, atMs } = moment
    const isAnswer = what === 'call' && isNoted(moment)
    if (isAnswer || what === 'say' || what === 'append') times.push(atMs)
  }
  return times
}

/** Whether, just before a place of the trace, a run is ending, its output is still open, or a
 *  command is running. */
function busyAt({ trace, runs, helpers }: Facts): (index: number) => boolean {
  const begins = new Int32Array(trace.length + 2)
  const ends = new Int32Array(trace.length + 2)
  const count = (counts: Int32Array, index: number): void => {
    const at = Math.min(index, trace.length) + 1
    counts[at] = (counts[at] as number) + 1
  }
  const add = (from: number, to: number): void => {
    count(begins, from)
    count(ends, to)
  }
  for (const run of runs) {
    const begun = Math.min(
      run.exit?.index ?? never,
      stopOrder(run)?.index ?? never,
      kills(run)[0]?.index ?? never,
    )
    const closed = Math.min(run.outputClosed?.index ?? never, run.outputGivenUp?.index ?? never)
    if (run.pid !== null) add(begun, Math.max(begun, run.gone?.index ?? never, closed))
  }
  for (const { pid, spawned, gone } of helpers) {
    if (pid !== null) add(spawned.index, gone?.index ?? never)
  }
  let busy = 0
  const isBusy = begins.map((begun, at) => {
    busy += begun - (ends[at] as number)
    return busy
  })
  return (index) => (isBusy[index] as number) > 0
}

const never = Number.POSITIVE_INFINITY

export const noBug: Promised = {
  sentence: 'pitcrew has no internal error unless a fault is planted',
  broken: ({ bug, lines }) => {
    const own = lines.find(
      ({ text }) => text.startsWith('internal error') && !text.includes('injected fault'),
    )
    return bug ?? own?.text ?? null
  },
}
