/** Why a daemon is in the state it is in, in sentences, and what can be done about it. */

import type { Daemon, In } from '../../core/daemon/phases.ts'
import { readyByMs } from '../../core/daemon/running.ts'
import type { OutputStall } from '../../core/event.ts'
import type { AfterSpec, ReadySpec } from '../../core/plan/plan.ts'
import { awaitsLine } from '../../core/supervisor/output-stall.ts'
import { describeAsker, describeStall } from '../../core/text/describe.ts'
import type { Supervisor } from '../server/control-plane.ts'
import { isBeforeExec, roundedDuration, unmetDependency } from './describe-daemon.ts'

type Facts = Pick<Supervisor, 'state' | 'host' | 'deaths'>

interface Explanation {
  readonly why: string[]
  readonly remedies: string[]
}

/** How far a chain of daemons that wait for each other is told. */
const chainMax = 8

export function explain(facts: Facts, daemon: Daemon): Explanation {
  const { state, host } = facts
  const told: Explanation = { why: [], remedies: [] }
  if (state.shutdown !== null) {
    const leftMs = state.shutdown.sinceMs + state.plan.deadlineMs - host.now()
    told.why.push(
      `pitcrew is shutting down: all is over in ${roundedDuration(leftMs)} at the latest`,
    )
  }
  if (state.outputStall !== null) tellStall(state.outputStall, host.now(), told)
  tell(facts, daemon, told, chainMax)
  return { why: told.why, remedies: [...new Set(told.remedies)] }
}

function tellStall({ sinceMs, errno }: OutputStall, nowMs: number, told: Explanation): void {
  told.why.push(
    `stdout has been stalled for ${roundedDuration(nowMs - sinceMs)}: ${describeStall(errno)}`,
  )
  const isFull = errno === 'EAGAIN'
  if (isFull) told.remedies.push("see what reads pitcrew's stdout: daemons that print wait for it")
}

function tell(facts: Facts, daemon: Daemon, told: Explanation, left: number): void {
  const { name } = daemon.spec
  const nowMs = facts.host.now()
  switch (daemon.phase) {
    case 'waiting':
      return tellWaiting(facts, daemon, told, left)
    case 'stopped':
      return tellStopped(facts, daemon, told, left)
    case 'starting':
      told.why.push(`${name} is being started (run ${daemon.run})`)
      return
    case 'backoff':
      tellDeath(facts, daemon, told)
      told.why.push(`next try in ${roundedDuration(daemon.untilMs - nowMs)}`)
      told.remedies.push(...lookAtDeath(facts, daemon), `"pitcrew start ${name}" tries at once`)
      return
    case 'running':
      return tellRunning(facts, daemon, told)
    case 'terminating':
      told.why.push(`${name} ${endingWords(daemon, nowMs)}`, nextWords(daemon))
      return
    case 'killing':
      told.why.push(
        daemon.stuck
          ? `${name} was sent KILL and is not gone: the kernel holds pid ${daemon.pid} or its children`
          : `${name} was sent KILL and is not gone yet`,
        nextWords(daemon),
      )
  }
}

function tellRunning({ host, state }: Facts, daemon: In<'running'>, told: Explanation): void {
  const { spec, pid, run, startedAtMs, readyAtMs, status } = daemon
  const { name, ready } = spec
  const nowMs = host.now()
  const since = roundedDuration(nowMs - startedAtMs)
  const which = `pid ${pid}, run ${run}`
  if (isBeforeExec(daemon)) {
    told.why.push(
      `${name} was started ${since} ago and has not executed its command yet (${which}): something stopped it, or a disk hangs`,
    )
  } else if (ready === null) {
    const what = spec.kind === 'job' ? 'has been at work' : 'has run'
    told.why.push(`${name} ${what} for ${since} (${which})`)
  } else if (readyAtMs === null) {
    const leftMs = readyByMs(daemon) - nowMs
    const isHeldUp = state.outputStall !== null && awaitsLine(daemon)
    const left = isHeldUp
      ? 'its time does not run in the stall'
      : `has ${roundedDuration(leftMs)} left`
    told.why.push(
      `${name} runs and is not ready: it was started ${since} ago and ${left} (${which})`,
      `it is ready ${readySign(ready)}`,
    )
    told.remedies.push(...look(name))
  } else {
    told.why.push(`${name} has been ready for ${roundedDuration(nowMs - readyAtMs)} (${which})`)
  }
  if (status !== '') told.why.push(`it says of itself: ${status}`)
}

function tellWaiting(facts: Facts, daemon: Daemon, told: Explanation, left: number): void {
  const { name } = daemon.spec
  const after = unmetDependency(facts.state, daemon)
  if (after === null) {
    told.why.push(`${name} is about to be started`)
    return
  }
  told.why.push(`${name} waits for ${after.daemon} to be ${after.until}`)
  tellOther(facts, after, told, left)
}

