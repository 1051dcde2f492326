/** The plan as text: what `pitcrew build` writes, what the parsing helper hands to the init and
 *  what the init loads without a parser. */
import type { Plan } from './plan.ts'
import { checkPlan } from './plan-check.ts'

/** The largest bundle that is parsed, in bytes: 1 MiB. */
export const maxBundleBytes: number = 1024 * 1024
/** The largest plan that is read, in bytes: 4 MiB, room for the most daemons at 1 KiB each. */
export const maxPlanBytes: number = 4 * 1024 * 1024

export type PlanAnswer = { readonly plan: Plan } | { readonly error: string }

/** One line of JSON. The format comes first, so that a glance tells a plan from a bundle. */
export function serializePlan(plan: Plan): string {
  const { plan: format, ...rest } = plan
  return JSON.stringify({ plan: format, ...rest })
}

/** True for the text of a plan, of whatever format; a bundle has no key `plan`. */
export function isPlanText(text: string): boolean {
  const start = text.trimStart()
  return start.startsWith('{') && start.slice(1, 80).trimStart().startsWith('"plan"')
}

export function parsePlan(text: string): PlanAnswer {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    return { error: cause instanceof Error ? cause.message : 'it is not JSON' }
  }
  const error = checkPlan(value)
  return error === null ? { plan: value as Plan } : { error }
}
