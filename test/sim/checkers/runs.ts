/** Promises about runs: one at a time, and reported correctly. */
import { signalNumbers } from '../../../src/core/signals.ts'
import type { Claim } from '../judge/claims.ts'
import type { Facts, RunFacts } from '../judge/facts.ts'
import { nextCall } from '../judge/timeline.ts'
import { isFaultClaim, stopOrder, wasStopDecided } from './orders.ts'
import { first, nameOf, type Promised } from './promise.ts'

export const oneAtATime: Promised = {
  sentence:
    'Two runs of a daemon are never alive at once, nor two commands for one purpose, except one that was sent KILL',
  broken: ({ trace }) => {
    const alive = new Map<string, Set<string>>()
    return first(trace, (moment) => {
      if (moment.what === 'spawn' && 'pid' in moment.answer) {
        const others = [...(alive.get(moment.daemon) ?? [])]
        if (others.length > 0)
          return `${moment.daemon} ${moment.run} is spawned beside ${others.join()}`
        alive.set(moment.daemon, new Set([`${moment.run} pid ${moment.answer.pid}`]))
      }
      const isHelper = 'daemon' in moment && moment.daemon.includes(':')
      if (moment.what === 'signal' && isHelper && moment.signal === signalNumbers.KILL) {
        alive.delete(moment.daemon)
      }
      if (moment.what === 'ended') {
        alive.get(moment.daemon)?.delete(`${moment.run} pid ${moment.pid}`)
      }
      if (moment.what === 'born') {
        alive.get(moment.daemon)?.add(`${moment.run} pid ${moment.pid}`)
      }
      return null
    })
  },
}

export const counted: Promised = {
  sentence: 'The runs of a daemon are numbered 1, 2, 3 … and each is spawned once',
  broken: ({ runs, isBroken }) => {
    const last = new Map<string, number>()
    return first(runs, (run) => {
      const before = last.get(run.spec.name) ?? 0
      last.set(run.spec.name, run.run)
      // After a fault it may not be known whether a run was started: it is retried, or was not reported.
      return run.run === before + 1 || (isBroken && run.run >= before)
        ? null
        : `${nameOf(run)} comes after run ${before}`
    })
  },
}

export const selectedOnly: Promised = {
  sentence: 'Only selected daemons are started, and all that can be',
  broken: (facts) => {
    const names = facts.specs.map(({ name }) => name)
    const unselected = facts.runs.find(({ spec }) => !names.includes(spec.name))
    if (unselected !== undefined) return `${nameOf(unselected)} is not selected`
    if (facts.boot === null || facts.isBroken) return null
    // It may take as long as the starts of the daemons before it.
    const dueMs = facts.boot.atMs + facts.lostMs + facts.lateMs
    if ((facts.shutdown?.atMs ?? facts.endMs) <= dueMs) return null
    const missing = names.find(
      (name) =>
        hasNoDependency(facts, name) &&
        !facts.requests.some(({ daemon, verb, atMs }) => {
          return daemon === name && verb === 'stop' && atMs <= dueMs
        }) &&
        !facts.runs.some(({ spec, spawned }) => spec.name === name && spawned.atMs <= dueMs),
    )
    return missing === undefined ? null : `${missing} was not started`
  },
}

function hasNoDependency({ specs }: Facts, name: string): boolean {
  const after = specs.find((spec) => spec.name === name)?.after ?? []
  return !after.some(({ daemon }) => specs.some((spec) => spec.name === daemon))
}

export const exitReportedOnce: Promised = {
  sentence: 'An unexpected death is reported once, and so is each requested stop',
  broken: (facts) => first(facts.runs, (run) => wronglyReported(facts, run)),
}

function wronglyReported(facts: Facts, run: RunFacts): string | null {
  const { exit, gone } = run
  const until = facts.finish?.index ?? Number.POSITIVE_INFINITY
  const count = (isMeant: (what: Claim['what']) => boolean): number =>
    run.claims.filter(({ what }) => isMeant(what)).length
  const isLate = exit?.failure !== undefined
  const died = count(
    (what) => what === 'died' || what === 'done' || (what === 'start-failed' && isLate),
  )
  const stopped = count((what) => what === 'stopped')
  const unhealthy = count(isFaultClaim)
  if (died + stopped > 1 || died + unhealthy > 1)
    return `${nameOf(run)} is reported ${died} times as died, ${stopped} as stopped, ${unhealthy} as unhealthy`
  if (facts.isBroken || exit === null || exit.index > until) return null
  const order = stopOrder(run)
  // Events in the queue may have ended everything before the exit was handled.
  const since = facts.isBehind ? nextCall(facts, exit.index) : exit.index
  const isStopOrdered = order !== null && (order.index < since || wasStopDecided(facts, run))
  if (!isStopOrdered && died === 0) return `the death of ${nameOf(run)} is not reported`
  if (isStopOrdered && gone !== null && gone.index < until && stopped === 0) {
    return `the stop of ${nameOf(run)} is not reported`
  }
  return null
}

export const startReported: Promised = {
  sentence: 'Each start is reported at once with its pid, and each failed one with the reason',
  broken: (facts) =>
    first(facts.runs, (run) => {
      if (facts.isBroken) return null
      const started = `${run.spec.name}: started, pid ${run.pid}, run ${run.run}`
      const failed = `${run.spec.name}: cannot start (run ${run.run}): `
      const expected = run.failure === null ? started : failed
      // A start that fails late is reported at its end.
      const failedLate = run.exit?.failure !== undefined
      const reported = run.claims.filter(
        ({ text }) => text === started || (text.startsWith(failed) && !failedLate),
      )
      const [line] = reported
      if (line === undefined || reported.length > 1)
        return `"${expected}" is reported ${reported.length} times`
      const isLate = line.atMs > run.spawned.atMs + facts.lostMs + facts.lateMs
      return isLate ? `"${expected}" is reported at ${line.atMs}, too late` : null
    }),
}
