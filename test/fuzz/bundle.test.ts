/** Fuzzes the readers of the bundle file (YAML) and the plan (JSON). Any text gives a plan that
 *  the core can run or a list of problems with places, and never an exception or a hang.
 *  FUZZ_SECONDS=600 npx vitest run test/fuzz runs longer; FUZZ_SEED replays. */
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

/** The time limit for one text, in ms: a hundred times that of the longest text of the corpus. */
const slowMs = 1000

/** Runs the check with new seeds until the time is up. A failure names its seed. */
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

/** Checks that an accepted plan can be run. */
function checkRuns(text: string): void {
  const answer = parsePlan(text)
  if ('error' in answer) return
  const effects = step(initialState(answer.plan), { type: 'boot', atMs: 0 })
  if (answer.plan.daemons.length > 0 && effects.length === 0) throw new Error('it starts nothing')
}

test(
  'any text read as a bundle gives a plan or a list of problems',
  () => {
    let plans = 0
    const inputs = fuzz((random) => {
      const answer = loadBundle(mutate(corpus, random))
      if ('plan' in answer) {
        plans++
        const problem = checkPlan(answer.plan)
        if (problem !== null) throw new Error(`its plan is refused: ${problem}`)
        checkRuns(serializePlan(answer.plan))
        return
      }
      if (answer.problems.length === 0) throw new Error('neither a plan nor a problem')
    })
    // Both outcomes must occur, or the mutations are too strong or too weak.
    expect(plans).toBeGreaterThan(inputs / 200)
    expect(plans).toBeLessThan(inputs)
  },
  seconds * 1000 + 20_000,
)

test(
  'any text read as a plan is run or refused',
  () => {
    const plans = corpus.flatMap((text) => {
      const answer = loadBundle(text)
      return 'plan' in answer ? [serializePlan(answer.plan)] : []
    })
    expect(plans.length).toBeGreaterThan(1)
    expect(fuzz((random) => checkRuns(mutate(plans, random)))).toBeGreaterThan(100)
  },
  seconds * 1000 + 20_000,
)
