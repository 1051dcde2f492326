/** The work of `validate`: summarises a bundle, or reports all its problems. */
import type { ProblemList } from '../../bundle/problems.ts'
import { splitShutdown } from '../../core/plan/deadline.ts'
import { type Order, orderOf } from '../../core/plan/order.ts'
import type { AfterSpec, DaemonSpec, Plan, ReloadSpec, Until } from '../../core/plan/plan.ts'
import { count } from '../../core/text/describe.ts'
import { formatDuration } from '../../core/text/duration.ts'
import { oneLine } from '../../core/text/one-line.ts'
import { PitcrewError } from '../../errors.ts'
import type { Input } from '../command.ts'
import { type LoadResult, loadBundleFile } from './bundle-file.ts'
import { reportInvalid } from './plan-output.ts'

/** @returns The exit status. */
export function validateBundle(input: Input<{ json: true }>): number {
  if (input.options.json) return validateAsJson(input)
  const loaded = loadBundleFile(input, input.args[0])
  if ('invalid' in loaded) return reportInvalid(input, loaded.path, loaded.invalid)
  const { system } = input
  const columns = system.isTerminal(1) ? system.terminalSize()?.columns : undefined
  input.print(summarize(loaded.path, loaded.plan, columns))
  return 0
}

/** The daemons in start order, and how a shutdown divides the deadline. @param columns The width of
 *  the terminal. */
function summarize(path: string, plan: Plan, columns = Number.POSITIVE_INFINITY): string {
  const order = orderOf(plan.daemons)
  const specs = new Map(plan.daemons.map((spec) => [spec.name, spec]))
  const numberWidth = String(plan.daemons.length).length
  const nameWidth = Math.max(...order.start.map((name) => name.length))
  const waits = new Map(order.start.map((name) => [name, describeAfter(specs, name)]))
  const waitWidth = Math.max(...[...waits.values()].map((wait) => wait.length))
  const starts = order.start.map((name, index) => {
    const number = String(index + 1).padStart(numberWidth)
    const wait = waitWidth === 0 ? '' : `${waits.get(name)?.padEnd(waitWidth)}  `
    const command = shorten(specs.get(name)?.command.join(' ') ?? '')
    return shorten(`  ${number} ${name.padEnd(nameWidth)}  ${wait}${command}`, columns)
  })
  return [
    `${path} is valid: ${plan.name}, ${count(plan.daemons.length, 'daemon')}, in start order:`,
    ...starts,
    `shutdown within ${formatDuration(plan.deadlineMs)}:`,
    ...describeShutdown(plan, order),
    ...describeConfig(plan),
  ].join('\n')
}

type Specs = ReadonlyMap<string, DaemonSpec>

/** "after db ready, cache started"; empty without dependencies. */
function describeAfter(specs: Specs, name: string): string {
  const after = specs.get(name)?.after ?? []
  if (after.length === 0) return ''
  const dependencies = after.map((wait) => `${wait.daemon} ${effectiveUntil(specs, wait)}`)
  return shorten(`after ${listFew(dependencies, 3)}`)
}

/** The state that is waited for: a daemon without `ready:` is ready as soon as it has started. */
function effectiveUntil(specs: Specs, { daemon, until }: AfterSpec): Until {
  const spec = specs.get(daemon)
  if (until !== 'ready') return until
  if (spec?.kind === 'job') return 'done'
  return spec?.ready === null ? 'started' : 'ready'
}

function describeShutdown(plan: Plan, order: Order): string[] {
  const { killAtMs, flushMs } = splitShutdown(plan, order)
  const lines = killAtMs.map((atMs, wave) => {
    const names = order.start.filter((name) => (order.wave.get(name) ?? 0) === wave)
    return `  stop ${listFew(names)}; KILL after ${formatDuration(atMs)}`
  })
  return [...lines, `  flush output for up to ${formatDuration(flushMs)}`]
}

