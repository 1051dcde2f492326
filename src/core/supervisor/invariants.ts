/** Invariants, checked in production, too: of each change of a daemon, and after each step. A step
 *  that would break one throws and changes nothing. Only what the step changed is checked, so that
 *  the cost does not grow with the number of daemons. */

import type { Daemon } from '../daemon/phases.ts'
import type { Effect } from '../effect.ts'
import type { StepContext } from './step-context.ts'
import { isUnderWay } from './tickets.ts'

export function checkStep(context: StepContext): void {
  if (context.hasTickets) checkTickets(context)
  checkSpawns(context)
  if (context.active < 0) fail(`${context.active} daemons are active`)
  if (context.finished && context.active > 0 && context.shutdown === null)
    fail('the end, with daemons alive')
}

/** Checks one change of a daemon. */
export function checkChange(before: Daemon, after: Daemon): void {
  const { run } = after
  const { name } = before.spec
  if (after.spec !== before.spec) fail(`${name}: has become ${after.spec.name}`)
  if (run !== before.run) checkNextRun(before, after, name)
  if (!('pid' in after)) return
  if (after.pid <= 0) fail(`${name}: run ${run} has pid ${after.pid}`)
  if (after.phase === 'running' || !after.requested) return
  if (after.sent.length === 0 && after.spec.stop.command === null)
    fail(`${name}: is ending without a stop signal`)
}

function checkNextRun(before: Daemon, { run, last }: Daemon, name: string): void {
  if (run < before.run) fail(`${name}: run ${run} after run ${before.run}`)
  if ('pid' in before && last?.run !== before.run)
    fail(`${name}: run ${run} begins before run ${before.run} is over`)
  if (run > before.run + 1) fail(`${name}: run ${before.run + 1} was left out`)
}

/** Checks the tickets of all daemons that the step has changed. */
function checkTickets(context: StepContext): void {
  const { log, daemons, tickets } = context
  for (let at = 0; at < log.length; at += 3) {
    const target = log[at]
    if (target === daemons || target === tickets) checkTicket(context, log[at + 1] as string)
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
