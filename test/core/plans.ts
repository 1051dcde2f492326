/** Plans for stories: what a story does not speak of has the defaults of the bundle file, except that
 *  nothing is restarted by itself, which is another story. */
import {
  type AfterSpec,
  type DaemonSpec,
  type Plan,
  planFormat,
  type RestartSpec,
  type StopSpec,
} from '../../src/core/plan.ts'

export type Some = Partial<Omit<DaemonSpec, 'name' | 'stop' | 'restart' | 'after'>> & {
  readonly stop?: Partial<StopSpec>
  readonly restart?: Partial<RestartSpec>
  /** A bare name: until it is ready. */
  readonly after?: readonly (string | AfterSpec)[]
}

export function plan(
  daemons: Readonly<Record<string, Some>>,
  rest: Partial<Omit<Plan, 'daemons'>> = {},
): Plan {
  return {
    plan: planFormat,
    name: 'bundle',
    label: 'pitcrew',
    select: 'PITCREW_DAEMONS',
    deadlineMs: 9000,
    signals: {},
    ...rest,
    daemons: Object.entries(daemons).map(([name, some]) => daemonSpec(name, some)),
  }
}

/** `d0` … in a row; each after the one before it when they are a chain. */
export function manyDaemons(count: number, chained: boolean): Plan {
  const entries = Array.from({ length: count }, (_, index): [string, Some] => [
    `d${index}`,
    chained && index > 0 ? { after: [`d${index - 1}`] } : {},
  ])
  return plan(Object.fromEntries(entries))
}

export function daemonSpec(name: string, some: Some = {}): DaemonSpec {
  const { after = [], stop, restart, ...rest } = some
  return {
    name,
    kind: 'daemon',
    command: [`/bin/${name}`],
    cwd: null,
    env: { set: {}, pass: null, claim: [] },
    ready: null,
    alive: null,
    watchdogMs: null,
    main: false,
    critical: false,
    guard: false,
    optional: false,
    onDeath: null,
    user: null,
    group: null,
    umask: null,
    limits: {},
    ...rest,
    after: after.map((entry) =>
      typeof entry === 'string' ? { daemon: entry, until: 'ready' } : entry,
    ),
    stop: { signal: 'TERM', command: null, graceMs: null, success: [], ...stop },
    restart: { ...restartSpec, ...restart },
  }
}

const restartSpec: RestartSpec = {
  policy: 'never',
  backoffMs: 200,
  backoffMaxMs: 30_000,
  limit: null,
  calmMs: 30_000,
  // biome-ignore lint/suspicious/noThenProperty: a key of the plan; nobody awaits one.
  then: 'leave',
}
