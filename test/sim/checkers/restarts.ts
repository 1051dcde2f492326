/** Promises about restarts and the results of requests. */
import type { Facts, Request, RunFacts } from '../judge/facts.ts'
import { kept, lastRun } from '../judge/timeline.ts'
import { first, nameOf, type Promised } from './promise.ts'

export const startRequested: Promised = {
  sentence:
    'With the policy `never` a daemon gets a new run only on a request after its last run began',
  broken: (facts) =>
    first(facts.runs, (run) => {
      const { requests, isBroken, isHelpless } = facts
      const before = lastRun(facts, run.spec.name, run.spawned.index)
      if (before === undefined || before.run === run.run || !before.wasTried) return null
      // The line about a failed start may be lost to a fault: the start is retried.
      if (isHelpless || (isBroken && before.failure !== null)) return null
      // follower.ts checks starts by the policy and with dependencies.
      if (run.spec.restart.policy !== 'never' || run.spec.after.length > 0) return null
      const isAsked = requests.some(
        ({ verb, daemon, index }) =>
          verb !== 'stop' &&
          daemon === run.spec.name &&
          index > before.spawned.index &&
          index < run.spawned.index,
      )
      return isAsked ? null : `${nameOf(run)} was not requested`
    }),
}

export const shutdownWins: Promised = {
  sentence: 'No daemon is started once a shutdown has begun',
  broken: ({ runs, shutdown, finish }) => {
    const sinceIndex = Math.min(
      shutdown?.index ?? Number.POSITIVE_INFINITY,
      finish?.index ?? Number.POSITIVE_INFINITY,
    )
    const late = runs.find(({ spawned, wasTried }) => wasTried && spawned.index > sinceIndex)
    return late === undefined ? null : `${nameOf(late)} is started`
  },
}

export const satisfied: Promised = {
  sentence:
    'A request is followed by a run that is spawned after it, as soon as the old run is over',
  broken: (facts) => first(facts.requests, (request) => notSatisfied(facts, request)),
}

function notSatisfied(facts: Facts, { verb, daemon, index, atMs }: Request): string | null {
  if (facts.isBroken || facts.boot === null || verb !== 'restart') return null
  if (
    facts.requests.some((one) => one.daemon === daemon && one.verb === 'stop' && one.index >= index)
  )
    return null
  // follower.ts checks daemons with dependencies.
  if (facts.specs.some(({ name, after }) => name === daemon && after.length > 0)) return null
  const last = lastRun(facts, daemon)
  if ((last !== undefined && last.spawned.index > index) || !isSelected(facts, daemon)) return null
  const old = lastRun(facts, daemon, index)
  if (old !== undefined && startedAfter(old, index)) return null
  const freeMs = old?.failure ? atMs : (old?.gone?.atMs ?? Number.POSITIVE_INFINITY)
  const dueMs = Math.max(atMs, freeMs) + facts.lostMs
  const endMs = facts.shutdown?.atMs ?? facts.finish?.atMs ?? Number.POSITIVE_INFINITY
  return dueMs < endMs ? `${daemon} is not started after the request at ${atMs}` : null
}

/** Its spawn was in progress when the request came. */
function startedAfter({ claims }: RunFacts, index: number): boolean {
  return claims.some((claim) => {
    return claim.index > index && (claim.what === 'started' || claim.what === 'start-failed')
  })
}

function isSelected({ specs }: Facts, daemon: string): boolean {
  return specs.some(({ name }) => name === daemon)
}

export const answeredOnce: Promised = {
  sentence: 'Each request is answered once: done, failed or superseded',
  broken: (facts) => {
    if (facts.boot === null || facts.finish === null) return null
    return first(facts.plan.daemons, ({ name }) => {
      const late = facts.controlRequests.filter(
        ({ daemon, isLate }) => daemon === name && isLate,
      ).length
      const requested = facts.requests.filter(({ daemon }) => daemon === name).length + late
      const answered = (answersOf(facts).get(name) ?? []).reduce(
        (sum, { requests }) => sum + requests,
        0,
      )
      const isVague = facts.isBroken || facts.isBehind
      const isRight = isVague ? answered <= requested : answered === requested
      return isRight ? null : `${name}: ${requested} requests, ${answered} answers`
    })
  },
}

export const answeredRight: Promised = {
  sentence: 'The result of a restart names the run that completed it',
  broken: (facts) =>
    first(facts.specs, ({ name }) =>
      first(answersOf(facts).get(name) ?? [], ({ index, outcome }) => {
        if (!outcome.startsWith('done') || !outcome.includes(' -> ')) return null
        const pid = Number(outcome.split(' -> ')[1])
        const run = lastRun(facts, name, index)
        const isAsked = facts.requests.some(
          (request) => request.daemon === name && request.index < index,
        )
        return run?.pid === pid && isAsked ? null : `${name}: "${outcome}" is wrong`
      }),
    ),
}

interface Answer {
  readonly index: number
  readonly requests: number
  readonly outcome: string
}

/** The results of requests, by daemon. */
const answersOf = kept(({ lines }): ReadonlyMap<string, readonly Answer[]> => {
  const answers = new Map<string, Answer[]>()
  for (const { text, index } of lines) {
    const found = answerIn(text, index)
    if (found === null) continue
    const [daemon, answer] = found
    const before = answers.get(daemon)
    if (before === undefined) answers.set(daemon, [answer])
    else before.push(answer)
  }
  return answers
})

/** "d0: restart (USR1, requested 3 times): done in 0 ms, pid 2 -> 7". Requests of the policy itself
 *  do not count. */
function answerIn(text: string, index: number): readonly [daemon: string, Answer] | null {
  const groups = answer.exec(text)?.groups
  if (groups === undefined) return null
  const { daemon = '', requested = '', outcome = '' } = groups
  const times = requested.split(', requested ')[1]
  const all = times === undefined ? 1 : Number(times.split(' ')[0])
  const requests = requested.startsWith('restart policy') ? all - 1 : all
  return [daemon, { index, requests, outcome }]
}

const answer =
  /^(?<daemon>[a-z0-9]+): (?:start|stop|restart) \((?<requested>.*?)\): (?<outcome>.*)$/
