/** Plans for stories: what a story does not speak of has the defaults of the bundle file, except that
 *  nothing is restarted by itself, which is another story. */
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
