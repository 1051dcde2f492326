/** Explains the state of a daemon: the reasons and the remedies, as sentences. */

import { unmetDependency } from '../../core/daemon/dependency-state.ts'
import type { Daemon, In } from '../../core/daemon/phases.ts'
import { readyByMs } from '../../core/daemon/running.ts'
import type { OutputStall } from '../../core/event.ts'
import type { AfterSpec, ReadySpec } from '../../core/plan/plan.ts'
import { awaitsLine } from '../../core/supervisor/output-stall.ts'
import { describeUnmet } from '../../core/text/cause.ts'
import { describeRequester, describeStall } from '../../core/text/describe.ts'
import type { Supervisor } from '../server/control-plane.ts'
import { isBeforeExec, roundedDuration } from './describe-daemon.ts'
import { explainFiles } from './describe-files.ts'

type Facts = Pick<Supervisor, 'state' | 'host' | 'deaths' | 'operations'>

interface Explanation {
  readonly why: string[]
  readonly remedies: string[]
}

/** How many daemons of a chain of dependencies are explained. */
const chainMax = 8

export function explain(facts: Facts, daemon: Daemon): Explanation {
  const { state, host } = facts
  const explanation: Explanation = { why: [], remedies: [] }
  if (state.shutdown !== null) {
    const leftMs = state.shutdown.sinceMs + state.plan.deadlineMs - host.now()
    explanation.why.push(
      `pitcrew is shutting down: ${roundedDuration(leftMs)} left until its deadline`,
    )
  }
  if (state.outputStall !== null) explainStall(state.outputStall, host.now(), explanation)
  explainState(facts, daemon, explanation, chainMax)
  explainFiles(facts, daemon, explanation.why, explanation.remedies)
  return { why: explanation.why, remedies: [...new Set(explanation.remedies)] }
}

function explainStall(
  { sinceMs, errno }: OutputStall,
  nowMs: number,
  { why, remedies }: Explanation,
): void {
  why.push(
    `stdout has been stalled for ${roundedDuration(nowMs - sinceMs)}: ${describeStall(errno)}`,
  )
  if (errno === 'EAGAIN') {
    remedies.push("check the reader of pitcrew's stdout: daemons that print wait for it")
  }
}

/** @param left How many daemons of the chain may still be explained, this one included. */
function explainState(facts: Facts, daemon: Daemon, explanation: Explanation, left: number): void {
  const { why, remedies } = explanation
  const { name } = daemon.spec
  const nowMs = facts.host.now()
  switch (daemon.phase) {
    case 'waiting':
      return explainWaiting(facts, daemon, explanation, left)
    case 'stopped':
      return explainStopped(facts, daemon, explanation, left)
    case 'starting':
      why.push(`${name} is starting (run ${daemon.run})`)
      return
    case 'backoff':
      explainDeath(facts, daemon, explanation)
      why.push(`next attempt in ${roundedDuration(daemon.untilMs - nowMs)}`)
      remedies.push(...deathRemedies(facts, daemon), `"pitcrew start ${name}" starts it now`)
      return
    case 'running':
      return explainRunning(facts, daemon, explanation)
    case 'terminating':
      why.push(stopSentence(daemon, nowMs), nextSentence(daemon))
      return
    case 'killing':
      why.push(
        daemon.stuck
          ? `${name} was sent KILL and has not ended: the kernel holds pid ${daemon.pid} or its children`
          : `${name} was sent KILL and has not ended yet`,
        nextSentence(daemon),
      )
  }
}

function explainRunning(
  { host, state }: Facts,
  daemon: In<'running'>,
  { why, remedies }: Explanation,
): void {
  const { spec, pid, run, startedAtMs, readyAtMs, status } = daemon
  const { name, ready } = spec
  const nowMs = host.now()
  const age = roundedDuration(nowMs - startedAtMs)
  const which = `pid ${pid}, run ${run}`
  if (isBeforeExec(daemon)) {
    why.push(
      `${name} was started ${age} ago and has not executed its command yet (${which}): it was stopped by a signal, or a disk hangs`,
    )
  } else if (ready === null) {
    why.push(`${name} has been running for ${age} (${which})`)
  } else if (readyAtMs === null) {
    const leftMs = readyByMs(daemon) - nowMs
    const isSuspended = state.outputStall !== null && awaitsLine(daemon)
    const left = isSuspended
      ? 'its timeout is suspended during the stall'
      : `${roundedDuration(leftMs)} left`
    why.push(
      `${name} is running and not ready: started ${age} ago, ${left} (${which})`,
      `it is ready ${readinessCondition(ready)}`,
    )
    remedies.push(logsRemedy(name))
  } else {
    why.push(`${name} has been ready for ${roundedDuration(nowMs - readyAtMs)} (${which})`)
  }
  if (status !== '') why.push(`its status: ${status}`)
}

function explainWaiting(
  facts: Facts,
  daemon: Daemon,
  explanation: Explanation,
  left: number,
): void {
  const { name } = daemon.spec
  const after = unmetDependency(facts.state.daemons, daemon)?.after ?? null
  if (after === null) {
    explanation.why.push(`${name} is about to start`)
    return
  }
  explanation.why.push(`${name} waits for ${after.daemon} to be ${after.until}`)
  explainDependency(facts, after, explanation, left)
}

