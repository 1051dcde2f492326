/** Promises about restarts: how many, and what became of each request. */
import type { Facts, Request, RunFacts } from '../facts.ts'
import { first, nameOf, type Promised } from './promise.ts'

export const notUnasked: Promised = {
  sentence:
    'Under "never" a daemon gets a new run only when somebody asked for it after the last one began',
  broken: ({ runs, requests, isBroken, isHelpless }) =>
    first(runs, (run) => {
      const before = runs.findLast(
        ({ spec, spawned }) => spec === run.spec && spawned.index < run.spawned.index,
      )
      if (before === undefined || before.run === run.run || !before.wasTried) return null
      // That it could not be started may be what is lost: it is tried once more.
      if (isHelpless || (isBroken && before.failure !== null)) return null
      // Those who are started by the policy, or with others, are for follower.ts.
      if (run.spec.restart.policy !== 'never' || run.spec.after.length > 0) return null
      const isAsked = requests.some(
        ({ verb, daemon, index }) =>
          verb !== 'stop' &&
          daemon === run.spec.name &&
          index > before.spawned.index &&
          index < run.spawned.index,
      )
      return isAsked ? null : `${nameOf(run)}: nobody asked for it`
    }),
}

export const shutdownWins: Promised = {
  sentence: 'Nothing is started once a shutdown has begun',
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
    'A request is followed by a run that is spawned after it, as soon as the old one is over',
  broken: (facts) => first(facts.requests, (request) => notSatisfied(facts, request)),
}

function notSatisfied(facts: Facts, { verb, daemon, index, atMs }: Request): string | null {
  if (facts.isBroken || facts.boot === null || verb !== 'restart') return null
  if (
    facts.requests.some((one) => one.daemon === daemon && one.verb === 'stop' && one.index >= index)
  )
    return null
  // Those who wait for others are for follower.ts.
  if (facts.specs.some(({ name, after }) => name === daemon && after.length > 0)) return null
  const own = facts.runs.filter(({ spec }) => spec.name === daemon)
  if (own.some(({ spawned }) => spawned.index > index) || !isSelected(facts, daemon)) return null
  const old = own.findLast(({ spawned }) => spawned.index < index)
  if (old !== undefined && startedAfter(facts, old, index)) return null
  const freeMs = old?.failure ? atMs : (old?.gone?.atMs ?? Number.POSITIVE_INFINITY)
  const dueMs = Math.max(atMs, freeMs) + facts.lostMs
  const endMs = facts.shutdown?.atMs ?? facts.finish?.atMs ?? Number.POSITIVE_INFINITY
  return dueMs < endMs ? `${daemon} is not started after the request at ${atMs}` : null
}

/** Its spawn was under way when the request came. */
function startedAfter({ lines }: Facts, { spec, run }: RunFacts, index: number): boolean {
  return lines.some(
    (line) =>
      line.index > index &&
      (line.text.startsWith(`${spec.name}: started, `) ||
        line.text.startsWith(`${spec.name}: cannot start`)) &&
      (line.text.endsWith(`run ${run}`) || line.text.includes(`(run ${run})`)),
  )
}

function isSelected({ specs }: Facts, daemon: string): boolean {
  return specs.some(({ name }) => name === daemon)
}

export const answeredOnce: Promised = {
  sentence: 'Each request is answered once: done, failed or superseded',
  broken: (facts) => {
    if (facts.boot === null || facts.finish === null) return null
    return first(facts.plan.daemons, ({ name }) => {
      const late = facts.asks.filter(({ daemon, isLate }) => daemon === name && isLate).length
      const asked = facts.requests.filter(({ daemon }) => daemon === name).length + late
      const answered = answersFor(facts, name).reduce((sum, { requests }) => sum + requests, 0)
      const isVague = facts.isBroken || facts.isBehind
      const isRight = isVague ? answered <= asked : answered === asked
      return isRight ? null : `${name}: ${asked} requests, ${answered} answers`
    })
  },
}

export const answeredRight: Promised = {
  sentence: 'A restart that is done names the run that did it',
  broken: (facts) =>
    first(facts.specs, ({ name }) =>
      first(answersFor(facts, name), ({ index, outcome }) => {
        if (!outcome.startsWith('done') || !outcome.includes(' -> ')) return null
        const pid = Number(outcome.split(' -> ')[1])
        const run = facts.runs.findLast(
          ({ spec, spawned }) => spec.name === name && spawned.index < index,
        )
        const isAsked = facts.requests.some(
          (request) => request.daemon === name && request.index < index,
        )
        return run?.pid === pid && isAsked ? null : `${name}: "${outcome}" is not so`
      }),
    ),
}

interface Answer {
  readonly index: number
  readonly requests: number
  readonly outcome: string
}

/** "d0: restart (USR1, asked 3 times): done in 0 ms, pid 2 -> 7". What the policy asked for itself is none. */
function answersFor({ lines }: Facts, daemon: string): Answer[] {
  const starts = ['start', 'stop', 'restart'].map((verb) => `${daemon}: ${verb} (`)
  return lines.flatMap(({ text, index }) => {
    const start = starts.find((one) => text.startsWith(one))
    if (start === undefined) return []
    const [asked = '', ...outcome] = text.slice(start.length).split('): ')
    const times = asked.split(', asked ')[1]
    const all = times === undefined ? 1 : Number(times.split(' ')[0])
    const requests = asked.startsWith('restart policy') ? all - 1 : all
    return [{ index, requests, outcome: outcome.join('): ') }]
  })
}
