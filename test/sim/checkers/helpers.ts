/** Promises about probes and commands that serve a daemon. */

import { readySince, upSince } from '../judge/daemon-state.ts'
import type { Facts, HelperFacts, RunFacts } from '../judge/facts.ts'
import { canFollow } from '../judge/follower.ts'
import { observationsOf, type ProbeRecord, upUntil } from '../judge/observations.ts'
import { lastRun, nextCall } from '../judge/timeline.ts'
import { first, nameOf, type Promised } from './promise.ts'

const readyProbeMs = 5000
const commandMs = 60_000
const never = Number.POSITIVE_INFINITY

export const helpersBounded: Promised = {
  sentence:
    'A command that serves a daemon is killed at its timeout, and processes that it leaves behind are killed',
  broken: (facts) =>
    canFollow(facts) ? first(facts.helpers, (one) => unbounded(facts, one)) : null,
}

function unbounded(facts: Facts, helper: HelperFacts): string | null {
  const { name, run, spawned, pid, kills, exit, gone } = helper
  if (pid === null) return null
  const label = `${name} ${run}`
  const endMs = facts.trace.at(-1)?.atMs ?? 0
  const slackMs = facts.lostMs + facts.lateMs + 0.001
  const latestMs = spawned.atMs + limitMs(helper) + slackMs
  const endedMs = Math.min(kills[0]?.atMs ?? endMs, exit?.atMs ?? endMs)
  if (endedMs > latestMs) return `${label} has a timeout at ${latestMs}, and is still running`
  // Processes it left behind, unless all were to be killed before.
  if (exit === null || (gone !== null && gone.index === exit.index)) return null
  const until = nextCall(facts, exit.index)
  const isKilled = kills.some(({ index }) => index > exit.index && index < until)
  const isForgotten = facts.helpers.some((other) => {
    return other.name === name && other.run > run && other.spawned.index < exit.index
  })
  return isKilled || isForgotten ? null : `processes that ${label} left behind are not killed`
}

function limitMs({ kind, daemon }: HelperFacts): number {
  if (kind === 'ready') return readyProbeMs
  return kind === 'alive' ? (daemon.alive?.timeoutMs ?? 0) : commandMs
}

export const helpersEnd: Promised = {
  sentence:
    'A probe command and a stop command end with the run that they serve; all commands end with pitcrew',
  broken: (facts) =>
    canFollow(facts) ? first(facts.helpers, (one) => outlives(facts, one)) : null,
}

function outlives(
  facts: Facts,
  { name, run, kind, daemon, spawned, pid, kills, exit }: HelperFacts,
): string | null {
  if (pid === null) return null
  const of = lastRun(facts, daemon.name, spawned.index)
  const ended =
    kind === 'stop' ? of?.gone : kind === 'death' ? null : of === undefined ? null : upUntil(of)
  // The shutdown watchdog kills everything.
  if (facts.watchdogFired) return null
  const end = facts.end?.index ?? -1
  const until = ended == null ? end : nextCall(facts, ended.index)
  const isOver = (exit !== null && exit.index < until) || kills.some(({ index }) => index < until)
  return isOver || until < 0 || spawned.index > until ? null : `${name} ${run} outlives its run`
}

export const probesEnd: Promised = {
  sentence: 'A run that is ending or over is not probed, and no run is probed twice at once',
  broken: (facts) => {
    if (!canFollow(facts)) return null
    const { probes } = observationsOf(facts)
    return (
      first(probes, (probe) => isProbeFailure(facts, probe)) ??
      first(probes, (probe) => {
        const { before } = probe
        if (before === null || before.errno !== null) return null
        const over = before.answered ?? before.cancelled
        const isTwice = over === null || over.index > probe.begun.index
        return isTwice ? `${nameOf(probe.run)} is probed twice at once` : null
      })
    )
  },
}

function isProbeFailure(
  facts: Facts,
  { run, begun, errno, answered, cancelled }: ProbeRecord,
): string | null {
  const end = upUntil(run)
  if (end !== null && begun.index > nextCall(facts, end.index))
    return `${nameOf(run)} is over, and is probed`
  if (end === null || errno !== null || begun.index > end.index) return null
  const over = answered ?? cancelled
  const until = nextCall(facts, end.index)
  return over !== null && over.index < until ? null : `a probe of ${nameOf(run)} is not cancelled`
}

export const probesContinue: Promised = {
  sentence: 'A run with a probe is probed repeatedly, at the interval of the bundle',
  broken: (facts) => {
    if (!canFollow(facts)) return null
    return (
      first(observationsOf(facts).probes, (probe) => rare(facts, probe)) ??
      first(facts.runs, (run) => neverSeen(facts, run, 'ready') ?? neverSeen(facts, run, 'alive'))
    )
  },
}

/** Checks that there is a first probe. */
function neverSeen(facts: Facts, run: RunFacts, purpose: 'ready' | 'alive'): string | null {
  const { ready, alive } = run.spec
  const spec = purpose === 'ready' ? ready : alive
  const isWord = purpose === 'ready' && ['fd', 'notify', 'log'].includes(ready?.sign.type ?? '')
  const since = purpose === 'ready' ? upSince(run) : readySince(run)
  if (spec === null || isWord || since === null || facts.finish === null) return null
  const isSeen =
    observationsOf(facts).probes.some((probe) => probe.run === run && probe.for === purpose) ||
    facts.helpers.some(({ kind, daemon, spawned, gone }) => {
      // A command of an earlier run that is still running prevents it.
      const isThere = spawned.index > since.index || gone === null || gone.index > since.index
      return kind === purpose && daemon.name === run.spec.name && isThere
    })
  const dueMs = since.atMs + spec.intervalMs + facts.lostMs + facts.lateMs
  const endMs = Math.min(upUntil(run)?.atMs ?? facts.finish.atMs, facts.finish.atMs)
  return isSeen || endMs <= dueMs ? null : `${nameOf(run)} is never probed: ${purpose}`
}

function rare(facts: Facts, probe: ProbeRecord): string | null {
  const { run, begun, errno, answered, cancelled } = probe
  const { ready, alive } = run.spec
  const intervalMs = (probe.for === 'ready' ? ready?.intervalMs : alive?.intervalMs) ?? 0
  const over = errno === null ? (answered ?? cancelled) : begun
  const limitMs = (probe.for === 'ready' ? readyProbeMs : alive?.timeoutMs) ?? 0
  const lastMs = Math.min(over?.atMs ?? never, upUntil(run)?.atMs ?? never, facts.finish?.atMs ?? 0)
  if (lastMs > begun.atMs + limitMs + facts.lostMs + facts.lateMs) {
    return `a probe of ${nameOf(run)} takes longer than ${limitMs} ms`
  }
  const isLast = over === null || (probe.for === 'ready' && answered?.isGood === true)
  if (isLast || facts.finish === null) return null
  const next = probe.next?.run === run ? probe.next : null
  if (next !== null && next.for === probe.for) {
    const tooSoon = next.begun.atMs < over.atMs + intervalMs - 0.001
    if (tooSoon) return `${nameOf(run)} is probed again at ${next.begun.atMs}, too soon`
  }
  const dueMs = over.atMs + intervalMs + facts.lostMs + facts.lateMs + 0.001
  const endMs = Math.min(upUntil(run)?.atMs ?? facts.finish.atMs, facts.finish.atMs)
  const nextMs = next?.begun.atMs ?? Number.POSITIVE_INFINITY
  return Math.min(nextMs, endMs) > dueMs
    ? `${nameOf(run)} is not probed again until ${dueMs}`
    : null
}
