/** Promises about starts that are slow: the child stands still between clone and exec. */
import type { Facts, RunFacts } from '../judge/facts.ts'
import { nextCall } from '../judge/timeline.ts'
import type { Moment } from '../judge/trace.ts'
import { kills } from './orders.ts'
import { first, nameOf, type Promised } from './promise.ts'

export const slowNotReady: Promised = {
  sentence: 'A daemon is not ready before its program is executed, also where that takes long',
  broken: (facts) => {
    const { trace, specs, claims } = facts
    const said = new Map(claims.map((claim) => [claim.index, claim]))
    const standing = new Map<string, number>()
    return first(trace, (moment) => {
      follow(standing, moment)
      if (moment.what === 'announce' && moment.text === 'READY=1') {
        const names = specs.filter(({ name }) => standing.has(name)).map(({ name }) => name)
        return names.length === 0 ? null : `all are ready, and ${names.join()} stands still`
      }
      const claim = said.get(moment.index)
      if (claim?.what === 'ready' && standing.has(claim.daemon))
        return `${claim.text}, and it stands still`
      if (moment.what !== 'spawn') return null
      const spec = specs.find(({ name }) => name === moment.daemon)
      const edge = spec?.after.find(
        ({ daemon, until }) => until !== 'started' && standing.has(daemon),
      )
      return edge === undefined
        ? null
        : `${moment.daemon} is started, and ${edge.daemon} stands still`
    })
  },
}

/** Of each daemon the pid that stands still. */
function follow(standing: Map<string, number>, moment: Moment): void {
  if (moment.what === 'spawn') {
    const { answer, daemon } = moment
    if ('pid' in answer && answer.isSlow) standing.set(daemon, answer.pid)
    else standing.delete(daemon)
  } else if (moment.what === 'executed' || moment.what === 'ended') {
    if (standing.get(moment.daemon) === moment.pid) standing.delete(moment.daemon)
  }
}

const limitMs = 5000
const waitMs = 50
const lookMs = 1000

export const slowKilled: Promised = {
  sentence: 'A child that stands still between clone and exec is killed after five seconds',
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
  if (endMs > latestMs) return `${nameOf(run)} stands still until ${endMs}, and is not killed`
  const isEarly = over?.what === 'too-slow' && over.atMs < spawned.atMs + limitMs - waitMs - 0.001
  return isEarly ? `${nameOf(run)} is killed at ${over.atMs}, before five seconds are over` : null
}

export const slowFailureTold: Promised = {
  sentence: 'What was never executed is told as a start that failed, with why, and not as a death',
  broken: (facts) => first(facts.runs, (run) => notTold(facts, run)),
}

function notTold(facts: Facts, run: RunFacts): string | null {
  const { exit, asked, claims } = run
  if (exit?.failure === undefined) return null
  const death = claims.find(({ what }) => what === 'died' || what === 'done')
  if (death !== undefined) return `${nameOf(run)} was never executed, and it is said: ${death.text}`
  if (facts.isBroken || (facts.finish !== null && facts.finish.index < exit.index)) return null
  if (asked !== null && asked.index < nextCall(facts, exit.index)) return null
  const failed = claims.filter(({ what }) => what === 'start-failed')
  const [claim] = failed
  if (claim === undefined || failed.length > 1)
    return `that ${nameOf(run)} was never executed is told ${failed.length} times`
  const words = wordsFor(exit.failure)
  return claim.text.includes(words) ? null : `of ${nameOf(run)} it is not said: ${words}`
}

function wordsFor({ step, errno }: { readonly step: string; readonly errno: string }): string {
  if (errno === 'ETIMEDOUT') return 'timed out before it executed'
  return step === 'user' ? 'cannot switch to its user' : `(${errno})`
}
