/** The plan as text: `pitcrew build` writes it, the parsing helper hands it to the init, and the
 *  init loads it without a parser. */
import { type DaemonSpec, type Plan, planFormat, specDefaults } from './plan.ts'
import { isRecord } from './shape.ts'

/** The largest bundle that is parsed, in bytes: 1 MiB. */
export const maxBundleBytes: number = 1024 * 1024
/** The largest plan that is read, in bytes: 4 MiB, room for the most daemons at 1 KiB each. */
export const maxPlanBytes: number = 4 * 1024 * 1024

export type PlanAnswer = { readonly plan: Plan } | { readonly error: string }

/** JSON with one line for each daemon, so that it can be read daemon by daemon. The format comes
 *  first, which tells a plan from a bundle. Defaults are left out: with a thousand daemons they are
 *  most of the text, of the time to read it and of the memory, which daemons with the same default
 *  then share. */
export function serializePlan(plan: Plan): string {
  const { plan: format, daemons, ...rest } = plan
  const head = JSON.stringify({ plan: format, ...rest, daemons: [] })
  const lines = daemons.map(serializeDaemon)
  return `${head.slice(0, -']}'.length)}\n${lines.join(',\n')}\n]}`
}

const defaults = /* @__PURE__ */ Object.entries(specDefaults)

/** The text without the fields that have their default value. */
function serializeDaemon(spec: DaemonSpec): string {
  const fields = [
    `"name":${JSON.stringify(spec.name)}`,
    `"command":${JSON.stringify(spec.command)}`,
  ]
  for (const [key, value] of defaults) {
    const own = spec[key as keyof DaemonSpec]
    if (own === value) continue
    const text = JSON.stringify(own)
    if (text !== JSON.stringify(value)) fields.push(`"${key}":${text}`)
  }
  return `{${fields.join()}}`
}

function addDefaults(daemon: unknown): void {
  if (!isRecord(daemon)) return
  for (const [key, value] of defaults) {
    if (daemon[key] === undefined) daemon[key] = value
  }
}

const head = `{"plan":${planFormat},`
const sumHead = '"sum":"'
const sumLength = 16

/** Sixteen digits that detect a change of the text. No protection from malice: a user that may
 *  write a plan may run any command. */
export type SumOf = (text: string) => string

/** The text of a valid plan with its sum. Checking a plan costs PID 1 more than the rest of its
 *  start, so a plan that has not changed since its build is not checked again. A change by hand
 *  only loses this advantage. */
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

/** Whether a text is a plan, of any format; a bundle has no key `plan`. */
export function isPlanText(text: string): boolean {
  const start = text.trimStart()
  return start.startsWith('{') && start.slice(1, 80).trimStart().startsWith('"plan"')
}

/** Each returns the problem in one line; null = none. */
export interface PlanCheck {
  /** Checks everything but the daemons. */
  readonly head: (plan: unknown) => string | null
  readonly daemon: (spec: unknown, index: number) => string | null
  /** Checks what concerns several daemons. */
  readonly references: (plan: Plan) => string | null
}

/** Reads a plan of any size in steps of a bounded length: it yields after each daemon. Only a text
 *  that `serializePlan` did not write is parsed at once.
 *  @param checkOf Loads the check on demand: it is large, and a sealed plan does not need it.
 *  @param sumOf Computes the sum of a sealed text; null = check the plan in any case. */
export function* readPlan(
  text: string,
  checkOf: () => PlanCheck,
  sumOf: SumOf | null = null,
): Generator<undefined, PlanAnswer, void> {
  let value: unknown
  try {
    value = (yield* parseLines(text)) ?? JSON.parse(text)
  } catch (cause) {
    return { error: cause instanceof Error ? cause.message : 'it is not JSON' }
  }
  yield
  if (isRecord(value) && 'sum' in value) delete value.sum
  const check = sumOf !== null && isSealed(text, sumOf) ? null : checkOf()
  const problem = check?.head(value) ?? null
  if (problem !== null) return { error: problem }
  const plan = value as Plan
  for (const [index, daemon] of plan.daemons.entries()) {
    addDefaults(daemon)
    const wrong = check?.daemon(daemon, index) ?? null
    if (wrong !== null) return { error: wrong }
    yield
  }
  const wrong = check?.references(plan) ?? null
  return wrong === null ? { plan } : { error: wrong }
}

/** Reads a plan in one step, for callers without a time limit. */
export function readWholePlan(...from: Parameters<typeof readPlan>): PlanAnswer {
  const steps = readPlan(...from)
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}

/** Parses the text line by line; null = it has another form, or is not complete. */
function* parseLines(text: string): Generator<undefined, unknown, void> {
  let end = text.indexOf('\n')
  const head = text.slice(0, Math.max(0, end))
  if (!head.endsWith('"daemons":[')) return null
  const plan = parsed(`${head}]}`)
  if (!isRecord(plan) || !Array.isArray(plan.daemons)) return null
  for (let start = end + 1; ; start = end + 1) {
    end = text.indexOf('\n', start)
    const line = text.slice(start, end === -1 ? undefined : end)
    if (line === ']}') return end === -1 || text.slice(end).trim() === '' ? plan : null
    if (end === -1) return null
    const daemon = parsed(line.endsWith(',') ? line.slice(0, -1) : line)
    if (daemon === undefined) return null
    plan.daemons.push(daemon)
    yield
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
