/** A process that judges mutations, one at a time: it runs the judges in turn until one detects the
 *  mutation. An exception in the mutated code counts as detected. */
import { compilerJudge } from './compiler.ts'
import type { Verdict } from './jobs.ts'
import type { Judge, Mutated, Subject } from './judge.ts'
import { simulatorJudge } from './simulator.ts'
import { storiesJudge } from './stories.ts'

export interface Settings {
  readonly root: string
  readonly subject: Subject
  readonly schedules: number
  /** The folder of this process. */
  readonly folder: string
}

const { root, subject, schedules, folder } = JSON.parse(process.argv[2] ?? '') as Settings
const judges: readonly Judge[] = [
  await simulatorJudge(root, subject, schedules),
  await storiesJudge(root, subject),
  compilerJudge(root, subject, folder),
]
process.on('disconnect', () => process.exit())
process.on('message', async ({ mutated }: { mutated: Mutated | null }) =>
  process.send?.(await verdictOn(mutated)),
)
process.send?.('beat')

async function verdictOn(mutated: Mutated | null): Promise<Verdict> {
  for (const judge of judges) {
    const how = await judge
      .verdictOn(mutated, () => process.send?.('beat'))
      .catch((error: unknown) => `throws ${error}`)
    if (how !== null) return { by: judge.name, how }
  }
  return { by: null, how: '' }
}
