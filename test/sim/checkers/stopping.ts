/** Promises about the stop of a run. */
import { signalNumbers } from '../../../src/core/signals.ts'
import type { Claim } from '../judge/claims.ts'
import { aliveAt, type Facts, type RunFacts, type When } from '../judge/facts.ts'
import { selfReportsOf } from '../judge/observations.ts'
import { kills, restOrders, stopOrder } from './orders.ts'
import { first, nameOf, type Promised } from './promise.ts'
import { shareEndMs } from './shares.ts'

export const killOnce: Promised = {
  sentence: 'KILL is sent to a run once, and to its whole tree',
  broken: ({ runs, isBroken }) =>
    first(runs, (run) => {
      const ordered = kills(run)
      if (ordered.some(({ to }) => to !== 'tree')) return `${nameOf(run)}: KILL only to the leader`
      // After a failure an order may be repeated, since it may be lost.
      const isRepeated = ordered.length > 1 && !isBroken
      return isRepeated ? `${nameOf(run)} is sent KILL ${ordered.length} times` : null
    }),
}

export const killNotEarly: Promised = {
  sentence: 'KILL is never sent before the end of the grace',
  broken: (facts) => first(facts.runs, (run) => killedEarly(facts, run)),
}

function killedEarly(facts: Facts, run: RunFacts): string | null {
  const kill = kills(run)[0]
  if (kill === undefined || facts.isHelpless || facts.isSignalLost) return null
  const order = stopOrder(run)
  // The stop signal may be lost to a fault.
  if (facts.isBroken && !isBefore(order, kill) && !isBefore(run.exit, kill)) return null
  // Processes that a dead daemon left behind have a second, unless the bundle sets a grace.
  const isStopOrdered = order !== null && (run.exit === null || order.index < run.exit.index)
  const sinceMs = isStopOrdered ? order.atMs : (run.exit?.atMs ?? kill.atMs)
  const ownGraceMs = run.spec.stop.graceMs ?? (isStopOrdered ? Number.POSITIVE_INFINITY : 1000)
  const graceMs = isStopOrdered ? Math.min(ownGraceMs, facts.plan.deadlineMs * 0.8) : ownGraceMs
  const shutdown = facts.shutdown ?? lostShutdown(facts)
  const mayEndAll = facts.specs.some(
    ({ main, critical, restart }) => main || critical || restart.then === 'shutdown',
  )
  if (facts.isBroken && facts.shutdown === null && mayEndAll) return null
  const sharesEndMs =
    shutdown === null
      ? Number.POSITIVE_INFINITY
      : shutdown.atMs + Math.min(ownGraceMs, shareEndMs(facts, run.spec.name))
  // The deadline limits a restart, too, also for a run that is already stopping.
  const hurried = facts.requests
    .filter(({ daemon, atMs }) => daemon === run.spec.name && atMs >= sinceMs)
    .map(({ atMs }) => atMs + Math.min(ownGraceMs, facts.plan.deadlineMs * 0.8))
  const earliestMs = Math.min(sinceMs + graceMs, sharesEndMs, ...hurried)
  // An event that arrived during a spawn has the time of its arrival.
  return kill.atMs < earliestMs - facts.spawnMs - 0.001
    ? `${nameOf(run)} is killed at ${kill.atMs}, its grace ends at ${earliestMs}`
    : null
}

/** A shutdown without a line about it, which may be lost to a fault. A request that failed may have
 *  been accepted. */
function lostShutdown({ shutdownRequested, controlRequests }: Facts): When | null {
  const failed = controlRequests.find(({ verb, isLost }) => verb === 'shutdown' && isLost)
  return shutdownRequested ?? failed ?? null
}

function isBefore(when: When | null, { index }: When): boolean {
  return when !== null && when.index < index
}

export const killInTime: Promised = {
  sentence: 'A run that is stopping is killed at the end of its grace',
  broken: (facts) => first(facts.runs, (run) => spared(facts, run)),
}

