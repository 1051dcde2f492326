/** Faults to plant in pitcrew, one line each, and which promise is seen to break by them: the proof that the simulator
 *  would notice. They are applied to a copy in memory. */
import { initMutants } from './mutants/init.ts'
import { intruderMutants } from './mutants/intruders.ts'
import { lanesMutants } from './mutants/lanes.ts'
import { policyMutants } from './mutants/policy.ts'
import { queueMutants } from './mutants/queue.ts'
import { runMutants } from './mutants/runs.ts'
import { slowStartMutants } from './mutants/slow-starts.ts'
import { supervisorMutants } from './mutants/supervisor.ts'
import { ticketMutants } from './mutants/tickets.ts'
import { watchMutants } from './mutants/watch.ts'

export interface Mutant {
  readonly name: string
  /** Seen from src/. */
  readonly file: string
  readonly from: string
  readonly to: string
  /** The promises (see check.ts) of which the first that breaks must be one. */
  readonly breaks: readonly string[]
  /** A schedule in which that is seen, tried first. When schedules change it is searched for anew. */
  readonly seed: number
}

export const mutants: readonly Mutant[] = [
  ...runMutants,
  ...supervisorMutants,
  ...ticketMutants,
  ...policyMutants,
  ...lanesMutants,
  ...watchMutants,
  ...initMutants,
  ...intruderMutants,
  ...slowStartMutants,
  ...queueMutants,
]
