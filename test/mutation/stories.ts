/** The judge that runs tests. One vitest serves all mutations, and replaces the file by the text
 *  of the mutation. It runs the tests that depend on the file, one after the other in one
 *  thread, beginning with those that detected the previous mutations. */
import { join } from 'node:path'
import { BaseSequencer, createVitest, type TestSpecification, type Vitest } from 'vitest/node'
import { inputsOf } from './inputs.ts'
import type { Judge, Subject } from './judge.ts'

export async function storiesJudge(root: string, subject: Subject): Promise<Judge> {
  let now = { path: '', text: '' }
  let beat = () => {}
  const place = {
    name: 'place',
    enforce: 'pre',
    load: (id: string) => (id === now.path ? now.text : null),
  } as const
  const vitest = await createVitest(
    'test',
    {
      root,
      config: false,
      include: subject.stories.map((folder) => `${folder}/**/*.test.ts`),
      watch: false,
      pool: 'threads',
      isolate: false,
      maxWorkers: 1,
      sequence: { sequencer: AsGiven },
      bail: 1,
      // jobs.ts ends tests that take too long.
      testTimeout: 0,
      update: 'none',
      reporters: [{ onTestModuleEnd: () => beat() }],
    },
    { plugins: [place], cacheDir: join(root, 'build/mutation/vite'), logLevel: 'silent' },
  )
  let tests = await vitest.globTestSpecifications()
  const inputs = await inputsOf(
    root,
    tests.map(({ moduleId }) => moduleId),
  )
  return {
    name: 'stories',
    async verdictOn(mutated, onBeat) {
      beat = onBeat
      const path = mutated === null ? '' : join(root, subject.source, mutated.file)
      for (const changed of [now.path, path]) vitest.invalidateFile(changed)
      now = { path, text: mutated?.text ?? '' }
      for (const folder of subject.stories) {
        const related = tests.filter(
          ({ moduleId }) =>
            moduleId.startsWith(join(root, folder, '/')) &&
            (mutated === null || inputs.get(moduleId)?.includes(path)),
        )
        if (related.length === 0) continue
        const failure = await run(vitest, related)
        if (failure === null) continue
        tests = [failure.of, ...tests.filter((one) => one !== failure.of)]
        return failure.how
      }
      return null
    },
  }
}

class AsGiven extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files
  }
}

interface Failure {
  readonly of: TestSpecification
  readonly how: string
}

/** The first failure; null if all tests passed. */
async function run(vitest: Vitest, tests: TestSpecification[]): Promise<Failure | null> {
  const { unhandledErrors } = await vitest.runTestSpecifications(tests)
  for (const one of tests) {
    const { testModule } = one
    if (testModule === undefined || testModule.ok()) continue // Passed, or not run after a failure.
    const [failed] = testModule.children.allTests('failed')
    const how = failed === undefined ? 'cannot be loaded' : failed.fullName
    return { of: one, how: `${testModule.relativeModuleId}: ${how}` }
  }
  const [first] = tests
  if (unhandledErrors.length === 0 || first === undefined) return null
  return { of: first, how: String(unhandledErrors[0]) }
}
