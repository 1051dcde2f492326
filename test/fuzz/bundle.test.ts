/** Fuzzes what reads a user's text: the bundle file (YAML) and the plan (JSON). Whatever comes in, the answer is
 *  a plan that the core can run or a list of problems with places; never a throw, never a hang.
 *  FUZZ_SECONDS=600 npx vitest run test/fuzz makes it longer; FUZZ_SEED replays. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { loadBundle } from '../../src/bundle/load.ts'
import { checkPlan, parsePlan } from '../../src/core/plan/check-plan.ts'
import { serializePlan } from '../../src/core/plan/plan-text.ts'
import { initialState } from '../../src/core/supervisor/state.ts'
import { step } from '../../src/core/supervisor/supervisor.ts'
import { Random } from '../core/random.ts'
import { mutate } from './mutate.ts'

const corpusFolder = resolve(import.meta.dirname, 'corpus')
const corpus = readdirSync(corpusFolder).map((name) =>
  readFileSync(join(corpusFolder, name), 'utf8'),
)
const seconds = Number(process.env.FUZZ_SECONDS ?? 3)
const firstSeed = Number(process.env.FUZZ_SEED ?? 1)

/** What one text may take, in ms: a hundred times what the longest of the corpus takes. */
const slowMs = 1000

/** Plays inputs until the time is up; the seed of one that fails is in the message. */
function fuzz(check: (random: Random) => void): number {
  const endAt = performance.now() + seconds * 1000
  let seed = firstSeed
  for (; performance.now() < endAt; seed++) {
    const startedAt = performance.now()
    try {
      check(new Random(seed))
    } catch (cause) {
      throw new Error(`FUZZ_SEED=${seed}`, { cause })
    }
    const tookMs = performance.now() - startedAt
    if (tookMs > slowMs) throw new Error(`FUZZ_SEED=${seed}: took ${tookMs} ms`)
  }
  return seed - firstSeed
}

/** A plan that was accepted can be run. */
function runs(text: string): void {
  const answer = parsePlan(text)
  if ('error' in answer) return
  const effects = step(initialState(answer.plan), { type: 'boot', atMs: 0 })
  if (answer.plan.daemons.length > 0 && effects.length === 0) throw new Error('it starts nothing')
}

test(
  'a bundle of any text is a plan or a list of problems',
  () => {
    let plans = 0
    const inputs = fuzz((random) => {
      const answer = loadBundle(mutate(corpus, random))
      if ('plan' in answer) {
        plans++
        const problem = checkPlan(answer.plan)
        if (problem !== null) throw new Error(`its plan is refused: ${problem}`)
        runs(serializePlan(answer.plan))
        return
      }
      if (answer.problems.length === 0) throw new Error('neither a plan nor a problem')
    })
    // Both ways were gone, or the mutations are too wild or too tame.
    expect(plans).toBeGreaterThan(inputs / 200)
    expect(plans).toBeLessThan(inputs)
  },
  seconds * 1000 + 20_000,
)

test(
  'a plan of any text is run or refused',
  () => {
    const plans = corpus.flatMap((text) => {
      const answer = loadBundle(text)
      return 'plan' in answer ? [serializePlan(answer.plan)] : []
    })
    expect(plans.length).toBeGreaterThan(1)
    expect(fuzz((random) => runs(mutate(plans, random)))).toBeGreaterThan(100)
  },
  seconds * 1000 + 20_000,
)
