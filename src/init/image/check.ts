/** The image "check": checks a plan. It is loaded only for a plan that is not sealed. */
import { planCheck } from '../../core/plan/check-plan.ts'

const world = globalThis as unknown as { pitcrewCheck: typeof planCheck }

world.pitcrewCheck = planCheck
