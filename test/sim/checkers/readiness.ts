/** Promises about readiness and health checks. */

import { readySince } from '../judge/daemon-state.ts'
import type { Facts, RunFacts, When } from '../judge/facts.ts'
import { canFollow } from '../judge/follower.ts'
import { claimed, observationsOf, selfReportsOf, upUntil } from '../judge/observations.ts'
import { callBefore, nextCall } from '../judge/timeline.ts'
import { first, nameOf, type Promised } from './promise.ts'

export const readyRight: Promised = {
  sentence:
    'A run is reported as ready only after a sign of readiness of this run, and not when it is ending',
  broken: (facts) => {
    if (!canFollow(facts)) return null
    const { ready } = observationsOf(facts)
    return first(facts.runs, (run) => {
      const claim = claimed(run, 'ready')
      if (claim === null) return null
      const isSign = ready.some((sign) => sign.run === run && isOfCall(facts, sign, claim))
      if (!isSign) return `${nameOf(run)} is reported as ready without a sign`
      const end = upUntil(run)
      return end === null || claim.index < end.index ? null : `${nameOf(run)} is ready at its end`
    })
  },
}

function isOfCall(facts: Facts, call: When, { index }: When): boolean {
  return call.index < index && index < nextCall(facts, call.index)
}

export const readyReported: Promised = {
  sentence: 'A run is reported as ready as soon as it gives its sign, and once',
  broken: (facts) => {
    if (!canFollow(facts)) return null
    const twice = facts.runs.find(
      ({ claims }) => claims.filter(({ what }) => what === 'ready').length > 1,
    )
    if (twice !== undefined) return `${nameOf(twice)} is reported as ready twice`
    return first(observationsOf(facts).ready, ({ run, index }) => {
      const claim = claimed(run, 'ready')
      if (claim !== null && claim.index < nextCall(facts, index)) return null
      const started = claimed(run, 'started')
      const end = upUntil(run)
      const isUp = started !== null && started.index < index && (end === null || end.index > index)
      if (!isUp || (facts.finish !== null && facts.finish.index < index)) return null
      return `${nameOf(run)} gives its sign, and is not reported as ready`
    })
  },
}

export const readyInTime: Promised = {
  sentence: 'A run that is not ready at its timeout is stopped then, and not before',
  broken: (facts) => (canFollow(facts) ? first(facts.runs, (run) => inTime(facts, run)) : null),
}

function inTime(facts: Facts, run: RunFacts): string | null {
  const { ready } = run.spec
  const fault = claimed(run, 'not-ready')
  if (ready === null) return fault === null ? null : `${nameOf(run)} has no readiness to time out`
  const started = claimed(run, 'started')
  if (started === null) return null
  let dueMs = run.spawned.atMs + ready.timeoutMs
  const endIndex = Math.min(claimed(run, 'ready')?.index ?? never, upUntil(run)?.index ?? never)
  for (const message of selfReportsOf(facts, run)) {
    if (message.index > endIndex) continue
    for (const line of message.text.split('\n')) {
      const ms = extensionMs(line)
      if (ms > 0) dueMs = Math.max(run.spawned.atMs + ready.timeoutMs, message.atMs + ms)
    }
  }
  if (ready.sign.type === 'log') dueMs = behindStalls(facts, run, dueMs, endIndex)
  return faultInTime(facts, run, fault, dueMs, 'ready')
}

const never = Number.POSITIVE_INFINITY

/** A reported stall suspends the timeout of a run that waits for a line; after it the whole
 *  timeout runs again. */
function behindStalls(facts: Facts, run: RunFacts, ms: number, endIndex: number): number {
  let dueMs = ms
  let inStall = false
  for (const { event, atMs, index } of facts.calls) {
    if (index > endIndex) break
    if (event.type === 'output-stalled' && atMs <= dueMs) inStall = true
    if (event.type === 'output-resumed' && inStall) {
      inStall = false
      // Not a stall that ended before the run began.
      if (atMs >= run.spawned.atMs) dueMs = atMs + (run.spec.ready?.timeoutMs ?? 0)
    }
  }
  return inStall ? never : dueMs
}

/** Checks that the fault is found at its time, and not before, unless the run ended first. */
function faultInTime(
  facts: Facts,
  run: RunFacts,
  fault: When | null,
  dueMs: number,
  what: string,
): string | null {
  const slackMs = facts.lostMs + facts.lateMs + 0.001
  if (fault !== null) {
    if (fault.atMs < dueMs - 0.001) return `${nameOf(run)} is unhealthy (${what}) before ${dueMs}`
    return fault.atMs > dueMs + slackMs
      ? `${nameOf(run)} is unhealthy (${what}) after ${dueMs}`
      : null
  }
  const sign = what === 'ready' ? (claimed(run, 'ready')?.atMs ?? never) : never
  const endMs = Math.min(upUntil(run)?.atMs ?? never, sign, facts.finish?.atMs ?? never)
  return endMs > dueMs + slackMs
    ? `${nameOf(run)} is not found unhealthy (${what}) at ${dueMs}`
    : null
}

function extensionMs(line: string): number {
  const [name, value] = line.split('=')
  return name === 'EXTEND_TIMEOUT_USEC' ? Number(value) / 1000 : 0
}

export const watchdogKept: Promised = {
  sentence:
    'A ready run that is silent for longer than its watchdog allows is stopped, and no other',
  broken: (facts) => (canFollow(facts) ? first(facts.runs, (run) => watched(facts, run)) : null),
}

