/** The plan as text: what `pitcrew build` writes, what the parsing helper hands to the init and
 *  what the init loads without a parser. */
import { type DaemonSpec, type Plan, planFormat, specDefaults } from './plan.ts'
import { isRecord } from './shape.ts'

/** The largest bundle that is parsed, in bytes: 1 MiB. */
export const maxBundleBytes: number = 1024 * 1024
/** The largest plan that is read, in bytes: 4 MiB, room for the most daemons at 1 KiB each. */
export const maxPlanBytes: number = 4 * 1024 * 1024

export type PlanAnswer = { readonly plan: Plan } | { readonly error: string }

/** One line of JSON. The format comes first, so that a glance tells a plan from a bundle. What a
 *  daemon has by default is left out: with a thousand daemons that is most of the text, of the time
 *  to read it, and of the memory, since those who have the same default share it. */
export function serializePlan(plan: Plan): string {
  const { plan: format, daemons, ...rest } = plan
  return JSON.stringify({ plan: format, ...rest, daemons: daemons.map(withoutDefaults) })
}

const defaults = Object.entries(specDefaults)

function withoutDefaults(spec: DaemonSpec): object {
  const own: Record<string, unknown> = { ...spec }
  for (const [key, value] of defaults) {
    if (JSON.stringify(own[key]) === JSON.stringify(value)) delete own[key]
  }
  return own
}

function addDefaults(plan: unknown): void {
  if (!isRecord(plan) || !Array.isArray(plan.daemons)) return
  for (const daemon of plan.daemons) {
    if (!isRecord(daemon)) continue
    for (const [key, value] of defaults) {
      if (daemon[key] === undefined) daemon[key] = value
    }
  }
}

const head = `{"plan":${planFormat},`
const sumHead = '"sum":"'
const sumLength = 16

/** Sixteen digits that tell one text from another. Not against malice: who may write a plan may run
 *  what he likes. */
export type SumOf = (text: string) => string

/** The text of a plan that is valid, with the sum of it. Checking a plan costs PID 1 more than all
 *  else of its start; what was checked when it was built, and has not changed, is not checked
 *  again. Who changes it by hand loses only that. */
export function sealPlan(plan: Plan, sumOf: SumOf): string {
  const text = serializePlan(plan)
  return `${head}${sumHead}${sumOf(text)}",${text.slice(head.length)}`
}

function isSealed(text: string, sumOf: SumOf): boolean {
  const start = head.length + sumHead.length
  if (!text.startsWith(head + sumHead)) return false
  const rest = text.slice(start + sumLength + '",'.length).trimEnd()
  return sumOf(head + rest) === text.slice(start, start + sumLength)
}

/** True for the text of a plan, of whatever format; a bundle has no key `plan`. */
export function isPlanText(text: string): boolean {
  const start = text.trimStart()
  return start.startsWith('{') && start.slice(1, 80).trimStart().startsWith('"plan"')
}

/** What is wrong with a plan, in one line; null = nothing. */
export type PlanCheck = (plan: unknown) => string | null

/** @param checkOf Gives the check when it is needed: it is large, and a sealed plan does without.
 *  @param sumOf The one that the text was sealed with; null = it is checked in any case. */
export function readPlan(
  text: string,
  checkOf: () => PlanCheck,
  sumOf: SumOf | null = null,
): PlanAnswer {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    return { error: cause instanceof Error ? cause.message : 'it is not JSON' }
  }
  if (isRecord(value) && 'sum' in value) delete value.sum
  addDefaults(value)
  if (sumOf !== null && isSealed(text, sumOf)) return { plan: value as Plan }
  const error = checkOf()(value)
  return error === null ? { plan: value as Plan } : { error }
}
