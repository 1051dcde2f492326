/** Promises about the end of pitcrew itself. */
import type { SpawnFailure } from '../../../src/core/event.ts'
import type { DaemonSpec } from '../../../src/core/plan/plan.ts'
import { signalNumbers } from '../../../src/core/signals.ts'
import { isGoodEnd, readySince } from '../judge/daemon-state.ts'
import { aliveAt, type Facts, type RunFacts, type When } from '../judge/facts.ts'
import { lastRun } from '../judge/timeline.ts'
import { describeMoment, type Moment } from '../judge/trace.ts'
import { isFaultClaim, wasStopDecided } from './orders.ts'
import { first, type Promised } from './promise.ts'

const watchdogAfterMs = 1000

export const termEnds: Promised = {
  sentence: 'TERM ends pitcrew, whatever happens',
  broken: ({ exitCode }) => (exitCode === null ? 'it is still running' : null),
}

export const inDeadline: Promised = {
  sentence: 'A shutdown ends within the deadline',
  broken: (facts) => {
    const { shutdown, shutdownRequested, plan, isBroken } = facts
    const since = isBroken ? (shutdownRequested ?? shutdown) : shutdown
    const endMs = facts.end?.atMs
    if (since === null || endMs === undefined || facts.boot === null) return null
    const slackMs = facts.lostMs + 2 * facts.lateMs + 0.001
    const latestMs = since.atMs + plan.deadlineMs + slackMs + (isBroken ? watchdogAfterMs : 0)
    if (endMs > latestMs) return `the end is at ${endMs}, ${endMs - latestMs} ms too late`
    return facts.watchdogFired && !facts.isHelpless && facts.lostMs < watchdogAfterMs
      ? 'the shutdown watchdog was needed'
      : null
  },
}

export const watchdogArmed: Promised = {
  sentence: 'Every shutdown, whatever requested it, has armed the shutdown watchdog',
  broken: ({ trace }) => {
    let isRunning = false
    return first(trace, (moment) => {
      if (moment.what === 'last-word-starts') isRunning = true
      const isBegun = moment.what === 'announce' && moment.text === 'STOPPING=1'
      return isBegun && !isRunning ? `the watchdog is not armed when STOPPING=1 is sent` : null
    })
  },
}

export const deadlineKept: Promised = {
  sentence: 'If KILL works at once, all processes have ended before the deadline',
  broken: (facts) => {
    const missed = facts.lines.find(({ text }) => text.startsWith('deadline reached'))
    if (missed === undefined || facts.isBroken || facts.lostMs > 0) return null
    const { deadlineMs } = facts.plan
    const waves = Math.max(0, ...facts.waves.values()) + 1
    // The time that each wave reserves for the end after KILL.
    const reapMs = Math.min(250, (deadlineMs * 0.9) / (8 * waves))
    const habits = Object.values(facts.schedule.lives).flatMap((lives) =>
      lives.flatMap(({ leader, others }) => [leader, ...others]),
    )
    const slowestMs = Math.max(...habits.map(({ killMs, lagMs }) => 2 * (killMs + lagMs)))
    return slowestMs + 2 * facts.lateMs < reapMs ? missed.text : null
  },
}

export const doneIsDone: Promised = {
  sentence:
    'After pitcrew has ordered its own end, it neither acts on a daemon nor logs about one, except for answers to requests',
  broken: ({ finish, trace, boot, isBroken }) => {
    if (finish === null || boot === null || isBroken) return null
    let finishes = 0
    return first(trace.slice(finish.index + 1), (moment) => {
      if (moment.what === 'finish' && ++finishes === 1) return null
      // The output and the remaining processes of an onDeath command are still handled.
      if ('daemon' in moment && moment.daemon.includes(':')) return null
      const isAction = ['signal', 'spawn', 'finish', 'report'].includes(moment.what)
      const isLogged = moment.what === 'say' && !isOfNoDaemon.test(moment.line)
      return isAction || isLogged ? describeMoment(moment).trim() : null
    })
  },
}

