/** Invariants that hold after each step, checked in production, too. A step that would break one
 *  throws and changes nothing. Only what the step changed is checked, so that the cost does not
 *  grow with the number of daemons. */

import type { Daemon } from '../daemon/phases.ts'
import type { Effect } from '../effect.ts'
import type { StepContext } from './step-context.ts'
import { isUnderWay } from './tickets.ts'

export function checkStep(context: StepContext): void {
  const { log, daemons, tickets } = context
  for (let at = 0; at < log.length; at += 3) {
    const target = log[at]
    const name = log[at + 1] as string
    if (target === daemons) {
      checkDaemon(daemons.get(name) as Daemon, log[at + 2] as Daemon | undefined, name)
    } else if (target !== tickets) continue
    if (tickets.size > 0) checkTicket(context, name)
  }
  checkSpawns(context)
  if (context.active < 0) fail(`${context.active} daemons are active`)
  if (context.finished && context.active > 0 && context.shutdown === null)
    fail('the end, with daemons alive')
}

function checkDaemon(after: Daemon, before: Daemon | undefined, name: string): void {
  if (before === undefined) return fail(`${name} is not in the plan`)
  const { run } = after
  if (run !== before.run) checkNextRun(after, before, name)
  if (!('pid' in after)) return
  if (after.pid <= 0) fail(`${name}: run ${run} has pid ${after.pid}`)
  if (after.phase === 'running' || !after.requested) return
  if (after.sent.length === 0 && after.spec.stop.command === null)
    fail(`${name}: is ending without a stop signal`)
}

function checkNextRun({ run, last }: Daemon, before: Daemon, name: string): void {
  if (run < before.run) fail(`${name}: run ${run} after run ${before.run}`)
  if ('pid' in before && last?.run !== before.run)
    fail(`${name}: run ${run} begins before run ${before.run} is over`)
  if (run > before.run + 1) fail(`${name}: run ${before.run + 1} was left out`)
}

/** An open ticket must have a way to its end. */
function checkTicket(context: StepContext, name: string): void {
  const open = context.openTicket(name)
  if (open === null) return
  if (context.isEnding) {
    // A later stage of the sweep ends it.
    if (context.sweep !== null) return
    fail(`${name}: ticket ${open.id} is open, and everything ends`)
  }
  const daemon = context.daemons.get(name)
  if (daemon !== undefined && isUnderWay(open, daemon)) return
  fail(`${name}: ticket ${open.id} is open, and nothing comes of it`)
}

function checkSpawns({ effects, shutdown, daemons }: StepContext): void {
  let spawned: Set<string> | null = null
  for (let at = 0; at < effects.length; at++) {
    const effect = effects[at] as Effect
    if (effect.type !== 'spawn') continue
    const { daemon } = effect
    spawned ??= new Set()
    if (spawned.has(daemon)) fail(`${daemon} is spawned twice in one step`)
    if (shutdown !== null) fail(`${daemon} is spawned during the shutdown`)
    if (daemons.get(daemon)?.phase !== 'starting') fail(`${daemon} is not starting`)
    spawned.add(daemon)
  }
}

function fail(what: string): never {
  throw new Error(`invariant broken: ${what}`)
}
