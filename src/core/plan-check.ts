/** Checks a plan that comes from outside: from a file that `pitcrew build` wrote, or from the
 *  helper that parsed the bundle. The init believes nothing else about its input, so every field
 *  is checked here, once, and the code behind it needs no doubts. One table, read from top to
 *  bottom, because PID 1 has neither a validation library nor regular expressions. */
import { findCycle } from './cycle.ts'
import { isEnvName, isEnvPattern, isName } from './names.ts'
import { type DaemonSpec, limitNames, type Plan, planFormat } from './plan.ts'
import { signalNumbers } from './signals.ts'

export const maxDaemons = 4096

/** Signals to pitcrew that have one meaning for good, and why. */
export const unmappableSignals: Readonly<Record<string, string | undefined>> = {
  TERM: 'TERM always shuts down',
  INT: 'INT always shuts down',
  KILL: 'no program can receive KILL',
  STOP: 'no program can receive STOP',
  CHLD: 'CHLD tells pitcrew that a process has ended',
}

/** What is wrong with a value at a place, or null. */
type Check = (value: unknown, place: string) => string | null

/**
 * @param value What JSON.parse gave.
 * @returns null when it is a Plan; else the first thing that is wrong and where, such as
 *          `daemons[2].stop.graceMs: expected a number or null`.
 */
export function checkPlan(value: unknown): string | null {
  if (!isRecord(value)) return 'expected a plan, which is an object'
  if (value.plan !== planFormat) return wrongFormat(value.plan)
  return planShape(value, '') ?? checkReferences(value as unknown as Plan)
}

function wrongFormat(format: unknown): string {
  if (typeof format !== 'number') return 'plan: expected the number of the format'
  return `plan: format ${format} is not known, this version reads format ${planFormat}`
}

const text: Check = (value, place) =>
  typeof value === 'string' && !value.includes('\0') ? null : `${place}: expected text`
const flag: Check = (value, place) =>
  typeof value === 'boolean' ? null : `${place}: expected true or false`
const name = textThat('a name', isName)
const someText = textThat('text that is not empty', (value) => value !== '')
const envName = textThat('the name of an environment variable', isEnvName)
const envPattern = textThat(
  'the name of an environment variable, maybe with * at its end',
  isEnvPattern,
)
const signal = textThat('the name of a signal', (value) => Object.hasOwn(signalNumbers, value))
const mappedSignal = textThat(
  'the name of a signal that can be mapped',
  (value) => Object.hasOwn(signalNumbers, value) && !Object.hasOwn(unmappableSignals, value),
)
const ms = integer(0, Number.MAX_SAFE_INTEGER, 'a number')
const limit: Check = (value, place) => (value === 'unlimited' ? null : ms(value, place))

const daemonShape = fields({
  name,
  command: list(text, 1),
  cwd: orNull(someText),
  env: fields({
    set: record(envName, text),
    pass: orNull(list(envPattern)),
    claim: list(envPattern),
  }),
  after: list(name),
  stop: fields({
    signal,
    graceMs: orNull(ms),
    success: list(integer(0, 255, 'an exit code')),
  }),
  restart: fields({ policy: textThat('"never"', (value) => value === 'never') }),
  main: flag,
  critical: flag,
  user: orNull(someText),
  group: orNull(someText),
  umask: orNull(integer(0, 0o777, 'a file mode mask')),
  limits: record(
    textThat('the name of a limit', (value) => limitNames.some((known) => known === value)),
    fields({ soft: limit, hard: limit }),
  ),
})

const planShape = fields({
  plan: ms,
  name,
  label: someText,
  select: envName,
  deadlineMs: integer(1, Number.MAX_SAFE_INTEGER, 'a number'),
  signals: record(mappedSignal, fields({ forward: list(name), restart: list(name) })),
  daemons: list(daemonShape, 1, maxDaemons),
})

/** What no single field can know: names that must exist, or must not exist twice. */
function checkReferences(plan: Plan): string | null {
  const known = new Set<string>()
  for (const [index, { name }] of plan.daemons.entries()) {
    if (known.has(name)) return `daemons[${index}].name: "${name}" is there twice`
    known.add(name)
  }
  const mains = plan.daemons.filter(({ main }) => main)
  if (mains.length > 1) return 'daemons: more than one has main: true'
  return checkNames(plan, known) ?? checkCycle(plan.daemons)
}

function checkNames(plan: Plan, known: ReadonlySet<string>): string | null {
  for (const [index, { after }] of plan.daemons.entries()) {
    const missing = after.find((name) => !known.has(name))
    if (missing !== undefined) return `daemons[${index}].after: no daemon "${missing}"`
  }
  for (const [signal, { forward, restart }] of Object.entries(plan.signals)) {
    const missing = [...forward, ...restart].find((name) => !known.has(name))
    if (missing !== undefined) return `signals.${signal}: no daemon "${missing}"`
  }
  return null
}

function checkCycle(daemons: readonly DaemonSpec[]): string | null {
  const cycle = findCycle(daemons)
  return cycle === null ? null : `daemons: after goes around: ${cycle.join(' → ')}`
}

/** An object with exactly these fields. */
function fields(shape: Readonly<Record<string, Check>>): Check {
  return (value, place) => {
    if (!isRecord(value)) return `${place}: expected an object`
    for (const [key, check] of Object.entries(shape)) {
      const problem = check(value[key], place === '' ? key : `${place}.${key}`)
      if (problem !== null) return problem
    }
    const extra = Object.keys(value).find((key) => !Object.hasOwn(shape, key))
    return extra === undefined ? null : `${place === '' ? 'plan' : place}: unknown field "${extra}"`
  }
}

function record(key: Check, item: Check): Check {
  return (value, place) => {
    if (!isRecord(value)) return `${place}: expected an object`
    for (const [name, entry] of Object.entries(value)) {
      const problem = key(name, `${place}.${name}`) ?? item(entry, `${place}.${name}`)
      if (problem !== null) return problem
    }
    return null
  }
}

function list(item: Check, atLeast = 0, atMost = Number.MAX_SAFE_INTEGER): Check {
  return (value, place) => {
    if (!Array.isArray(value)) return `${place}: expected a list`
    if (value.length < atLeast) return `${place}: expected at least ${atLeast} in the list`
    if (value.length > atMost) return `${place}: expected at most ${atMost} in the list`
    for (const [index, entry] of value.entries()) {
      const problem = item(entry, `${place}[${index}]`)
      if (problem !== null) return problem
    }
    return null
  }
}

function orNull(check: Check): Check {
  return (value, place) => {
    const problem = value === null ? null : check(value, place)
    // A problem further inside is not helped by null.
    return problem?.startsWith(`${place}: `) ? `${problem} or null` : problem
  }
}

function textThat(what: string, holds: (value: string) => boolean): Check {
  return (value, place) =>
    text(value, place) === null && holds(value as string) ? null : `${place}: expected ${what}`
}

function integer(atLeast: number, atMost: number, what: string): Check {
  return (value, place) =>
    Number.isSafeInteger(value) && Number(value) >= atLeast && Number(value) <= atMost
      ? null
      : `${place}: expected ${what}`
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