function watched(facts: Facts, run: RunFacts): string | null {
  const { watchdogMs } = run.spec
  const fault = claimed(run, 'watchdog')
  if (watchdogMs === null) {
    const isTriggered = selfReportsOf(facts, run).some(
      (message) =>
        message.text === 'WATCHDOG=trigger' && fault !== null && isOfCall(facts, message, fault),
    )
    return fault === null || isTriggered ? null : `${nameOf(run)} has no watchdog`
  }
  const since = readySince(run)
  const endIndex = upUntil(run)?.index ?? never
  // Readiness by a start counts from the spawn.
  let dueMs = since === null ? never : since.atMs + watchdogMs
  for (const message of selfReportsOf(facts, run)) {
    if (message.index > endIndex && fault === null) continue
    for (const line of message.text.split('\n')) {
      if (line === 'WATCHDOG=trigger' && fault !== null && isOfCall(facts, message, fault))
        return null
      if (
        line === 'WATCHDOG=trigger' &&
        message.index < endIndex &&
        claimed(run, 'started') !== null
      ) {
        return `${nameOf(run)} calls itself unfit, and nothing comes of it`
      }
      if (message.index > endIndex) continue
      const isReady = since !== null && since.index < nextCall(facts, message.index)
      if (line === 'WATCHDOG=1' && isReady) dueMs = message.atMs + watchdogMs
      const ms = extensionMs(line)
      if (ms > 0 && isReady) dueMs = message.atMs + Math.max(watchdogMs, ms)
    }
  }
  return faultInTime(facts, run, fault, dueMs, 'watchdog')
}

export const aliveKept: Promised = {
  sentence:
    'A run is stopped at once after as many failed probes in a row as `alive:` allows, and no other run',
  broken: (facts) => (canFollow(facts) ? first(facts.runs, (run) => alive(facts, run)) : null),
}

/** The probe timed out, and was not cancelled because the run is stopped for another reason, or
 *  because everything ends. */
function isByTimer(facts: Facts, run: RunFacts, { index }: When): boolean {
  if (facts.finish !== null && facts.finish.index < nextCall(facts, index)) return false
  const call = callBefore(facts, index)
  const end = upUntil(run)
  const fault = claimed(run, 'not-alive')
  const isEnd = end !== null && end.index < nextCall(facts, index)
  return call?.event.type === 'wake' && (!isEnd || end.index === fault?.index)
}

function alive(facts: Facts, run: RunFacts): string | null {
  const { alive: spec } = run.spec
  const fault = claimed(run, 'not-alive')
  if (spec === null) return fault === null ? null : `${nameOf(run)} is not probed`
  // Results of commands are not in the trace if a command could not be run.
  if (spec.probe.type === 'command') return null
  let failed = 0
  for (const probe of observationsOf(facts).probes) {
    if (probe.run !== run || probe.for !== 'alive') continue
    const isLate = probe.cancelled !== null && isByTimer(facts, run, probe.cancelled)
    if (probe.errno === null && probe.answered === null && !isLate) continue
    failed = probe.answered?.isGood === true ? 0 : failed + 1
    const over = probe.answered ?? (probe.errno === null ? probe.cancelled : probe.begun)
    const isFault = fault !== null && over !== null && fault.index > over.index
    const isAtOnce = isFault && fault.index < nextCall(facts, over.index)
    if (failed >= spec.failures) {
      const end = upUntil(run)
      const isOver = end !== null && over !== null && end.index < nextCall(facts, over.index)
      return isAtOnce || isOver ? null : `${nameOf(run)} fails ${failed} probes and is not stopped`
    }
    if (isAtOnce) return `${nameOf(run)} is reported as not alive after ${failed} failed probes`
  }
  return fault === null
    ? null
    : `${nameOf(run)} is reported as not alive after ${failed} failed probes`
}

export const statusReported: Promised = {
  sentence:
    'A failed exit is reported with the last status; after a reload, with the status before it',
  broken: (facts) =>
    canFollow(facts) ? first(facts.claims, (claim) => status(facts, claim)) : null,
}

function status(facts: Facts, claim: Facts['claims'][number]): string | null {
  if (!['died', 'not-ready', 'not-alive', 'watchdog'].includes(claim.what)) return null
  const reported = /; its last status: (".*")$/.exec(claim.text)?.[1] ?? '""'
  const run = facts.runs.find(
    ({ spec, run: number }) => spec.name === claim.daemon && number === claim.run,
  )
  const started = run === undefined ? null : claimed(run, 'started')
  if (run === undefined || started === null) return null
  let now = ''
  let before: string | null = null
  for (const message of selfReportsOf(facts, run)) {
    if (message.index < started.index || message.index > claim.index) continue
    const lines = message.text.split('\n')
    const own = lines.find((one) => one.startsWith('STATUS='))?.slice('STATUS='.length) ?? null
    const change = ['RELOADING=1', 'STOPPING=1'].find((one) => lines.includes(one))
    if (lines.includes('READY=1')) {
      now = own ?? before ?? now
      before = null
    } else if (change !== undefined) {
      before ??= now
      now = own ?? change.slice(0, -2).toLowerCase()
    } else now = own ?? now
  }
  return reported === JSON.stringify(printed(now))
    ? null
    : `${nameOf(run)} has the status "${now}", and ${reported} is reported`
}

/** As in the log: truncated, and without control characters. */
function printed(status: string): string {
  const chars = [...status.slice(0, 160)]
  return chars.map((char) => (char < ' ' || char === '\x7f' ? '?' : char)).join('')
}
