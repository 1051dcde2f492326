/** Promises about signals to pitcrew, and about those that it sends. */
import { type Signal, signalName, signalNumbers } from '../../../src/core/signals.ts'
import type { Facts, RunFacts, Sent, When } from '../judge/facts.ts'
import { callBefore, lastRun } from '../judge/timeline.ts'
import type { Call, Moment } from '../judge/trace.ts'
import { isFaultClaim, stopOrder } from './orders.ts'
import { first, nameOf, type Promised } from './promise.ts'

export const unmapped: Promised = {
  sentence: 'A signal that the bundle does not map does nothing',
  broken: (facts) =>
    first(facts.calls, (call) => {
      const name = signalOf(call)
      if (name === null || name in facts.plan.signals || isBehind(facts, call) || facts.isBroken)
        return null
      const deed = deedsOf(facts, call).find(
        ({ what }) => what === 'spawn' || what === 'signal' || what === 'finish',
      )
      return deed === undefined ? null : `${name} is followed by ${deed.what}`
    }),
}

export const forwarded: Promised = {
  sentence:
    'A signal is forwarded once, and alone, to each daemon that the bundle names and that is running, and to no other',
  broken: (facts) =>
    first(facts.calls, (call) => {
      const name = signalOf(call)
      const isOurs = name !== null && facts.boot !== null && facts.boot.index < call.index
      if (!isOurs || isBehind(facts, call) || facts.isBroken) return null
      return first(facts.specs, (spec) => {
        const isNamed = facts.plan.signals[name]?.forward.includes(spec.name) ?? false
        const run = lastRun(facts, spec.name, call.index)
        const expected = isNamed && run !== undefined && isRunning(facts, run, call) ? 1 : 0
        const deeds = deedsOf(facts, call).filter(
          (deed) =>
            deed.what === 'signal' &&
            deed.daemon === spec.name &&
            deed.signal === signalNumbers[name],
        )
        if (deeds.length !== expected)
          return `${name} is sent ${deeds.length} times to ${spec.name}, not ${expected}`
        const isAlone = deeds.every((deed) => deed.what === 'signal' && !deed.isStop)
        return isAlone ? null : `${name} is sent to ${spec.name} with CONT`
      })
    }),
}

export const siblings: Promised = {
  sentence: 'Nobody is signalled without a reason: not for the sake of a sibling',
  broken: (facts) =>
    first(facts.runs, (run) => {
      const odd = run.signals.find((sent) => !sent.inRecovery && !hasReason(facts, run, sent))
      return odd === undefined
        ? null
        : `${nameOf(run)} is sent ${signalName(odd.signal)} for no reason`
    }),
}

function hasReason(facts: Facts, run: RunFacts, sent: Sent): boolean {
  const { shutdown, asked, requests } = facts
  if (shutdown !== null && shutdown.index < sent.index) return true
  // The line that tells of the shutdown may be what is lost.
  if (facts.isBroken && (shutdown === null || (asked !== null && asked.index < sent.index)))
    return true
  if (run.exit !== null && run.exit.index < sent.index) return true
  if (run.asked !== null && run.asked.index < sent.index) return true
  // After a failure pitcrew looks by itself, and may know of the end before it is told.
  const { trace, isBroken } = facts
  if (isBroken && trace.some((one, at) => at < sent.index && isLeaderEnd(one, run))) return true
  const { name } = run.spec
  const call = callBefore(facts, sent.index)
  if (call === undefined || call.failed) return true
  const since = workSince(facts, run.spawned)
  const isAsked = requests.some(
    ({ daemon, index }) => daemon === name && index >= since && index < sent.index,
  )
  // Whether it is right to hold it, or to call it unfit, is for other promises.
  const isTold = run.claims.some(
    ({ what, index }) =>
      (what === 'held' || isFaultClaim(what)) &&
      (index > call.index || facts.isBroken || facts.isBehind) &&
      index < sent.index,
  )
  if (isTold) return true
  const isForwardOf = (one: Call): boolean => {
    const signal = signalOf(one)
    const isSame = signal !== null && signalNumbers[signal] === sent.signal
    return isSame && (facts.plan.signals[signal]?.forward.includes(name) ?? false)
  }
  const { calls, isBehind } = facts
  const isForward =
    isForwardOf(call) ||
    (isBehind && calls.some((one) => one.index < sent.index && isForwardOf(one)))
  // After a recovery nobody remembers what was asked before.
  const isVague = stopOrder(run) !== null || run.spec.after.length > 0
  return isAsked || isForward || (facts.isBroken && isVague) || mayBeUnfit(facts, run, sent)
}

/** The index of the first call whose work may follow the spawn: a request that arrives while a
 *  batch of spawns takes several calls is stepped after them. */
function workSince(facts: Facts, spawned: When): number {
  let call = callBefore(facts, spawned.index)
  while (call !== undefined && isBehind(facts, call)) call = callBefore(facts, call.index)
  return call?.index ?? 0
}

/** A call that was cut off may have called it unfit, and the line about it is lost. */
function mayBeUnfit({ calls }: Facts, { spec, spawned }: RunFacts, { index }: Sent): boolean {
  if (spec.ready === null && spec.alive === null && spec.watchdogMs === null) return false
  return calls.some((one) => one.failed && one.index > spawned.index && one.index < index)
}

function isLeaderEnd(moment: Moment, { spec, run }: RunFacts): boolean {
  const isOf = moment.what === 'ended' && moment.daemon === spec.name && moment.run === run
  return isOf && moment.place === 'leader'
}

function isRunning({ shutdown }: Facts, run: RunFacts, { index }: When): boolean {
  const order = stopOrder(run)
  const isAsked = order !== null && order.index < index
  const isOver = run.failure !== null || (run.exit !== null && run.exit.index < index)
  return !isAsked && !isOver && (shutdown === null || shutdown.index > index)
}

/** The name of the signal, where it is not one that shuts down. */
function signalOf({ event, failed }: Call): Signal | null {
  if (event.type !== 'signal' || event.hangup || failed) return null
  const name = signalName(event.signal) as Signal
  return name === 'TERM' || name === 'INT' ? null : name
}

/** pitcrew had more to do when the call came: what follows may not be of it. */
function isBehind(facts: Facts, call: When): boolean {
  const before = callBefore(facts, call.index)
  return before !== undefined && before.wakeAtMs <= before.doneAtMs
}

function deedsOf({ trace }: Facts, { index }: When): Moment[] {
  let end = index + 1
  while (end < trace.length && trace[end]?.what !== 'call') end++
  return trace.slice(index + 1, end)
}