/** Goes on with the dependency; the end of a long chain is left to another "pitcrew explain". */
function explainDependency(
  facts: Facts,
  after: AfterSpec,
  explanation: Explanation,
  left: number,
): void {
  const dependency = facts.state.daemons.get(after.daemon)
  if (dependency === undefined) return
  if (left > 1) return explainState(facts, dependency, explanation, left - 1)
  explanation.remedies.push(`see "pitcrew explain ${after.daemon}"`)
}

function explainStopped(
  facts: Facts,
  daemon: In<'stopped'>,
  explanation: Explanation,
  left: number,
): void {
  const { why, remedies } = explanation
  const { spec, run, end } = daemon
  const { name } = spec
  switch (end) {
    case 'none':
      why.push(`${name} has not been started`)
      return
    case 'requested':
      why.push(`${name} was stopped${stoppedBy(facts, name)}`)
      remedies.push(`"pitcrew start ${name}" starts it`)
      return
    case 'done':
      why.push(`${name} has finished its work (run ${run})`)
      remedies.push(`"pitcrew start ${name}" runs it again`)
      return
    case 'failed':
      why.push(`${name} has failed and is not restarted`)
      explainDeath(facts, daemon, explanation)
      remedies.push(...deathRemedies(facts, daemon), `"pitcrew start ${name}" tries again`)
      return
    case 'skipped': {
      const after = unmetDependency(facts.state.daemons, daemon)?.after ?? null
      const dependency = after === null ? 'a dependency' : after.daemon
      why.push(`${name} was not started: ${describeUnmet(dependency)}`)
      if (after !== null) explainDependency(facts, after, explanation, left)
    }
  }
}

/** The unrequested death of its last run, if there was one. */
function explainDeath({ deaths }: Facts, daemon: Daemon, { why }: Explanation): void {
  const { name } = daemon.spec
  const death = deaths.get(name)
  if (death === undefined || death.record.run !== daemon.run) return
  const { record, startFailure } = death
  // Each restart of the streak followed a death. After the last death of a daemon that is down
  // there was no restart.
  const times = daemon.streak.length + (daemon.phase === 'backoff' ? 0 : 1)
  const often = times > 1 ? ` ${times} times in a row` : ''
  const lived = record.uptimeMs === 0 ? '' : `, after ${roundedDuration(record.uptimeMs)}`
  const what =
    startFailure === null
      ? `failed${often}: ${record.cause}`
      : `could not be started${often}: ${startFailure}`
  why.push(`${name} ${what}${lived} (run ${record.run})`)
  const line = record.lastLines.at(-1)
  if (record.status !== '') why.push(`its last status: ${record.status}`)
  if (line !== undefined) why.push(`its last line: ${line.slice(0, 300)}`)
  if (daemon.phase !== 'backoff') why.push(`the consequence: ${record.next}`)
}

function stoppedBy({ state }: Facts, name: string): string {
  const ticket = state.tickets.get(name)
  const isOwn = ticket?.outcome.kind === 'done' && ticket.outcome.changed
  if (ticket?.verb !== 'stop' || !isOwn) return ''
  return ` by ${describeRequester(ticket.by)}${ticket.why === '' ? '' : ` (${ticket.why})`}`
}

function stopSentence(daemon: In<'terminating'>, nowMs: number): string {
  const { name } = daemon.spec
  const age = roundedDuration(nowMs - daemon.sinceMs)
  const kill = `KILL in ${roundedDuration(daemon.killAtMs - nowMs)}`
  if (daemon.exit === null) return `${name} has been stopping for ${age}: ${kill}`
  return `${name} has exited, and its other processes have been stopping for ${age}: ${kill}`
}

function nextSentence({ next }: In<'terminating' | 'killing'>): string {
  if (next === 'up') return 'then it is started again'
  if (typeof next !== 'string') return 'then it is started again after its backoff'
  return next === 'requested' ? 'then it stays stopped' : 'then it is not restarted'
}

/** A daemon that could not be started has no output. */
function deathRemedies({ deaths }: Facts, { spec: { name } }: Daemon): string[] {
  const death = deaths.get(name)
  if (death === undefined) return [logsRemedy(name)]
  const { remedy } = death.record
  const remedies = remedy === undefined ? [] : [remedy]
  return death.startFailure === null ? [...remedies, logsRemedy(name)] : remedies
}

function logsRemedy(name: string): string {
  return `"pitcrew logs ${name}" shows its output`
}

/** When the daemon is ready: "when ...". */
function readinessCondition({ sign }: ReadySpec): string {
  switch (sign.type) {
    case 'tcp':
      return `when ${sign.host} port ${sign.port} accepts a connection`
    case 'unix':
      return `when ${sign.path} accepts a connection`
    case 'http':
      return `when GET http://${sign.name}:${sign.port}${sign.path} returns 200 to 399`
    case 'command':
      return `when this command succeeds: ${sign.command.join(' ').slice(0, 200)}`
    case 'file':
      return `when ${sign.path} exists`
    case 'fd':
      return `when it writes a newline to file descriptor ${sign.fd}`
    case 'notify':
      return 'when it reports READY=1 (sd_notify)'
    case 'log':
      return `when it prints a line with ${JSON.stringify(sign.text)}`
  }
}