/** The same of the one whom it is about; of a long chain the first ones. */
function tellOther(facts: Facts, after: AfterSpec, told: Explanation, left: number): void {
  const other = facts.state.daemons.get(after.daemon)
  if (other === undefined) return
  if (left > 1) return tell(facts, other, told, left - 1)
  told.remedies.push(`"pitcrew explain ${after.daemon}" says why`)
}

function tellStopped(facts: Facts, daemon: In<'stopped'>, told: Explanation, left: number): void {
  const { spec, run, end } = daemon
  const { name } = spec
  const start = `"pitcrew start ${name}" starts it`
  switch (end) {
    case 'none':
      told.why.push(`${name} was not started yet`)
      return
    case 'asked':
      told.why.push(`${name} was stopped${stoppedBy(facts, name)}`)
      told.remedies.push(start)
      return
    case 'done':
      told.why.push(`${name} has done its work and has ended (run ${run})`)
      told.remedies.push(`"pitcrew start ${name}" runs it again`)
      return
    case 'failed':
      told.why.push(`${name} has failed for good`)
      tellDeath(facts, daemon, told)
      told.remedies.push(...lookAtDeath(facts, daemon), `"pitcrew start ${name}" tries again`)
      return
    case 'skipped': {
      const after = unmetDependency(facts.state, daemon)
      const needs = after === null ? 'what it needs' : after.daemon
      told.why.push(`${name} was not started: it needs ${needs}, which has failed`)
      if (after !== null) tellOther(facts, after, told, left)
    }
  }
}

/** Why its last run ended, where nobody asked for that. */
function tellDeath({ deaths }: Facts, daemon: Daemon, told: Explanation): void {
  const { name } = daemon.spec
  const death = deaths.get(name)
  if (death === undefined || death.record.run !== daemon.run) return
  const { record, startFailure } = death
  // Each restart of the row followed a death; the last death of one that is down had none.
  const times = daemon.row.length + (daemon.phase === 'backoff' ? 0 : 1)
  const often = times > 1 ? ` ${times} times in a row` : ''
  const lived = record.uptimeMs === 0 ? '' : `, after ${roundedDuration(record.uptimeMs)}`
  const what =
    startFailure === null
      ? `failed${often}: ${record.cause}`
      : `could not be started${often}: ${startFailure}`
  told.why.push(`${name} ${what}${lived} (run ${record.run})`)
  const line = record.lastLines.at(-1)
  if (record.status !== '') told.why.push(`it said of itself: ${record.status}`)
  if (line !== undefined) told.why.push(`its last line: ${line.slice(0, 300)}`)
  if (daemon.phase !== 'backoff') told.why.push(`what followed: ${record.next}`)
}

function stoppedBy({ state }: Facts, name: string): string {
  const ticket = state.tickets.get(name)
  const isItsOwn = ticket?.outcome.kind === 'done' && ticket.outcome.changed
  if (ticket?.verb !== 'stop' || !isItsOwn) return ''
  return ` by ${describeAsker(ticket.by)}${ticket.why === '' ? '' : ` (${ticket.why})`}`
}

function endingWords(daemon: In<'terminating'>, nowMs: number): string {
  const since = roundedDuration(nowMs - daemon.sinceMs)
  const kill = `KILL in ${roundedDuration(daemon.killAtMs - nowMs)}`
  if (daemon.exit !== null) {
    return `has ended, and what it left behind was told to end ${since} ago: ${kill}`
  }
  return `was told to stop ${since} ago: ${kill}`
}

function nextWords({ next }: In<'terminating' | 'killing'>): string {
  if (next === 'up') return 'then it is started again'
  if (typeof next !== 'string') return 'then it is started again, after a while'
  return next === 'asked' ? 'then it is stopped' : 'then it is not started again'
}

/** One that could not be started has printed nothing. */
function lookAtDeath({ deaths }: Facts, { spec: { name } }: Daemon): string[] {
  const death = deaths.get(name)
  if (death === undefined) return look(name)
  const { startFailure } = death
  const { remedy } = death.record
  return [...(remedy === undefined ? [] : [remedy]), ...(startFailure === null ? look(name) : [])]
}

function look(name: string): string[] {
  return [`"pitcrew logs ${name}" shows what it printed`]
}

function readySign({ sign }: ReadySpec): string {
  switch (sign.type) {
    case 'tcp':
      return `when ${sign.host} port ${sign.port} accepts a connection`
    case 'unix':
      return `when ${sign.path} accepts a connection`
    case 'http':
      return `when GET http://${sign.name}:${sign.port}${sign.path} is answered with 200 to 399`
    case 'command':
      return `when this succeeds: ${sign.command.join(' ').slice(0, 200)}`
    case 'file':
      return `when ${sign.path} is there`
    case 'fd':
      return `when it writes a newline to its descriptor ${sign.fd}`
    case 'notify':
      return 'when it says READY=1 (sd_notify)'
    case 'log':
      return `when it prints a line with ${JSON.stringify(sign.text)}`
  }
}
