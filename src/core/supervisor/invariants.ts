/** Invariants, checked in production, too: of each change of a daemon, and after each step. A step
 *  that would break one throws and changes nothing. Only what the step changed is checked, so that
 *  the cost does not grow with the number of daemons. */

import type { Daemon, In } from '../daemon/phases.ts'
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
  const { spec, run, phase } = after
  if (spec !== before.spec) fail(`${before.spec.name}: has become ${spec.name}`)
  if (run !== before.run) checkNextRun(before, after)
  if (phase === 'running') checkPid(after)
  else if (phase === 'terminating' || phase === 'killing') checkEnding(after)
}

function checkPid({ spec, run, pid }: In<'running' | 'terminating' | 'killing'>): void {
  if (pid <= 0) fail(`${spec.name}: run ${run} has pid ${pid}`)
}

function checkEnding(daemon: In<'terminating' | 'killing'>): void {
  checkPid(daemon)
  const { spec, requested, sent } = daemon
  if (requested && sent.length === 0 && spec.stop.command === null)
    fail(`${spec.name}: is ending without a stop signal`)
}

function checkNextRun(before: Daemon, { spec, run, last }: Daemon): void {
  const { name } = spec
  if (run < before.run) fail(`${name}: run ${run} after run ${before.run}`)
  if ('pid' in before && last?.run !== before.run)
    fail(`${name}: run ${run} begins before run ${before.run} is over`)
  if (run > before.run + 1) fail(`${name}: run ${before.run + 1} was left out`)
}

/** Checks the tickets of all daemons that the step has changed. */
function checkTickets(context: StepContext): void {
  const { log, daemons, tickets } = context
  let last: unknown = null
  for (let at = 0; at < log.length; at += 3) {
    const target = log[at]
    if (target !== daemons && target !== tickets) continue
    // Most changes in a row are of one daemon.
    if (log[at + 1] === last) continue
    last = log[at + 1]
    checkTicket(context, last as string)
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