/** The configuration files, how a change of each takes effect, and what is shared. */
function describeConfig({ daemons }: Plan): string[] {
  const lines: string[] = []
  const names = new Map<string, string[]>()
  for (const { name, config, watch, reload } of daemons) {
    const way = `${reload.check === null ? '' : 'check, then '}${describeWay(reload.by)}`
    for (const path of config) {
      lines.push(`  ${path}: ${name}, ${way}${watch ? '' : ', not watched'}`)
      names.set(path, [...(names.get(path) ?? []), name])
    }
  }
  for (const [path, owners] of names) {
    if (owners.length === 1) continue
    const sharing = listFew(owners)
    lines.push(`  ${path} is shared by ${sharing}: each that watches it applies a change in turn`)
  }
  return lines.length === 0 ? [] : ['configuration files:', ...lines]
}

function describeWay(by: ReloadSpec['by']): string {
  if (by.type === 'signal') return by.signal
  if (by.type === 'command') return shorten(by.command.join(' '))
  return by.type === 'http' ? `POST ${by.host}:${by.port}${by.path}` : by.type
}

function listFew(names: readonly string[], most = 4): string {
  const shown = names.slice(0, most).join(', ')
  return names.length > most ? `${shown} and ${names.length - most} more` : shown
}

/** The text on one line, truncated to `max` characters. */
function shorten(text: string, max = 60): string {
  const line = oneLine(text)
  return line.length > max ? `${line.slice(0, max - 1)}…` : line
}

function validateAsJson(input: Input): number {
  const loaded = loadOrProblem(input)
  if ('invalid' in loaded) {
    input.print(JSON.stringify({ valid: false, path: loaded.path, ...loaded.invalid }))
    return 2
  }
  const { path, plan } = loaded
  const order = orderOf(plan.daemons)
  const { killAtMs, flushMs } = splitShutdown(plan, order)
  const shutdown = { deadlineMs: plan.deadlineMs, killAtMs, flushMs }
  const { name } = plan
  const after = afterAsJson(plan)
  const config = configAsJson(plan)
  const result = { valid: true, path, name, startOrder: order.start, after, shutdown, config }
  input.print(JSON.stringify(result))
  return 0
}

interface ConfigAsJson {
  readonly files: readonly string[]
  readonly watch: boolean
  readonly reload: ReloadSpec['by']['type']
  readonly check: boolean
}

/** The daemons that have configuration files. */
function configAsJson({ daemons }: Plan): Record<string, ConfigAsJson> {
  const configured = daemons.filter(({ config }) => config.length > 0)
  return Object.fromEntries(
    configured.map(({ name, config, watch, reload: { by, check } }) => [
      name,
      { files: config, watch, reload: by.type, check: check !== null },
    ]),
  )
}

/** The dependencies of each daemon, with the state that it waits for. */
function afterAsJson({ daemons }: Plan): Record<string, Record<string, Until>> {
  const specs = new Map(daemons.map((spec) => [spec.name, spec]))
  const waiting = daemons.filter(({ after }) => after.length > 0)
  return Object.fromEntries(
    waiting.map(({ name, after }) => [
      name,
      Object.fromEntries(after.map((wait) => [wait.daemon, effectiveUntil(specs, wait)])),
    ]),
  )
}

/** Loads the bundle; a file that cannot be read is a problem without a location. */
function loadOrProblem(
  input: Input,
): LoadResult | { path: string | null; invalid: ProblemWithoutLocation } {
  const [path] = input.args
  try {
    return loadBundleFile(input, path)
  } catch (error) {
    if (!(error instanceof PitcrewError)) throw error
    const { message, hint } = error
    const problems = [{ line: null, column: null, message, hint }]
    return { path: path ?? null, invalid: { problems, more: 0 } }
  }
}

type ProblemWithoutLocation = Omit<ProblemList, 'problems'> & {
  readonly problems: readonly {
    line: null
    column: null
    message: string
    hint: string | null
  }[]
}
