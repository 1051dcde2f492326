/** Plans for stories: what a story does not speak of has the defaults of the bundle file. */
import type { DaemonSpec, Plan, StopSpec } from '../../src/core/plan.ts'

export type Some = Partial<Omit<DaemonSpec, 'name' | 'stop'>> & {
  readonly stop?: Partial<StopSpec>
}

export function plan(
  daemons: Readonly<Record<string, Some>>,
  rest: Partial<Omit<Plan, 'daemons'>> = {},
): Plan {
  return {
    plan: 1,
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
  return {
    name,
    command: [`/bin/${name}`],
    cwd: null,
    env: { set: {}, pass: null, claim: [] },
    after: [],
    restart: { policy: 'never' },
    main: false,
    critical: false,
    user: null,
    group: null,
    umask: null,
    limits: {},
    ...some,
    stop: { signal: 'TERM', graceMs: null, success: [], ...some.stop },
  }
}