const isOfNoDaemon =
  / ignored: | stdout resumed | the kernel killed | cannot write the journal: | was paused for |^\S+ \S+:death: | (start|stop|restart|shutdown) \(/

export const endsWhenOver: Promised = {
  sentence: 'When pitcrew ends without a request, no process of a daemon is left',
  broken: (facts) => {
    const { finish, shutdownRequested, boot, isBroken } = facts
    if (finish === null || boot === null || facts.isHelpless) return null
    // The line about the shutdown may be lost to a fault.
    if (facts.shutdown !== null || facts.trace.some(isStopping)) return null
    // A fault before any daemon was started.
    if (isBroken && finish.code === 70) return null
    if (shutdownRequested !== null && shutdownRequested.index < finish.index) return null
    const left = facts.specs.find(({ name }) => {
      const last = lastRun(facts, name)
      return last !== undefined && aliveAt(facts, last, finish.index) > 0
    })
    return left === undefined ? null : `pitcrew ends, and ${left.name} is still running`
  },
}

function isStopping(moment: Moment): boolean {
  return moment.what === 'announce' && moment.text === 'STOPPING=1'
}

/** Its last start was skipped. */
function wasSkipped(facts: Facts, name: string): boolean {
  const last = facts.claims.findLast(({ daemon, what }) => daemon === name && what === 'skipped')
  const run = lastRun(facts, name)
  return last !== undefined && (run === undefined || run.spawned.index < last.index)
}

export const exitCode: Promised = {
  sentence:
    'The exit code is the largest failure of the last runs, never zero when a failure ended the bundle, and that of the main daemon if there is one',
  broken: (facts) => {
    const { finish, boot } = facts
    if (finish === null || boot === null || facts.isBroken) return null
    // For a daemon that was skipped after a failed run, either may count.
    const expected = [expectedCode(facts, true), expectedCode(facts, false)]
    return expected.includes(finish.code)
      ? null
      : `the exit code is ${finish.code}, not ${expected[0]}`
  },
}

function expectedCode(facts: Facts, skipsCount: boolean): number {
  const { specs } = facts
  const codes = specs.map((spec) => codeOf(facts, spec, skipsCount))
  const main = specs.findIndex((spec) => spec.main)
  const mainCode = codes[main] ?? null
  return mainCode ?? Math.max(0, ...codes.map((code) => code ?? 0))
}

/** The code of a daemon's last run; null if its end is not known. */
function codeOf(facts: Facts, spec: DaemonSpec, skipsCount: boolean): number | null {
  const run = lastRun(facts, spec.name)
  const isSkipped = wasSkipped(facts, spec.name)
  if (isSkipped && (skipsCount || run === undefined)) {
    return spec.main || spec.critical ? 126 : 0
  }
  if (run === undefined) return null
  const code = codeOfRun(facts, run)
  return code === 0 && !isSkipped && hasEndedBundle(facts, run) ? failureCode(run) : code
}

/** The failure of this run is the reason for the end. */
function hasEndedBundle({ shutdown, lines, finish }: Facts, run: RunFacts): boolean {
  const { spec, exit, claims } = run
  if (exit === null || (finish !== null && exit.index > finish.index)) return false
  const isGivenUp = claims.some(({ next }) => next === 'given up')
  if (!isGivenUp && !isEarly(run) && isGoodEnd(run)) return false
  if (shutdown === null) return !spec.optional && (isGivenUp || spec.kind === 'job')
  const reason = lines.find(({ index }) => index === shutdown.index)?.text ?? ''
  return reason.startsWith(`${spec.name} is `)
}

function failureCode({ exit, claims }: RunFacts): number {
  const isFault = claims.some(({ what }) => isFaultClaim(what))
  const { code = 0, signal = 0 } = exit ?? {}
  return signal > 0 && !isFault ? 128 + signal : Math.max(1, code)
}

/** It ended by itself before it was ready. */
function isEarly(run: RunFacts): boolean {
  const { spec, exit, stopOrdered, claims } = run
  if (exit === null || (stopOrdered !== null && stopOrdered.index < exit.index)) return false
  const ready = readySince(run)
  // Without `ready:` a daemon is ready when it is spawned, whatever waits in the queue; after a slow
  // start, when its program is executed.
  const isInTime =
    spec.ready !== null || !run.isSlow || (ready !== null && ready.index < exit.index)
  const wasReady = ready !== null && isInTime
  return spec.kind === 'daemon' && !wasReady && claims.some(({ what }) => what === 'died')
}

function codeOfFailure({ step, errno }: SpawnFailure): number {
  return step === 'exec' && errno === 'ENOENT' ? 127 : 126
}

function codeOfRun(facts: Facts, run: RunFacts): number | null {
  const { exit, spec, claims } = run
  const { finish } = facts
  if (run.failure !== null) return codeOfFailure(run.failure)
  if (exit === null || (finish !== null && exit.index > finish.index)) return null
  if (exit.failure !== undefined) return codeOfFailure(exit.failure)
  const sent = sentBefore(facts, run, exit)
  const least = claims.some(({ what }) => isFaultClaim(what)) ? 1 : 0
  if (exit.signal > 0) {
    const signalCounts = spec.main || spec.critical
    const isOwn = !sent.includes(exit.signal) || isEarly(run)
    return Math.max(least, signalCounts && isOwn ? 128 + exit.signal : 0)
  }
  if (isEarly(run)) return Math.max(1, exit.code)
  const isFine = spec.stop.success.includes(exit.code) || sent.includes(exit.code - 128)
  return Math.max(least, isFine ? 0 : exit.code)
}

/** The signals that the run was sent, or was decided to be sent, before its exit. */
function sentBefore(facts: Facts, run: RunFacts, exit: When): number[] {
  const { stop } = run.spec
  const sent = run.signals.filter(({ index }) => index < exit.index).map(({ signal }) => signal)
  const isDecided = stop.command === null && wasStopDecided(facts, run)
  return isDecided ? [...sent, signalNumbers[stop.signal]] : sent
}
