/** Promises about signals to pitcrew and signals that it sends. */
import { type Signal, signalName, signalNumbers } from '../../../src/core/signals.ts'
import type { Facts, RunFacts, Sent, When } from '../judge/facts.ts'
import { callBefore, lastRun } from '../judge/timeline.ts'
import type { Call, Moment } from '../judge/trace.ts'
import { isFaultClaim, stopOrder } from './orders.ts'
import { first, nameOf, type Promised } from './promise.ts'

export const unmapped: Promised = {
  sentence: 'A signal that the bundle does not map has no effect',
  broken: (facts) =>
    first(facts.calls, (call) => {
      const name = signalOf(call)
      if (name === null || name in facts.plan.signals || isBehind(facts, call) || facts.isBroken)
        return null
      const action = actionsOf(facts, call).find(
        ({ what }) => what === 'spawn' || what === 'signal' || what === 'finish',
      )
      return action === undefined ? null : `${name} is followed by ${action.what}`
    }),
}

export const forwarded: Promised = {
  sentence:
    'A signal is forwarded once, without CONT, to each running daemon that the bundle names, and to no other',
  broken: (facts) =>
    first(facts.calls, (call) => {
      const name = signalOf(call)
      const isOurs = name !== null && facts.boot !== null && facts.boot.index < call.index
      if (!isOurs || isBehind(facts, call) || facts.isBroken) return null
      return first(facts.specs, (spec) => {
        const isNamed = facts.plan.signals[name]?.forward.includes(spec.name) ?? false
        const run = lastRun(facts, spec.name, call.index)
        const expected = isNamed && run !== undefined && isRunning(facts, run, call) ? 1 : 0
        const actions = actionsOf(facts, call).filter(
          (action) =>
            action.what === 'signal' &&
            action.daemon === spec.name &&
            action.signal === signalNumbers[name],
        )
        if (actions.length !== expected)
          return `${name} is sent ${actions.length} times to ${spec.name}, not ${expected}`
        const isAlone = actions.every((action) => action.what === 'signal' && !action.isStop)
        return isAlone ? null : `${name} is sent to ${spec.name} with CONT`
      })
    }),
}

export const siblings: Promised = {
  sentence: 'No daemon is signalled without a reason of its own',
  broken: (facts) =>
    first(facts.runs, (run) => {
      const odd = run.signals.find((sent) => !sent.inRecovery && !hasReason(facts, run, sent))
      return odd === undefined
        ? null
        : `${nameOf(run)} is sent ${signalName(odd.signal)} without a reason`
    }),
}

function hasReason(facts: Facts, run: RunFacts, sent: Sent): boolean {
  const { shutdown, shutdownRequested, requests } = facts
  if (shutdown !== null && shutdown.index < sent.index) return true
  // The line about the shutdown may be lost to a fault.
  if (
    facts.isBroken &&
    (shutdown === null || (shutdownRequested !== null && shutdownRequested.index < sent.index))
  )
    return true
  if (run.exit !== null && run.exit.index < sent.index) return true
  if (run.stopOrdered !== null && run.stopOrdered.index < sent.index) return true
  // After a failure pitcrew reads the live processes, and may notice an end before its event.
  const { trace, isBroken } = facts
  if (isBroken && trace.some((one, at) => at < sent.index && isLeaderEnd(one, run))) return true
  const { name } = run.spec
  const call = callBefore(facts, sent.index)
  if (call === undefined || call.failed) return true
  const since = workSince(facts, run.spawned)
  const isAsked = requests.some(
    ({ daemon, index }) => daemon === name && index >= since && index < sent.index,
  )
  // Other promises check whether it is held or unhealthy.
  const isReported = run.claims.some(
    ({ what, index }) =>
      (what === 'held' || isFaultClaim(what)) &&
      (index > call.index || facts.isBroken || facts.isBehind) &&
      index < sent.index,
  )
  if (isReported) return true
  const isForwardOf = (one: Call): boolean => {
    const signal = signalOf(one)
    const isSame = signal !== null && signalNumbers[signal] === sent.signal
    return isSame && (facts.plan.signals[signal]?.forward.includes(name) ?? false)
  }
  const { calls, isBehind } = facts
  const isForward =
    isForwardOf(call) ||
    (isBehind && calls.some((one) => one.index < sent.index && isForwardOf(one)))
  // A recovery forgets earlier requests.
  const isVague = stopOrder(run) !== null || run.spec.after.length > 0
  return isAsked || isForward || (facts.isBroken && isVague) || mayBeUnhealthy(facts, run, sent)
}

/** The index of the first call whose work may follow the spawn: a request that arrives while a
 *  batch of spawns takes several calls is stepped after them. */
function workSince(facts: Facts, spawned: When): number {
  let call = callBefore(facts, spawned.index)
  while (call !== undefined && isBehind(facts, call)) call = callBefore(facts, call.index)
  return call?.index ?? 0
}

/** A call that was interrupted may have found it unhealthy, and the line about it is lost. */
function mayBeUnhealthy({ calls }: Facts, { spec, spawned }: RunFacts, { index }: Sent): boolean {
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

/** The name of the signal, unless it shuts pitcrew down. */
function signalOf({ event, failed }: Call): Signal | null {
  if (event.type !== 'signal' || event.hangup || failed) return null
  const name = signalName(event.signal) as Signal
  return name === 'TERM' || name === 'INT' ? null : name
}

/** pitcrew had other work when the call came: what follows may not be its effect. */
function isBehind(facts: Facts, call: When): boolean {
  const before = callBefore(facts, call.index)
  return before !== undefined && before.wakeAtMs <= before.doneAtMs
}

function actionsOf({ trace }: Facts, { index }: When): Moment[] {
  let end = index + 1
  while (end < trace.length && trace[end]?.what !== 'call') end++
  return trace.slice(index + 1, end)
}