function spared(facts: Facts, run: RunFacts): string | null {
  if (facts.isHelpless || facts.finish === null) return null
  const since = stopOrder(run) ?? run.exit
  if (since === null) return null
  const isAsked = stopOrder(run) !== null
  const graceMs = run.spec.stop.graceMs ?? (isAsked ? facts.plan.deadlineMs : 1000)
  const { deadlineMs } = facts.plan
  const capMs = isAsked ? Math.min(graceMs, deadlineMs) : graceMs
  const extendedMs = Math.max(0, ...extensions(facts, run, since).map(({ untilMs }) => untilMs))
  const dueMs = Math.max(since.atMs + capMs, Math.min(extendedMs, since.atMs + deadlineMs))
  // A recovery checks soon for lost orders, and again later.
  const mendMs = facts.isBroken ? 500 : 0
  const latestMs = dueMs + mendMs + facts.lostMs + 2 * facts.lateMs + 1
  const endMs = Math.min(
    kills(run)[0]?.atMs ?? Number.POSITIVE_INFINITY,
    run.gone?.atMs ?? Number.POSITIVE_INFINITY,
    facts.finish.atMs,
  )
  return endMs <= latestMs ? null : `${nameOf(run)} should be killed by ${latestMs}, and is not`
}

/** The extensions that a run requested during its stop, with their ends. */
function extensions(
  facts: Facts,
  run: RunFacts,
  since: When,
): readonly (When & { readonly untilMs: number })[] {
  return selfReportsOf(facts, run)
    .filter((said) => said.index > since.index)
    .flatMap(({ text, atMs, index }) => {
      const [name, usec] = text.split('=')
      const untilMs = atMs + Number(usec) / 1000
      return name === 'EXTEND_TIMEOUT_USEC' && untilMs > atMs ? [{ atMs, index, untilMs }] : []
    })
}

export const stopExtended: Promised = {
  sentence: 'A run that requests more time while it stops gets it, within the deadline',
  broken: (facts) => first(facts.runs, (run) => cutShort(facts, run)),
}

function cutShort(facts: Facts, run: RunFacts): string | null {
  const order = stopOrder(run)
  const kill = kills(run)[0]
  const { shutdown, plan, isBroken, lostMs } = facts
  if (order === null || kill === undefined || isBroken || lostMs > 0) return null
  if (shutdown !== null && shutdown.index < kill.index) return null
  const limitMs = order.atMs + plan.deadlineMs * 0.8
  const isHurried = facts.requests.some(
    ({ daemon, index }) => daemon === run.spec.name && index > order.index,
  )
  if (isHurried) return null
  return first(extensions(facts, run, order), ({ index, untilMs }) => {
    if (index > kill.index) return null
    const earliestMs = Math.min(untilMs, limitMs) - facts.spawnMs - 0.001
    return kill.atMs < earliestMs
      ? `${nameOf(run)} is killed at ${kill.atMs}, and had requested time until ${untilMs}`
      : null
  })
}

export const leaderFirst: Promised = {
  sentence:
    'The stop signal is sent once to the leader, and once to the rest of the tree when the leader has exited or half of the grace is over',
  broken: (facts) => first(facts.runs, (run) => outOfTurn(facts, run)),
}

function outOfTurn(facts: Facts, run: RunFacts): string | null {
  if (facts.isBroken) return null
  const order = stopOrder(run)
  const number = signalNumbers[run.spec.stop.signal]
  const toLeader = run.signals.filter(({ signal, to }) => signal === number && to === 'leader')
  if (toLeader.length > 1) return `${nameOf(run)}: the leader is signalled ${toLeader.length} times`
  const toTree = restOrders(run)
  if (toTree.length > 1) return `${nameOf(run)}: the tree is signalled ${toTree.length} times`
  const tree = toTree[0]
  if (tree === undefined) {
    const kill = kills(run)[0]
    const isDeadline = facts.finish !== null && kill !== undefined && kill.atMs >= facts.finish.atMs
    return kill === undefined || isDeadline
      ? null
      : `${nameOf(run)} is killed, and its tree was not signalled`
  }
  if (run.exit !== null && run.exit.index < tree.index) return null
  if (order === null) return `${nameOf(run)}: the tree is signalled before the leader`
  if (hasFailedToStop(facts, run, tree)) return null
  const { graceMs } = run.spec.stop
  const halfMs = Math.min(graceMs ?? Number.POSITIVE_INFINITY, facts.plan.deadlineMs * 0.8) / 2
  const { shutdown } = facts
  // A shutdown may shorten the rest of the grace.
  if (shutdown !== null && tree.atMs >= shutdown.atMs) {
    const waves = facts.specs.length + 1
    const shareMs =
      Math.min(graceMs ?? Number.POSITIVE_INFINITY, (facts.plan.deadlineMs * 0.8) / waves) / 2
    return tree.atMs >= Math.max(order.atMs, Math.min(order.atMs + shareMs, shutdown.atMs)) - 0.001
      ? null
      : `${nameOf(run)}: the tree is signalled at ${tree.atMs}, too early`
  }
  return tree.atMs >= order.atMs + halfMs - 0.001
    ? null
    : `${nameOf(run)}: the tree is signalled at ${tree.atMs}, its leader at ${order.atMs}`
}

