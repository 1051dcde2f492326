/** Invariants that hold after each step, checked in production, too. A step that would break one
 *  throws and changes nothing. Only what the step changed is checked, so that the cost does not
 *  grow with the number of daemons. */

import type { Daemon } from '../daemon/phases.ts'
import type { StepContext } from './step-context.ts'
import { isUnderWay } from './tickets.ts'

export function checkStep(context: StepContext): void {
  context.daemons.eachChange(checkDaemon)
  if (context.hasTickets) {
    context.daemons.eachChange((_after, _before, name) => checkTicket(context, name))
    context.lazyTickets?.eachChange((_after, _before, name) => checkTicket(context, name))
  }
  checkEffects(context)
  if (context.active < 0) fail(`${context.active} daemons are active`)
  if (context.finished && context.active > 0 && context.shutdown === null)
    fail('the end, with daemons alive')
}

function checkDaemon(after: Daemon, before: Daemon | undefined, name: string): void {
  if (before === undefined) return fail(`${name} is not in the plan`)
  if (after.run < before.run) fail(`${name}: run ${after.run} after run ${before.run}`)
  if (after.run > before.run && 'pid' in before && after.last?.run !== before.run)
    fail(`${name}: run ${after.run} begins before run ${before.run} is over`)
  if (after.run > before.run + 1) fail(`${name}: run ${before.run + 1} was left out`)
  if ('pid' in after && after.pid <= 0) fail(`${name}: run ${after.run} has pid ${after.pid}`)
  if (after.phase !== 'terminating' && after.phase !== 'killing') return
  if (after.requested && after.sent.length === 0 && after.spec.stop.command === null) {
    fail(`${name}: is ending without a stop signal`)
  }
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

function checkEffects(context: StepContext): void {
  let spawned: Set<string> | null = null
  for (const effect of context.effects) {
    if (effect.type !== 'spawn') continue
    spawned ??= new Set()
    if (spawned.has(effect.daemon)) fail(`${effect.daemon} is spawned twice in one step`)
    if (context.shutdown !== null) fail(`${effect.daemon} is spawned during the shutdown`)
    if (context.daemons.get(effect.daemon)?.phase !== 'starting')
      fail(`${effect.daemon} is not starting`)
    spawned.add(effect.daemon)
  }
}

function fail(what: string): never {
  throw new Error(`invariant broken: ${what}`)
}
