/** Draws a plan. */
import {
  type AfterSpec,
  type DaemonSpec,
  type Plan,
  planFormat,
  type RestartSpec,
  type SignalAction,
  type SignalMap,
  type StopSpec,
  specDefaults,
} from '../../../src/core/plan/plan.ts'
import type { Signal } from '../../../src/core/signals.ts'
import type { Chance } from '../world/chance.ts'
import { aliveFor, readyFor } from './generate-probes.ts'

/** The features that a plan uses. */
interface Style {
  readonly isLinked: boolean
  /** The policy restarts daemons. */
  readonly restarts: boolean
  /** Readiness and health checks. */
  readonly probes: boolean
  readonly jobs: boolean
  /** Conditions, guards, and optional daemons. */
  readonly conditions: boolean
  readonly commands: boolean
}

export function planFor(chance: Chance): Plan {
  const count = chance.weighted([40, 1], [60, 2], [60, 3], [30, 5], [8, 20], [2, 40])
  const names = Array.from({ length: count }, (_, index) => `d${index}`)
  const style: Style = {
    isLinked: chance.percent(60),
    restarts: chance.percent(60),
    probes: chance.percent(50),
    jobs: chance.percent(30),
    conditions: chance.percent(60),
    commands: chance.percent(25),
  }
  const mainIndex = chance.percent(12) ? chance.below(count) : -1
  const jobs = names.filter((_, index) => style.jobs && index !== mainIndex && chance.percent(30))
  return {
    plan: planFormat,
    name: 'bundle',
    label: 'pc',
    select: 'SELECT',
    deadlineMs: chance.pick([300, 1000, 3000, 9000]),
    signals: signalsFor(chance, names),
    daemons: names.map((name, index) =>
      daemonFor(chance, style, name, index === mainIndex, names, jobs),
    ),
  }
}

function signalsFor(chance: Chance, names: readonly string[]): SignalMap {
  const some = (percent: number): string[] => names.filter(() => chance.percent(percent))
  const map: Partial<Record<Signal, SignalAction>> = {}
  if (chance.percent(70)) map.HUP = { forward: some(50), restart: [], reload: [] }
  if (chance.percent(80)) map.USR1 = { forward: [], restart: some(60), reload: [] }
  if (chance.percent(30)) map.USR2 = { forward: some(30), restart: some(50), reload: [] }
  return map
}

function daemonFor(
  chance: Chance,
  style: Style,
  name: string,
  main: boolean,
  names: readonly string[],
  jobs: readonly string[],
): DaemonSpec {
  const isJob = jobs.includes(name)
  const isWatched = style.probes && !isJob
  const guard = style.conditions && chance.percent(25)
  return {
    name,
    kind: isJob ? 'job' : 'daemon',
    command: [`/bin/${name}`],
    cwd: null,
    env: { set: {}, pass: null, claim: chance.percent(10) ? ['TOKEN_*'] : [] },
    after: style.isLinked ? afterFor(chance, style, name, names, jobs) : [],
    ready: isWatched && chance.percent(60) ? readyFor(chance, name) : null,
    alive: isWatched && chance.percent(25) ? aliveFor(chance, name) : null,
    watchdogMs: isWatched && chance.percent(20) ? chance.pick([50, 200, 1000]) : null,
    stop: stopFor(chance, style),
    restart: restartFor(chance, style, isJob),
    main,
    critical: chance.percent(8),
    guard,
    optional: style.conditions && !guard && chance.percent(25),
    onDeath: style.commands && chance.percent(50) ? ['/bin/mail'] : null,
    control: 'none',
    user: chance.percent(3) ? 'nobody-here' : null,
    group: null,
    umask: null,
    limits: {},
    config: specDefaults.config,
    watch: specDefaults.watch,
    reload: specDefaults.reload,
    onBootFailure: specDefaults.onBootFailure,
  }
}

/** Dependencies on earlier and later daemons of the file, without cycles: along another order of
 *  the names. */
function afterFor(
  chance: Chance,
  { conditions }: Style,
  name: string,
  names: readonly string[],
  jobs: readonly string[],
): AfterSpec[] {
  const before = names.filter((other) => isBefore(other, name) && chance.percent(40))
  return before.map((daemon) => {
    const isJob = jobs.includes(daemon)
    const until = conditions
      ? chance.weighted<AfterSpec['until']>([3, 'ready'], [2, 'started'], [isJob ? 3 : 0, 'done'])
      : 'ready'
    return { daemon, until }
  })
}

function stopFor(chance: Chance, { commands }: Style): StopSpec {
  return {
    signal: chance.weighted<Signal>([8, 'TERM'], [1, 'INT'], [1, 'QUIT']),
    command: commands && chance.percent(40) ? ['/bin/end'] : null,
    graceMs: chance.pick([null, null, 0, 50, 500, 2000, 60_000]),
    success: chance.percent(15) ? [chance.pick([1, 3, 143])] : [],
  }
}

function restartFor(chance: Chance, { restarts }: Style, isJob: boolean): RestartSpec {
  const policy = restarts
    ? chance.weighted<RestartSpec['policy']>(
        [2, 'never'],
        [isJob ? 0 : 5, 'always'],
        [3, 'on-failure'],
      )
    : 'never'
  const limit = chance.percent(40)
    ? { times: chance.between(1, 4), windowMs: chance.pick([200, 1000, 5000, 60_000]) }
    : null
  // With endless restarts at once no time would pass: they need a limit with a window longer than a life.
  const backoffMs =
    limit !== null && limit.windowMs > 2000
      ? chance.pick([0, 20, 300])
      : chance.pick([30, 100, 200])
  return {
    policy,
    backoffMs,
    backoffMaxMs: backoffMs * chance.pick([1, 4, 100]),
    limit,
    calmMs: chance.pick([0, 50, 500, 3000, 30_000]),
    // biome-ignore lint/suspicious/noThenProperty: a key of the plan; the object is never awaited.
    then: chance.percent(20) ? 'shutdown' : 'leave',
  }
}

/** An order other than that of the file. */
function isBefore(one: string, other: string): boolean {
  return one !== other && rank(one) < rank(other)
}

function rank(name: string): number {
  const number = Number(name.slice(1))
  return (number * 13 + 5) % 64
}
