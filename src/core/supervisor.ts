/** Many daemons: whose turn it is to start, what a signal means, who asked for what, and the
 *  shutdown, which wins over everything. `step` is the whole of it: an event in, effects out. */

import { splitDeadline } from './deadline.ts'
import { Draft } from './draft.ts'
import type { Effect } from './effect.ts'
import type { Event, LiveRun } from './event.ts'
import { checkStep } from './invariants.ts'
import type { Daemon, DaemonEvent } from './phases.ts'
import {
  beginShutdown,
  countBlockers,
  deadlineCame,
  finish,
  finishIfOver,
  holdsUp,
  recoverShutdown,
  unblock,
} from './shutdown.ts'
import type { Signal } from './signals.ts'
import type { State } from './state.ts'
import { requestRestart, runBegan, runFailed } from './tickets.ts'

/** Throws, and changes nothing, when an invariant would break. */
export function step(state: State, event: Event): readonly Effect[] {
  const draft = new Draft(state, event.atMs)
  route(draft, event)
  giveTurns(draft)
  finishIfOver(draft)
  checkStep(draft)
  draft.commit()
  return draft.effects
}

function route(draft: Draft, event: Event): void {
  switch (event.type) {
    case 'boot':
      return boot(draft)
    case 'signal':
      return takeSignal(draft, event.signal, event.hangup)
    case 'request':
      return restart(draft, event.daemon, event.by)
    case 'elapsed':
      return elapse(draft, event)
    case 'output-closed':
      return draft.do({
        type: 'disarm',
        timer: { kind: 'linger', daemon: event.daemon, run: event.run },
      })
    case 'reconcile':
      return reconcile(draft, event)
    default:
      return tell(draft, event.daemon, event)
  }
}

function boot(draft: Draft): void {
  draft.booted = true
  if (draft.shutdown !== null) return
  for (const name of draft.state.order.start) {
    draft.tell(draft.daemons.get(name) as Daemon, { type: 'start', atMs: draft.atMs })
  }
  draft.giveTurnsTo(draft.state.order.start)
}

/** Steps one daemon and draws the consequences for the others. */
function tell(draft: Draft, name: string, event: DaemonEvent): void {
  tellOnly(draft, name, event)
  endIfOver(draft, name)
}

/** The same, but it is the end of nothing else. */
function tellOnly(draft: Draft, name: string, event: DaemonEvent): void {
  const before = draft.daemons.get(name)
  // Once the end is ordered, nothing becomes of a daemon any more.
  if (before === undefined || draft.state.finished) return
  const after = draft.tell(before, event)
  if (holdsUp(before) && !holdsUp(after)) unblock(draft, after, tell)
  if (after.phase === before.phase) return
  if (after.phase === 'waiting') draft.giveTurnsTo([...draft.turns.slice(draft.turn), name])
  if (before.phase === 'starting') runBegan(draft, after)
  if (after.phase === 'stopped') runFailed(draft, after)
}

function endIfOver(draft: Draft, name: string): void {
  const daemon = draft.daemons.get(name)
  if (daemon === undefined || !endsEverything(daemon)) return
  const kind = daemon.spec.main ? 'main-ended' : 'critical-ended'
  beginShutdown(draft, { kind, daemon: name }, tell)
}

/** A `main` daemon that is over for whatever reason; a `critical` one that is given up, which
 *  under the policy `never` means that it died or could not be started. */
function endsEverything(daemon: Daemon): boolean {
  const { spec, last } = daemon
  if (!spec.main && !spec.critical) return false
  if (daemon.phase === 'terminating') return !daemon.asked
  return daemon.phase === 'stopped' && last !== null && (spec.main || !last.asked)
}

/** One daemon is started after the other: whoever is `after` another is started when that one
 *  was. */
function giveTurns(draft: Draft): void {
  for (; draft.turn < draft.turns.length; draft.turn++) {
    const name = draft.turns[draft.turn] as string
    const phase = draft.daemons.get(name)?.phase
    if (phase === 'starting') return
    if (phase === 'waiting') return tell(draft, name, { type: 'turn', atMs: draft.atMs })
  }
}

