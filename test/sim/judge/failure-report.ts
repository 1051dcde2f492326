/** Reports a broken promise: its sentence, how it was broken, and the smallest story that breaks
 *  it. */

import type { Schedule } from '../world/schedule.ts'
import { judge, promises } from './check.ts'
import { shrink } from './shrink.ts'
import { storyOf } from './trace.ts'

/** The bundle of a schedule and its story. */
export function storyFor(schedule: Schedule): string {
  const { facts } = judge(schedule)
  const { plan, faults } = schedule
  const daemons = plan.daemons.map((spec) => {
    const { name, kind, after, ready, alive, watchdogMs, restart, stop } = spec
    const { onDeath, guard, optional, main, critical } = spec
    const parts = [
      after.length > 0
        ? `after ${after.map(({ daemon, until }) => `${daemon}:${until}`).join(' ')}`
        : '',
      kind === 'job' ? 'job' : '',
      ready === null ? '' : `ready ${JSON.stringify(ready)}`,
      alive === null ? '' : `alive ${JSON.stringify(alive)}`,
      watchdogMs === null ? '' : `watchdog ${watchdogMs} ms`,
      restart.policy === 'never' ? '' : `restart ${JSON.stringify(restart)}`,
      `stop ${stop.signal} ${stop.graceMs ?? 'all'} ms${stop.command === null ? '' : ' by command'}`,
      onDeath === null ? '' : 'on death',
      guard ? 'guard' : '',
      optional ? 'optional' : '',
      stop.success.length > 0 ? `success ${stop.success.join(' ')}` : '',
      main ? 'main' : '',
      critical ? 'critical' : '',
    ]
    return `  ${name}: ${parts.filter((part) => part !== '').join(', ')}`
  })
  const signals = Object.entries(plan.signals).map(
    ([signal, { forward, restart }]) =>
      `  ${signal}: forward ${forward.join(' ')}; restart ${restart.join(' ')}`,
  )
  const bugs = faults.map((fault) => `  ${JSON.stringify(fault)}`)
  const head = [`deadline ${plan.deadlineMs} ms`, ...daemons, ...signals, ...bugs]
  return [...head, storyOf(facts.trace)].join('\n')
}

/** null if every promise was kept. */
export function failureReport(schedule: Schedule): string | null {
  const { broken } = judge(schedule)
  if (broken === null) return null
  const smallest = shrink(schedule, broken.name)
  const how = judge(smallest).broken?.how
  return [
    `broken in seed ${schedule.seed}: ${promises[broken.name]?.sentence} (${broken.name})`,
    `how: ${how}`,
    'the smallest story of it:',
    storyFor(smallest),
    `replay all of it: SEED=${schedule.seed} npx vitest run test/sim/sim.test.ts`,
  ].join('\n')
}
