/** Promises about the end of pitcrew itself. */
import type { SpawnFailure } from '../../../src/core/event.ts'
import type { DaemonSpec } from '../../../src/core/plan/plan.ts'
import { aliveAt, type Facts, type RunFacts } from '../judge/facts.ts'
import { isGoodEnd, readySince } from '../judge/standing.ts'
import { lastRun } from '../judge/timeline.ts'
import { describeMoment, type Moment } from '../judge/trace.ts'
import { isFaultClaim } from './orders.ts'
import { first, type Promised } from './promise.ts'

const lastWordAfterMs = 1000

export const termEnds: Promised = {
  sentence: 'TERM ends it, whatever happens',
  broken: ({ exitCode }) => (exitCode === null ? 'it is still there' : null),
}

export const inDeadline: Promised = {
  sentence: 'A shutdown is over within the one deadline',
  broken: (facts) => {
    const { shutdown, asked, plan, isBroken } = facts
    const since = isBroken ? (asked ?? shutdown) : shutdown
    const endMs = facts.end?.atMs
    if (since === null || endMs === undefined || facts.boot === null) return null
    const slackMs = facts.lostMs + 2 * facts.lateMs + 0.001
    const latestMs = since.atMs + plan.deadlineMs + slackMs + (isBroken ? lastWordAfterMs : 0)
    if (endMs > latestMs) return `it ends at ${endMs}, ${endMs - latestMs} ms too late`
    return facts.hadLastWord && !facts.isHelpless && facts.lostMs < lastWordAfterMs
      ? 'the host must have the last word'
      : null
  },
}

export const lastWordRuns: Promised = {
  sentence: 'In every shutdown, whatever asked for it, the host has its last word ready',
  broken: ({ trace }) => {
    let isRunning = false
    return first(trace, (moment) => {
      if (moment.what === 'last-word-starts') isRunning = true
      const isBegun = moment.what === 'announce' && moment.text === 'STOPPING=1'
      return isBegun && !isRunning ? `it does not run when STOPPING=1 is announced` : null
    })
  },
}

export const deadlineKept: Promised = {
  sentence: 'Where KILL works at once, all are gone before the deadline',
  broken: (facts) => {
    const missed = facts.lines.find(({ text }) => text.startsWith('deadline reached'))
    if (missed === undefined || facts.isBroken || facts.lostMs > 0) return null
    const { deadlineMs } = facts.plan
    const waves = Math.max(0, ...facts.waves.values()) + 1
    // What each wave has for it.
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
    'When it has ordered its own end, it does and says nothing more of any daemon, but to who asks',
  broken: ({ finish, trace, boot, isBroken }) => {
    if (finish === null || boot === null || isBroken) return null
    let finishes = 0
    return first(trace.slice(finish.index + 1), (moment) => {
      if (moment.what === 'finish' && ++finishes === 1) return null
      // What a command says of a death, and leaves behind, is seen to all the same.
      if ('daemon' in moment && moment.daemon.includes(':')) return null
      const isDeed = ['signal', 'spawn', 'finish', 'report'].includes(moment.what)
      const isNews = moment.what === 'say' && !isOfNoDaemon.test(moment.line)
      return isDeed || isNews ? describeMoment(moment).trim() : null
    })
  },
}

const isOfNoDaemon =
  / ignored: | stdout resumed | the kernel killed | cannot write the journal: | was paused for |^\S+ \S+:death: | (start|stop|restart|shutdown) \(/

/** Where pitcrew was broken on purpose, it knows by itself what is over. */
export const endsWhenOver: Promised = {
  sentence: 'When it ends without having been told to, nothing of a daemon is left',
  broken: (facts) => {
    const { finish, asked, boot, isBroken } = facts
    if (finish === null || boot === null || facts.isHelpless) return null
    // That it shuts down may be what it did not get to say.
    if (facts.shutdown !== null || facts.trace.some(isStopping)) return null
    // A bug before there is anything to end.
    if (isBroken && finish.code === 70) return null
    if (asked !== null && asked.index < finish.index) return null
    const left = facts.specs.find(({ name }) => {
      const last = lastRun(facts, name)
      return last !== undefined && aliveAt(facts, last, finish.index) > 0
    })
    return left === undefined ? null : `it ends, and ${left.name} is not over`
  },
}

function isStopping(moment: Moment): boolean {
  return moment.what === 'announce' && moment.text === 'STOPPING=1'
}

/** In the end it was not started. */
function wasSkipped(facts: Facts, name: string): boolean {
  const last = facts.claims.findLast(({ daemon, what }) => daemon === name && what === 'skipped')
  const run = lastRun(facts, name)
  return last !== undefined && (run === undefined || run.spawned.index < last.index)
}

export const exitCode: Promised = {
  sentence:
    "The exit code is the largest failure of the last runs, never zero when a failure ended the bundle, and the main daemon's own wins",
  broken: (facts) => {
    const { finish, boot } = facts
    if (finish === null || boot === null || facts.isBroken) return null
    // Of one that was skipped after a run that failed, either may count.
    const expected = [expectedCode(facts, true), expectedCode(facts, false)]
    return expected.includes(finish.code)
      ? null
      : `it ends with ${finish.code}, not with ${expected[0]}`
  },
}

function expectedCode(facts: Facts, skipsCount: boolean): number {
  const { specs } = facts
  const codes = specs.map((spec) => codeOf(facts, spec, skipsCount))
  const main = specs.findIndex((spec) => spec.main)
  const mainCode = codes[main] ?? null
  return mainCode ?? Math.max(0, ...codes.map((code) => code ?? 0))
}

/** What a daemon counts as in the end; null when nothing is known of its end. */
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

/** Its failure is why everything ended. */
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

/** It ended by itself, and was not ready yet. */
function isEarly(run: RunFacts): boolean {
  const { spec, exit, asked, claims } = run
  if (exit === null || (asked !== null && asked.index < exit.index)) return false
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

function codeOfRun({ finish }: Facts, run: RunFacts): number | null {
  const { exit, spec, signals, claims } = run
  if (run.failure !== null) return codeOfFailure(run.failure)
  if (exit === null || (finish !== null && exit.index > finish.index)) return null
  if (exit.failure !== undefined) return codeOfFailure(exit.failure)
  const sent = signals.filter(({ index }) => index < exit.index).map(({ signal }) => signal)
  const least = claims.some(({ what }) => isFaultClaim(what)) ? 1 : 0
  if (exit.signal > 0) {
    const answersFor = spec.main || spec.critical
    const isOwn = !sent.includes(exit.signal) || isEarly(run)
    return Math.max(least, answersFor && isOwn ? 128 + exit.signal : 0)
  }
  if (isEarly(run)) return Math.max(1, exit.code)
  const isFine = spec.stop.success.includes(exit.code) || sent.includes(exit.code - 128)
  return Math.max(least, isFine ? 0 : exit.code)
}
