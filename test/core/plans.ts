/** Plans for stories, with the defaults of the bundle file, except that the policy restarts no
 *  daemon. */
import {
  type AfterSpec,
  type DaemonSpec,
  type Plan,
  planFormat,
  type RestartSpec,
  type StopSpec,
  specDefaults,
} from '../../src/core/plan/plan.ts'

export type Some = Partial<Omit<DaemonSpec, 'name' | 'stop' | 'restart' | 'after'>> & {
  readonly stop?: Partial<StopSpec>
  readonly restart?: Partial<RestartSpec>
  /** A name alone: until it is ready. */
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

/** `d0`, `d1`, …; in a chain each one is after the one before. */
export function manyDaemons(count: number, chained: boolean): Plan {
  const entries = Array.from({ length: count }, (_, index): [string, Some] => [
    `d${index}`,
    chained && index > 0 ? { after: [`d${index - 1}`] } : {},
  ])
  return plan(Object.fromEntries(entries))
}

export function daemonSpec(name: string, some: Some = {}): DaemonSpec {
  return {
    ...specDefaults,
    name,
    command: [`/bin/${name}`],
    ...some,
    after: (some.after ?? []).map((one) =>
      typeof one === 'string' ? { daemon: one, until: 'ready' } : one,
    ),
    stop: { ...specDefaults.stop, ...some.stop },
    restart: { ...specDefaults.restart, policy: 'never', ...some.restart },
  }
}
