/** Makes a schedule that breaks a promise smaller while it still breaks the same promise, so
 *  that its story is easy to read. */
import type { DaemonSpec, Plan } from '../../../src/core/plan/plan.ts'
import { type Habits, type Life, never, type Schedule } from '../world/schedule.ts'
import { judge } from './check.ts'

/** The maximum number of schedules to try. */
const triesMax = 3000

export function shrink(schedule: Schedule, broken: string): Schedule {
  let smallest = schedule
  let tries = 0
  for (let wasSmaller = true; wasSmaller; ) {
    wasSmaller = false
    for (const candidate of smaller(smallest)) {
      if (tries++ >= triesMax) return smallest
      if (judge(candidate).broken?.name !== broken) continue
      smallest = candidate
      wasSmaller = true
      break
    }
  }
  return smallest
}

/** Smaller candidates, the most promising first. */
function* smaller(schedule: Schedule): Generator<Schedule> {
  const { plan, acts, faults, lives } = schedule
  for (const { name } of plan.daemons) if (plan.daemons.length > 1) yield without(schedule, name)
  // Keep the last one, which ends the schedule.
  for (let size = acts.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at + size < acts.length; at += size) {
      yield { ...schedule, acts: [...acts.slice(0, at), ...acts.slice(at + size)] }
    }
  }
  for (const fault of faults) yield { ...schedule, faults: faults.filter((one) => one !== fault) }
  if (schedule.helper !== null) yield { ...schedule, helper: null }
  if (schedule.selected !== null) yield { ...schedule, selected: null }
  if (schedule.lateMs > 0) yield { ...schedule, lateMs: 0 }
  for (const simpler of simplerPlans(plan)) yield { ...schedule, plan: simpler }
  for (const [name, ofDaemon] of Object.entries(lives)) {
    for (const simpler of simplerLives(ofDaemon)) {
      yield { ...schedule, lives: { ...lives, [name]: simpler } }
    }
  }
}

function without(schedule: Schedule, name: string): Schedule {
  const { plan, acts } = schedule
  const isOther = (other: string): boolean => other !== name
  const signals = Object.entries(plan.signals).map(([signal, { forward, restart, reload }]) => [
    signal,
    {
      forward: forward.filter(isOther),
      restart: restart.filter(isOther),
      reload: reload.filter(isOther),
    },
  ])
  const daemons = plan.daemons
    .filter((spec) => isOther(spec.name))
    .map((spec) => ({ ...spec, after: spec.after.filter(({ daemon }) => isOther(daemon)) }))
  return {
    ...schedule,
    plan: { ...plan, signals: Object.fromEntries(signals), daemons },
    acts: acts.filter((act) => !('daemon' in act) || act.daemon === null || isOther(act.daemon)),
  }
}

function* simplerPlans(plan: Plan): Generator<Plan> {
  for (const signal of Object.keys(plan.signals)) {
    const signals = Object.entries(plan.signals).filter(([other]) => other !== signal)
    yield { ...plan, signals: Object.fromEntries(signals) }
  }
  for (const [index, spec] of plan.daemons.entries()) {
    for (const simpler of simplerSpecs(spec)) {
      yield { ...plan, daemons: plan.daemons.with(index, simpler) }
    }
  }
}

function* simplerSpecs(spec: DaemonSpec): Generator<DaemonSpec> {
  for (const other of spec.after) {
    yield { ...spec, after: spec.after.filter((one) => one !== other) }
  }
  if (spec.main) yield { ...spec, main: false }
  if (spec.critical) yield { ...spec, critical: false }
  if (spec.guard) yield { ...spec, guard: false }
  if (spec.optional) yield { ...spec, optional: false }
  for (const key of ['ready', 'alive', 'watchdogMs', 'onDeath', 'user'] as const) {
    if (spec[key] !== null) yield { ...spec, [key]: null }
  }
  if (spec.stop.command !== null) yield { ...spec, stop: { ...spec.stop, command: null } }
  if (spec.restart.policy !== 'never') {
    yield { ...spec, restart: { ...spec.restart, policy: 'never' } }
  }
  if (spec.restart.limit !== null) yield { ...spec, restart: { ...spec.restart, limit: null } }
  if (spec.stop.graceMs !== null) yield { ...spec, stop: { ...spec.stop, graceMs: null } }
  if (spec.stop.signal !== 'TERM') yield { ...spec, stop: { ...spec.stop, signal: 'TERM' } }
  if (spec.stop.success.length > 0) yield { ...spec, stop: { ...spec.stop, success: [] } }
}

const calm: Habits = {
  livesMs: never,
  exit: { code: 0, signal: 0 },
  onStop: { exitCode: null, tookMs: 0, ignores: 0 },
  onOther: { exitCode: null, tookMs: 0, ignores: never },
  killMs: 0,
  stopsAfterMs: never,
  lagMs: 0,
}

function* simplerLives(lives: readonly Life[]): Generator<readonly Life[]> {
  if (lives.length > 1) yield lives.slice(0, -1)
  for (const [index, life] of lives.entries()) {
    for (const simpler of simplerLifes(life)) yield lives.with(index, simpler)
  }
}

function* simplerLifes(life: Life): Generator<Life> {
  for (const other of life.others) {
    yield { ...life, others: life.others.filter((one) => one !== other) }
  }
  if (life.failure !== null) yield { ...life, failure: null }
  if (life.hang !== null) yield { ...life, hang: null }
  if (life.spawnMs > 0) yield { ...life, spawnMs: 0 }
  if (life.outputHeldMs > 0) yield { ...life, outputHeldMs: 0 }
  for (const word of life.selfReports) {
    yield { ...life, selfReports: life.selfReports.filter((one) => one !== word) }
  }
  for (const leader of simplerHabits(life.leader)) yield { ...life, leader }
  for (const [index, other] of life.others.entries()) {
    for (const habits of simplerHabits(other)) {
      yield { ...life, others: life.others.with(index, { ...other, ...habits }) }
    }
  }
}

/** Replaces one habit after the other by a calm one. */
function* simplerHabits(habits: Habits): Generator<Habits> {
  for (const key of Object.keys(calm) as (keyof Habits)[]) {
    if (JSON.stringify(habits[key]) !== JSON.stringify(calm[key])) {
      yield { ...habits, [key]: calm[key] }
    }
  }
}
