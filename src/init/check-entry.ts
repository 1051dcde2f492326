/** Where the image that checks a plan begins: loaded only for a plan that is not sealed. */
import { checkPlan } from '../core/plan-check.ts'

const world = globalThis as unknown as { pitcrewCheck: typeof checkPlan }

world.pitcrewCheck = checkPlan
