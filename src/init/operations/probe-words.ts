/** Words for the results of probes and commands: "GET 127.0.0.1:80/up answered 503". */
import type { Probe } from '../../core/plan/plan.ts'
import { describeExitFully } from '../../core/text/cause.ts'
import { formatDuration } from '../../core/text/duration.ts'
import { describeErrno } from '../../errors.ts'
import type { CommandEnd } from '../perform/command-runs.ts'
import type { ProbeProblem } from '../perform/probes.ts'

/** The length of a line of a response that is no HTTP, in characters. */
const lineMax = 60

/** @param timeoutMs Of the command or request; null = not said. */
export function describeProbeFailure(
  probe: Probe,
  problem: ProbeProblem,
  method = 'GET',
  timeoutMs: number | null = null,
): string {
  const target = describeTarget(probe, method)
  switch (problem.kind) {
    case 'errno':
      // The host's name for a response that ended within its first line.
      if (problem.errno === 'EPROTO') return `${target}: the response is incomplete`
      return `${target}: ${describeErrno(problem.errno)}`
    case 'response':
      return `${target} answered ${describeResponse(problem.line)}`
    case 'command':
      return `${target}: ${describeCommandEnd(problem.end, timeoutMs)}`
    case 'not-run':
      return problem.why
    case 'timed-out':
      return `${target} did not answer${timeoutMs === null ? ' in time' : ` in ${formatDuration(timeoutMs)}`}`
    case 'blocked':
      return `${target} could not be probed: the probe before it hangs`
  }
}

/** Why a command has failed: "exit code 2", "not done after 30 s". */
export function describeCommandEnd({ exit }: CommandEnd, timeoutMs: number | null): string {
  if (exit === null) return 'its exit status was not seen'
  if (exit === 'timed-out') {
    return timeoutMs === null ? 'not done in time' : `not done after ${formatDuration(timeoutMs)}`
  }
  const { failure } = exit
  return failure === undefined
    ? describeExitFully(exit)
    : `not executed: ${failure.step}: ${failure.why ?? describeErrno(failure.errno)}`
}

function describeTarget(probe: Probe, method: string): string {
  switch (probe.type) {
    case 'http':
      return `${method} ${describeAddress(probe)}${probe.path}`
    case 'tcp':
      return describeAddress(probe)
    case 'command':
      return probe.command[0] as string
    default:
      return probe.path
  }
}

function describeAddress({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** @param line The first line of the response: "HTTP/1.1 503 Service Unavailable". */
function describeResponse(line: string): string {
  if (line.startsWith('HTTP/1.')) return line.slice(9, 12)
  return line === '' ? 'nothing' : `"${line.slice(0, lineMax)}", which is no HTTP`
}