export const stopOnce: Promised = {
  sentence: 'No process gets the stop signal of its run twice, also if pitcrew fails in between',
  broken: ({ trace, runsOf }) => {
    const stopped = new Set<string>()
    return first(trace, (moment) => {
      // Pids are reused, also in the same run.
      if (moment.what === 'born')
        stopped.delete(`pid ${moment.pid} of ${moment.daemon} ${moment.run}`)
      if (moment.what !== 'hit' || !moment.isStop) return null
      const { daemon, run, pid, signal } = moment
      const of = runsOf.get(daemon)?.find((one) => one.run === run)
      if (of === undefined || signal !== signalNumbers[of.spec.stop.signal]) return null
      const process = `pid ${pid} of ${daemon} ${run}`
      if (stopped.has(process)) return `${process} gets its stop signal a second time`
      stopped.add(process)
      return null
    })
  },
}

/** Its stop command failed, or could not be executed. */
function hasFailedToStop(
  { helpers, lines }: Facts,
  { spec, stopOrdered }: RunFacts,
  until: When,
): boolean {
  if (spec.stop.command === null || stopOrdered === null) return false
  const isOf = ({ index }: When): boolean => index >= stopOrdered.index && index < until.index
  if (lines.some((line) => isOf(line) && line.text.startsWith(`${spec.name}:stop: not run: `)))
    return true
  return helpers.some(({ name, spawned, exit, pid }) => {
    if (name !== `${spec.name}:stop` || !isOf(spawned)) return false
    return pid === null || (exit !== null && isOf(exit) && (exit.code !== 0 || exit.signal !== 0))
  })
}

export const overIsOver: Promised = {
  sentence: 'A run that is over is never signalled',
  broken: (facts) =>
    first(facts.isHelpless ? [] : facts.runs, (run) => {
      const late = run.signals.find((sent) => {
        return run.gone !== null && sent.index > run.gone.index && !wasDecided(facts, run, sent)
      })
      return late === undefined
        ? null
        : `${nameOf(run)} is sent signal ${late.signal} when it is over`
    }),
}

/** The end was in the queue: the order was decided before it was handled, and reached no
 *  process. */
function wasDecided({ trace }: Facts, { claims }: RunFacts, { index }: When): boolean {
  const order = trace[index]
  const isNothing = order?.what === 'signal' && order.answer === 'gone'
  return isNothing && claims.some((claim) => isEnd(claim) && claim.index > index)
}

function isEnd({ what }: Claim): boolean {
  return what === 'died' || what === 'stopped'
}

export const noForeignProcess: Promised = {
  sentence: 'A foreign process is never signalled, whatever its pid is',
  broken: ({ trace }) =>
    first(trace, (moment) =>
      moment.what === 'hit' && !moment.isOurs
        ? `pid ${moment.pid} is no process of ${moment.daemon} ${moment.run} and gets signal ${moment.signal}`
        : null,
    ),
}

export const stuckNamed: Promised = {
  sentence: 'A process that KILL does not end is reported once',
  broken: (facts) =>
    first(facts.runs, (run) => {
      const named = run.claims.filter(({ what }) => what === 'stuck')
      const kill = kills(run)[0]
      if (facts.isBroken) return null
      if (named.length > 1) return `${nameOf(run)} is reported ${named.length} times`
      const line = named[0]
      if (line !== undefined) {
        const isLate = kill !== undefined && kill.atMs <= line.atMs - 999.999
        if (!isLate) return `${nameOf(run)} is reported too early`
        const start = `${run.spec.name}: KILL did not end pid `
        const pids = facts.lines.find(
          ({ text, index }) => index > line.index && text.startsWith(start),
        )
        const isReported = pids?.atMs === line.atMs || aliveAt(facts, run, line.index) === 0
        return isReported ? null : `the pids of ${nameOf(run)} are not reported`
      }
      if (kill === undefined || facts.finish === null) return null
      const latestMs = kill.atMs + 1000 + facts.lostMs + facts.lateMs + 1
      const isOver =
        Math.min(run.gone?.atMs ?? Number.POSITIVE_INFINITY, facts.finish.atMs) <= latestMs
      return isOver ? null : `${nameOf(run)} outlives KILL and is not reported`
    }),
}
