/** Promises about slow starts: the child hangs between clone and exec. */
import type { Facts, RunFacts } from '../judge/facts.ts'
import { nextCall } from '../judge/timeline.ts'
import type { Moment } from '../judge/trace.ts'
import { kills } from './orders.ts'
import { first, nameOf, type Promised } from './promise.ts'

export const slowNotReady: Promised = {
  sentence: 'A daemon is not ready before its program is executed, however long that takes',
  broken: (facts) => {
    const { trace, specs, claims, runs } = facts
    if (!runs.some(({ isSlow }) => isSlow)) return null
    const claimsAt = new Map(claims.map((claim) => [claim.index, claim]))
    const hanging = new Map<string, number>()
    return first(trace, (moment) => {
      follow(hanging, moment)
      if (moment.what === 'announce' && moment.text === 'READY=1') {
        const names = specs.filter(({ name }) => hanging.has(name)).map(({ name }) => name)
        return names.length === 0 ? null : `READY=1 is sent, and ${names.join()} hangs`
      }
      const claim = claimsAt.get(moment.index)
      if (claim?.what === 'ready' && hanging.has(claim.daemon)) return `${claim.text}, and it hangs`
      if (moment.what !== 'spawn') return null
      const spec = specs.find(({ name }) => name === moment.daemon)
      const edge = spec?.after.find(
        ({ daemon, until }) => until !== 'started' && hanging.has(daemon),
      )
      return edge === undefined ? null : `${moment.daemon} is started, and ${edge.daemon} hangs`
    })
  },
}

/** Tracks the hanging pid of each daemon. */
function follow(hanging: Map<string, number>, moment: Moment): void {
  if (moment.what === 'spawn') {
    const { answer, daemon } = moment
    if ('pid' in answer && answer.isSlow) hanging.set(daemon, answer.pid)
    else hanging.delete(daemon)
  } else if (moment.what === 'executed' || moment.what === 'ended') {
    if (hanging.get(moment.daemon) === moment.pid) hanging.delete(moment.daemon)
  }
}

const limitMs = 5000
const waitMs = 50
const lookMs = 1000

export const slowKilled: Promised = {
  sentence: 'A child that hangs between clone and exec is killed after five seconds',
  broken: (facts) =>
    first(facts.runs, (run) => (run.isSlow && run.pid !== null ? outlives(facts, run) : null)),
}

function outlives(facts: Facts, run: RunFacts): string | null {
  const { trace, lostMs, lateMs } = facts
  const { spec, spawned, pid } = run
  const isOf = (moment: Moment): boolean =>
    'pid' in moment && moment.pid === pid && moment.daemon === spec.name && moment.run === run.run
  const over = trace.find(
    (moment) =>
      moment.index > spawned.index &&
      isOf(moment) &&
      (moment.what === 'executed' || moment.what === 'ended' || moment.what === 'too-slow'),
  )
  const kill = kills(run)[0]
  const last = trace.at(-1) as Moment
  const endMs = Math.min(over?.atMs ?? last.atMs, kill?.atMs ?? last.atMs)
  const latestMs = spawned.atMs + limitMs + lookMs + lostMs + lateMs
  if (endMs > latestMs) return `${nameOf(run)} hangs until ${endMs}, and is not killed`
  const isEarly = over?.what === 'too-slow' && over.atMs < spawned.atMs + limitMs - waitMs - 0.001
  return isEarly
    ? `${nameOf(run)} is killed at ${over.atMs}, before five seconds have passed`
    : null
}

export const slowFailureReported: Promised = {
  sentence:
    'A start without an exec is reported as a failed start with the reason, and not as a death',
  broken: (facts) => first(facts.runs, (run) => wronglyReported(facts, run)),
}

function wronglyReported(facts: Facts, run: RunFacts): string | null {
  const { exit, stopOrdered, claims } = run
  if (exit?.failure === undefined) return null
  const death = claims.find(({ what }) => what === 'died' || what === 'done')
  if (death !== undefined)
    return `${nameOf(run)} was never executed, and is reported as: ${death.text}`
  if (facts.isBroken || (facts.finish !== null && facts.finish.index < exit.index)) return null
  if (stopOrdered !== null && stopOrdered.index < nextCall(facts, exit.index)) return null
  const failed = claims.filter(({ what }) => what === 'start-failed')
  const [claim] = failed
  if (claim === undefined || failed.length > 1)
    return `the failed start of ${nameOf(run)} is reported ${failed.length} times`
  const words = wordsFor(exit.failure)
  return claim.text.includes(words)
    ? null
    : `the failed start of ${nameOf(run)} is reported without: ${words}`
}

function wordsFor({ step, errno }: { readonly step: string; readonly errno: string }): string {
  if (errno === 'ETIMEDOUT') return 'timed out before it executed'
  return step === 'user' ? 'cannot switch to its user' : `(${errno})`
}