function takeSignal(draft: Draft, signal: Signal, hangup: boolean): void {
  if (hangup) return beginShutdown(draft, { kind: 'hangup' }, tell)
  if (signal === 'TERM' || signal === 'INT') {
    return beginShutdown(draft, { kind: 'signal', signal }, tell)
  }
  const action = draft.state.plan.signals[signal]
  if (action === undefined || draft.isEnding) return ignore(draft, signal)
  for (const name of action.forward) forward(draft, name, signal)
  for (const name of action.restart) restart(draft, name, signal)
}

function forward(draft: Draft, name: string, signal: Signal): void {
  if (draft.daemons.get(name) !== undefined) {
    return tell(draft, name, { type: 'forward', signal, atMs: draft.atMs })
  }
  draft.report({ kind: 'not-forwarded', daemon: name, signal }) // Not selected.
}

/** Told the first, the tenth, the hundredth time …: a storm of signals must not be one of lines. */
function ignore(draft: Draft, signal: Signal): void {
  if (silentlyIgnored.includes(signal)) return
  const times = (draft.ignored.get(signal) ?? 0) + 1
  draft.ignored.set(signal, times)
  const shuttingDown = draft.isEnding
  if (isPowerOfTen(times)) draft.report({ kind: 'signal-ignored', signal, times, shuttingDown })
}

/** Signals that mean nothing to a program unless it asks for them. */
const silentlyIgnored: readonly Signal[] = ['CHLD', 'CONT', 'URG', 'WINCH']

function isPowerOfTen(number: number): boolean {
  let power = 1
  while (power < number) power *= 10
  return power === number
}

function restart(draft: Draft, name: string, by: string): void {
  if (!requestRestart(draft, name, by)) return
  const graceMs = graceOfOne(draft, name)
  tell(draft, name, { type: 'restart', graceMs, atMs: draft.atMs })
}

/** A restart has the one deadline, too. */
function graceOfOne(draft: Draft, name: string): number {
  const asked = draft.daemons.get(name)?.spec.stop.graceMs ?? Number.POSITIVE_INFINITY
  const { killAtMs } = splitDeadline(draft.state.plan.deadlineMs, [asked])
  return Math.min(asked, killAtMs[0] ?? 0)
}

function elapse(draft: Draft, { timer, atMs }: Extract<Event, { type: 'elapsed' }>): void {
  if (timer.kind === 'deadline') return deadlineCame(draft)
  const { kind, daemon, run } = timer
  if (kind === 'linger') return draft.do({ type: 'close-output', daemon, run })
  tell(draft, daemon, { type: kind, run, atMs })
}

function isComing(daemon: Daemon | undefined): boolean {
  return daemon?.phase === 'waiting' || daemon?.phase === 'starting'
}

/** Something in pitcrew failed. The host knows what runs; everything else follows from that. */
function reconcile(draft: Draft, event: Extract<Event, { type: 'reconcile' }>): void {
  if (draft.finished) return endAgain(draft, event.live)
  const { atMs, shutdownAsked } = event
  const live = new Map<string, LiveRun>()
  for (const one of event.live) {
    const { daemon, run, gone } = one
    if (draft.daemons.get(daemon)?.run === run) live.set(daemon, one)
    else if (!gone) draft.do({ type: 'signal', daemon, run, signal: 'KILL', to: 'tree' })
  }
  // The failure may have come between the daemons and what follows from them: it follows again.
  const { daemons, order } = draft.state
  draft.active = [...daemons.values()].filter(({ phase }) => phase !== 'stopped').length
  draft.giveTurnsTo(order.start.filter((name) => isComing(daemons.get(name))))
  if (draft.shutdown !== null) countBlockers(draft)
  for (const name of order.start) {
    tellOnly(draft, name, { type: 'reconcile', live: live.get(name) ?? null, atMs })
  }
  for (const name of order.start) endIfOver(draft, name)
  if (!draft.booted && !shutdownAsked) boot(draft)
  if (draft.isEnding) recoverShutdown(draft, tell)
  else if (shutdownAsked) beginShutdown(draft, { kind: 'signal', signal: 'TERM' }, tell)
}

/** The end was ordered, and the order may be lost. */
function endAgain(draft: Draft, live: readonly LiveRun[]): void {
  for (const { daemon, run, gone } of live) {
    if (!gone) draft.do({ type: 'signal', daemon, run, signal: 'KILL', to: 'tree' })
  }
  finish(draft)
}
