/** Faults of one line to plant in pitcrew, and the promises that they break: the proof that the
 *  simulator detects them. They are applied to a copy in memory. */
import { initMutants } from './mutants/init.ts'
import { intruderMutants } from './mutants/intruders.ts'
import { policyMutants } from './mutants/policy.ts'
import { queueMutants } from './mutants/queue.ts'
import { runMutants } from './mutants/runs.ts'
import { schedulingMutants } from './mutants/scheduling.ts'
import { slowStartMutants } from './mutants/slow-starts.ts'
import { supervisorMutants } from './mutants/supervisor.ts'
import { ticketMutants } from './mutants/tickets.ts'
import { watchMutants } from './mutants/watch.ts'

export interface Mutant {
  readonly name: string
  /** Relative to src/. */
  readonly file: string
  readonly from: string
  readonly to: string
  /** The first promise that breaks (see check.ts) must be one of these. */
  readonly breaks: readonly string[]
  /** A schedule that catches the fault and is tried first. A change of the generator needs new
   *  ones. */
  readonly seed: number
}

export const mutants: readonly Mutant[] = [
  ...runMutants,
  ...supervisorMutants,
  ...ticketMutants,
  ...policyMutants,
  ...schedulingMutants,
  ...watchMutants,
  ...initMutants,
  ...intruderMutants,
  ...slowStartMutants,
  ...queueMutants,
]
