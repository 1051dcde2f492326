/** Promises about the order of starts and stops. */
import type { DaemonSpec } from '../../../src/core/plan/plan.ts'
import type { Facts, RunFacts, When } from '../judge/facts.ts'
import { kept, lastRun } from '../judge/timeline.ts'
import { isFaultClaim, kills, stopOrder } from './orders.ts'
import { first, nameOf, type Promised } from './promise.ts'

export const startOrder: Promised = {
  sentence: 'Daemons without dependencies start in the order of the file',
  broken: ({ specs, runs, requests, isHelpless }) => {
    if (isHelpless || specs.some(({ after }) => after.length > 0)) return null
    const hasLostTurn = ({ spec, spawned }: RunFacts): boolean =>
      requests.some(
        ({ verb, daemon, index }) =>
          verb === 'stop' && daemon === spec.name && index < spawned.index,
      )
    // The turn of a daemon that could not be spawned at all is not known. One that was stopped
    // before its first run has lost its turn.
    const firsts = runs.filter((one) => one.run === 1 && one.wasTried && !hasLostTurn(one))
    const started = [...new Set(firsts.map(({ spec }) => spec.name))]
    const inOrder = specs.map(({ name }) => name).filter((name) => started.includes(name))
    return inOrder.join() === started.join() ? null : `started as ${started.join()}`
  },
}

export const stopInOrder: Promised = {
  sentence: 'In a shutdown a daemon is stopped when all of its dependents have ended',
  broken: (facts) => first(facts.runs, (run) => stoppedTooEarly(facts, run)),
}

function stoppedTooEarly(facts: Facts, run: RunFacts): string | null {
  const { shutdown } = facts
  const order = stopOrder(run)
  if (shutdown === null || order === null || order.index < shutdown.index || order.inRecovery)
    return null
  // A stop that was ordered before the shutdown is ordered again.
  if (facts.isSignalLost) return null
  // A run that is still being spawned when the shutdown begins ends at once: it has no users yet.
  if (!isKnown(run, shutdown)) return null
  // An unhealthy run is stopped without regard to its dependents.
  if (run.claims.some(({ what, index }) => isFaultClaim(what) && index < order.index)) return null
  const blocker = dependentsOf(facts, run.spec).find((dependent) => {
    const freed = freedAt(dependent)
    return dependent.spawned.index < order.index && (freed === null || freed.atMs > order.atMs)
  })
  return blocker === undefined
    ? null
    : `${nameOf(run)} is stopped before ${nameOf(blocker)} is over`
}

/** pitcrew had logged its start. */
function isKnown({ claims }: RunFacts, before: When): boolean {
  return claims.some(({ what, index }) => what === 'started' && index < before.index)
}

export const stopAtOnce: Promised = {
  sentence: 'In a shutdown a daemon is stopped as soon as its last dependent has ended',
  broken: (facts) => first(facts.runs, (run) => stoppedTooLate(facts, run)),
}

function stoppedTooLate(facts: Facts, run: RunFacts): string | null {
  const { shutdown, isBroken, lostMs } = facts
  if (shutdown === null || facts.isHelpless || run.failure !== null) return null
  const blockers = dependentsOf(facts, run.spec).map(freedAt)
  if (blockers.includes(null)) return null
  const dueMs = Math.max(shutdown.atMs, ...blockers.map((freed) => freed?.atMs ?? 0))
  const latestMs = dueMs + (isBroken ? 2000 : 0) + lostMs + 2 * facts.lateMs + 1
  // KILL may be the first signal when the stop signal was lost and there is no grace.
  const endMs = Math.min(
    stopOrder(run)?.atMs ?? Number.POSITIVE_INFINITY,
    kills(run)[0]?.atMs ?? Number.POSITIVE_INFINITY,
    run.exit?.atMs ?? Number.POSITIVE_INFINITY,
    facts.endMs,
  )
  return endMs <= latestMs ? null : `${nameOf(run)} should be stopped at ${dueMs}, and is not`
}

/** The last runs of the direct and indirect dependents of a daemon. */
function dependentsOf(facts: Facts, { name }: DaemonSpec): readonly RunFacts[] {
  return allDependents(facts).get(name) ?? []
}

const allDependents = kept((facts): ReadonlyMap<string, readonly RunFacts[]> => {
  const { specs } = facts
  const all = new Map<string, readonly RunFacts[]>()
  for (const { name } of specs) {
    const found = new Set([name])
    for (let size = 0; size !== found.size; ) {
      size = found.size
      for (const spec of specs)
        if (spec.after.some(({ daemon }) => found.has(daemon))) found.add(spec.name)
    }
    found.delete(name)
    all.set(
      name,
      [...found].flatMap((other) => lastRun(facts, other) ?? []),
    )
  }
  return all
})

/** When it delays other daemons no longer: it is over, or KILL has had no effect for a second. */
function freedAt(run: RunFacts): When | null {
  if (run.failure !== null) return run.spawned
  const kill = kills(run)[0]
  const stuck = kill === undefined ? null : { atMs: kill.atMs + 1000, index: kill.index }
  if (run.gone === null || stuck === null) return run.gone ?? stuck
  return run.gone.atMs < stuck.atMs ? run.gone : stuck
}
