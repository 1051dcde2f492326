/** Promises about the end of pitcrew itself. */
import { aliveAt, type Facts, type RunFacts } from '../facts.ts'
import { describeMoment } from '../trace.ts'
import { stopOrder } from './orders.ts'
import { first, nameOf, nextCall, type Promised } from './promise.ts'

const lastWordAfterMs = 1000

export const termEnds: Promised = {
  sentence: 'TERM ends it, whatever happens',
  broken: ({ exitCode }) => (exitCode === null ? 'it is still there' : null),
}

export const inDeadline: Promised = {
  sentence: 'A shutdown is over within the one deadline',
  broken: (facts) => {
    const { shutdown, asked, plan, isBroken, trace } = facts
    const since = isBroken ? (asked ?? shutdown) : shutdown
    const endMs = trace.findLast(({ what }) => what === 'end')?.atMs
    if (since === null || endMs === undefined || facts.boot === null) return null
    const slackMs = facts.lostMs + 2 * facts.schedule.lateMs + 0.001
    const latestMs = since.atMs + plan.deadlineMs + slackMs + (isBroken ? lastWordAfterMs : 0)
    if (endMs > latestMs) return `it ends at ${endMs}, ${endMs - latestMs} ms too late`
    const isForced = trace.some(({ what }) => what === 'last-word')
    return isForced && !facts.isHelpless && facts.lostMs < lastWordAfterMs
      ? 'the host must have the last word'
      : null
  },
}

export const deadlineKept: Promised = {
  sentence: 'Where KILL works at once, all are gone before the deadline',
  broken: (facts) => {
    const missed = facts.lines.find(({ text }) => text.startsWith('the deadline has come'))
    if (missed === undefined || facts.isBroken || facts.lostMs > 0) return null
    const { deadlineMs } = facts.plan
    const waves = Math.max(0, ...facts.waves.values()) + 1
    // What each wave has for it.
    const reapMs = Math.min(250, (deadlineMs * 0.9) / (8 * waves))
    const habits = Object.values(facts.schedule.lives).flatMap((lives) =>
      lives.flatMap(({ leader, others }) => [leader, ...others]),
    )
    const slowestMs = Math.max(...habits.map(({ killMs, lagMs }) => 2 * (killMs + lagMs)))
    return slowestMs + 2 * facts.schedule.lateMs < reapMs ? missed.text : null
  },
}

export const doneIsDone: Promised = {
  sentence: 'When it has ordered its own end, it does and says nothing more of any daemon',
  broken: ({ finish, trace, boot, isBroken }) => {
    if (finish === null || boot === null || isBroken) return null
    return first(trace.slice(finish.index + 1), (moment) => {
      const isDeed = ['signal', 'spawn', 'finish', 'report'].includes(moment.what)
      const isNews = moment.what === 'say' && !moment.line.includes(' ignored: ')
      return isDeed || isNews ? describeMoment(moment).trim() : null
    })
  },
}

export const endsForReason: Promised = {
  sentence:
    'It ends only when it is told to, when a main daemon ends, a critical one is given up, or all are over',
  broken: (facts) => {
    const { finish, asked, boot, runs, isBroken } = facts
    // What is lost may be the end of one that is everything's end.
    const isVague = isBroken && facts.specs.some(({ main, critical }) => main || critical)
    if (finish === null || boot === null || isVague || facts.isHelpless) return null
    // A bug before there is anything to end.
    if (isBroken && finish.code === 70) return null
    if (asked !== null && asked.index < finish.index) return null
    if (runs.some((run) => endsAll(run) && (endedAt(run)?.index ?? 0) < finish.index)) return null
    const left = facts.specs.find(({ name }) => {
      // What was told in a call that broke is known all the same.
      const last = facts.runs.findLast(({ spec }) => spec.name === name)
      if (isBroken) return last !== undefined && aliveAt(facts, last, finish.index) > 0
      return !isDaemonOver(facts, name, finish.index)
    })
    return left === undefined ? null : `it ends, and ${left.name} is not over`
  },
}

export const endsWithMain: Promised = {
  sentence: 'When a main daemon ends, or a critical one by itself, everything is shut down at once',
  broken: (facts) => {
    if (facts.isBroken) return null
    return first(facts.runs.filter(endsAll), (run) => {
      const ended = endedAt(run)
      const begun = Math.min(
        facts.shutdown?.atMs ?? Number.POSITIVE_INFINITY,
        facts.finish?.atMs ?? Number.POSITIVE_INFINITY,
      )
      return ended === null || begun <= ended.atMs + facts.lostMs
        ? null
        : `${nameOf(run)} ended, and nothing follows`
    })
  },
}

export const endsWithAll: Promised = {
  sentence: 'When every daemon is over for good, it ends',
  broken: (facts) => {
    if (facts.isHelpless || facts.boot === null) return null
    const { finish, boot, isBroken } = facts
    return first(facts.calls, ({ index, atMs, doneAtMs, wakeAtMs, failed, event }) => {
      // The order to end may be lost once more, and is then given a little later.
      const mended = isBroken && finish !== null && finish.atMs <= doneAtMs + 500
      if (failed || mended || (isBroken && event.type !== 'recover')) return null
      const isOver = finish !== null && finish.atMs <= doneAtMs
      if (index < boot.index || isOver || wakeAtMs <= doneAtMs) return null
      return facts.specs.some(({ name }) => !isDaemonOver(facts, name, nextCall(facts, index)))
        ? null
        : `all are over at ${atMs}`
    })
  },
}

/** Its unasked end is the end of everything. */
function endsAll(run: RunFacts): boolean {
  const order = stopOrder(run)
  const wasAsked = order !== null && (run.exit === null || order.index < run.exit.index)
  return (run.spec.main || run.spec.critical) && !wasAsked
}

function endedAt(run: RunFacts): RunFacts['exit'] | RunFacts['spawned'] {
  return run.failure !== null ? run.spawned : run.exit
}

function isDaemonOver({ runs }: Facts, name: string, index: number): boolean {
  const last = runs.findLast(({ spec, spawned }) => spec.name === name && spawned.index < index)
  if (last === undefined) return false
  return last.failure !== null || (last.gone !== null && last.gone.index < index)
}

export const exitCode: Promised = {
  sentence: "The exit code is the largest failure of the last runs, and the main daemon's own wins",
  broken: (facts) => {
    const { finish, specs, boot } = facts
    if (finish === null || boot === null || facts.isBroken) return null
    const codes = specs.map(({ name }) => codeOf(facts, name))
    const main = specs.findIndex((spec) => spec.main)
    const expected =
      main >= 0 && codes[main] !== null
        ? codes[main]
        : Math.max(0, ...codes.map((code) => code ?? 0))
    return finish.code === expected ? null : `it ends with ${finish.code}, not with ${expected}`
  },
}

/** What the last run of a daemon counts as; null when nothing is known of its end. */
function codeOf({ runs, finish }: Facts, name: string): number | null {
  const run = runs.findLast(({ spec }) => spec.name === name)
  if (run === undefined) return null
  if (run.failure !== null)
    return run.failure.step === 'exec' && run.failure.errno === 'ENOENT' ? 127 : 126
  const { exit, spec, signals } = run
  if (exit === null || (finish !== null && exit.index > finish.index)) return null
  const sent = signals.filter(({ index }) => index < exit.index).map(({ signal }) => signal)
  if (exit.signal > 0) {
    const answersFor = spec.main || spec.critical
    return answersFor && !sent.includes(exit.signal) ? 128 + exit.signal : 0
  }
  return spec.stop.success.includes(exit.code) || sent.includes(exit.code - 128) ? 0 : exit.code
}
