/** The judge that plays schedules: each promise of the simulator can detect a mutation. */
import { join } from 'node:path'
import { type Simulator, simulatorWith } from '../sim/simulator-with.ts'
import { inputsOf } from './inputs.ts'
import type { Judge, Subject } from './judge.ts'

export async function simulatorJudge(
  root: string,
  subject: Subject,
  schedules: number,
): Promise<Judge> {
  const entry = join(root, subject.simulator)
  const inputs = (await inputsOf(root, [entry])).get(entry)
  return {
    name: 'simulator',
    async verdictOn(mutated, beat) {
      const path = mutated === null ? '' : join(root, subject.source, mutated.file)
      if (mutated !== null && !inputs?.includes(path)) return null
      const { judge, scheduleFor } = await simulatorWith<Simulator>(
        entry,
        path,
        mutated?.text ?? '',
      )
      for (let seed = 1; seed <= schedules; seed++) {
        const { broken } = judge(scheduleFor(seed))
        if (broken !== null) return `${broken.name} in seed ${seed}`
        beat()
      }
      return null
    },
  }
}
