/** Many daemons: who may start, what a signal means, who asked for what, and the shutdown, which
 *  wins over everything. `step` is the whole of it: an event in, effects out. */

import type { Daemon, DaemonEvent } from '../daemon/phases.ts'
import type { Effect } from '../effect.ts'
import type { Event, LiveRun } from '../event.ts'
import type { Signal } from '../signals.ts'
import { ignoreSignal } from './ignored-signals.ts'
import { checkStep } from './invariants.ts'
import { awaitsLine, outputResumed, outputStalled, reconcileStall } from './output-stall.ts'
import { takeRequest } from './requests.ts'
import { followChanges, giveTurns, tellWaiters, watchWaiters } from './scheduling.ts'
import {
  beginShutdown,
  countBlockers,
  deadlineCame,
  endsEverything,
  finish,
  finishIfOver,
  holdsUp,
  killAtDeadline,
  missDeadline,
  recoverShutdown,
  stopInTurn,
  stopLimitMs,
  unblock,
} from './shutdown.ts'
import type { State } from './state.ts'
import { Draft } from './step-context.ts'
import {
  beginSweep,
  isReconciling,
  type Stage,
  type Sweep,
  sweepOn,
  type Treatments,
} from './sweep.ts'
import { failSkipped, followPolicy, followTicket, mendTicket, supersede } from './tickets.ts'

/** Throws, and changes nothing, when an invariant would break. */
export function step(state: State, event: Event): readonly Effect[] {
  const draft = new Draft(state, event.atMs)
  route(draft, event)
  sweepOn(draft, treatments)
  if (!isReconciling(draft)) {
    followChanges(draft, tell)
    // What follows may be the end of everything.
    sweepOn(draft, treatments)
    giveTurns(draft, tell)
    watchWaiters(draft)
  }
  if (draft.sweep === null) {
    announceIfReady(draft)
    finishIfOver(draft)
  }
  checkStep(draft)
  draft.commit()
  return draft.effects
}

function route(draft: Draft, event: Event): void {
  switch (event.type) {
    // The frequent ones first: an event is compared with one case after the other.
    case 'spawned':
    case 'exited':
      return tell(draft, event.daemon, event)
    case 'boot':
      return boot(draft)
    case 'signal':
      return takeSignal(draft, event.signal, event.hangup)
    case 'request':
      return takeRequest(draft, event, tell)
    case 'elapsed':
      return elapse(draft, event)
    case 'unfit':
      return endForFault(draft, event)
    case 'pinged': {
      const limitMs = event.extendMs === null ? 0 : stopLimitMs(draft, event.daemon)
      return tell(draft, event.daemon, { ...event, limitMs })
    }
    case 'output-closed':
      return draft.do({
        type: 'disarm',
        timer: { kind: 'linger', daemon: event.daemon, run: event.run },
      })
    case 'output-stalled':
      return outputStalled(draft, event)
    case 'output-resumed':
      return outputResumed(draft)
    case 'reconcile':
      return reconcile(draft, event)
    case 'continue':
      return
    default:
      return tell(draft, event.daemon, event)
  }
}

const treatments: Treatments = {
  start: (draft, name) => {
    draft.tell(draft.daemons.get(name) as Daemon, { type: 'start', atMs: draft.atMs })
  },
  booted: (draft) => {
    draft.booted = true
  },
  supersede,
  count: countBlockers,
  stop: (draft, name) => stopInTurn(draft, name, tell),
  kill: killAtDeadline,
  missed: missDeadline,
  reconcile: (draft, name, { live }) => compare(draft, name, live.get(name) ?? null),
  ends: endIfOver,
  follow: (draft, name) => {
    draft.changed.push(name)
  },
  mended: (draft, _, sweep) => goOn(draft, sweep),
}

function boot(draft: Draft): void {
  if (draft.shutdown === null) return beginSweep(draft, ['start', 'booted'])
  draft.booted = true
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
  if (after === before) return
  if (draft.shutdown !== null && holdsUp(before) && !holdsUp(after)) unblock(draft, after, tell)
  if (event.type === 'skip') failSkipped(draft, name, event.needs)
  if (draft.hasTickets) followTicket(draft, after)
  followPolicy(draft, before, after)
}

function endIfOver(draft: Draft, name: string): void {
  if (draft.isEnding) return
  const daemon = draft.daemons.get(name)
  const kind = daemon === undefined ? null : endsEverything(daemon)
  if (kind !== null) beginShutdown(draft, { kind, daemon: name })
}

function announceIfReady(draft: Draft): void {
  if (draft.announced || !draft.booted || draft.isEnding) return
  if (draft.arrived < draft.state.plan.daemons.length) return
  draft.announced = true
  draft.do({ type: 'announce', state: 'READY=1' })
}

function takeSignal(draft: Draft, signal: Signal, hangup: boolean): void {
  if (hangup) return beginShutdown(draft, { kind: 'hangup' })
  if (signal === 'TERM' || signal === 'INT') {
    return beginShutdown(draft, { kind: 'signal', signal })
  }
  const action = draft.state.plan.signals[signal]
  if (action === undefined || draft.isEnding) return ignoreSignal(draft, signal)
  for (const name of action.forward) forward(draft, name, signal)
  for (const daemon of action.restart) {
    const by = { kind: 'signal', signal } as const
    takeRequest(draft, { verb: 'restart', daemon, by, why: '', token: 0 }, tell)
  }
}

function forward(draft: Draft, name: string, signal: Signal): void {
  if (draft.daemons.get(name) !== undefined) {
    return tell(draft, name, { type: 'forward', signal, atMs: draft.atMs })
  }
  draft.report({ kind: 'not-forwarded', daemon: name, signal }) // Not selected.
}

function elapse(draft: Draft, { timer, atMs }: Extract<Event, { type: 'elapsed' }>): void {
  if (!('daemon' in timer)) {
    return timer.kind === 'deadline' ? deadlineCame(draft) : tellWaiters(draft)
  }
  const { kind, daemon, run } = timer
  switch (kind) {
    case 'linger':
      return draft.do({ type: 'close-output', daemon, run })
    case 'ready':
      if (draft.outputStall !== null && awaitsLine(draft.daemons.get(daemon))) return
      return endForFault(draft, { daemon, run, fault: 'not-ready' })
    case 'watchdog':
      return endForFault(draft, { daemon, run, fault: 'watchdog' })
    default:
      return tell(draft, daemon, { type: kind, run, atMs })
  }
}

function endForFault(
  draft: Draft,
  { daemon: name, run, fault }: Pick<Extract<Event, { type: 'unfit' }>, 'daemon' | 'run' | 'fault'>,
): void {
  const daemon = draft.daemons.get(name)
  if (daemon === undefined) return
  const graceMs = draft.graceOfOne(daemon)
  tell(draft, name, { type: 'unfit', run, fault, graceMs, atMs: draft.atMs })
}

/** Something in pitcrew failed. The host knows what runs; everything else follows from that. */
function reconcile(draft: Draft, event: Extract<Event, { type: 'reconcile' }>): void {
  if (draft.finished) return endAgain(draft, event.live)
  const live = new Map<string, LiveRun>()
  for (const one of event.live) {
    const { daemon, run, gone } = one
    if (draft.daemons.get(daemon)?.run === run) live.set(daemon, one)
    else if (!gone) draft.do({ type: 'signal', daemon, run, signal: 'KILL', to: 'tree' })
  }
  draft.recount()
  // To say it twice is harmless.
  draft.announced = false
  reconcileStall(draft, event.outputStall)
  // The failure may have come between the daemons and what follows from them: it follows again.
  const stages = ['reconcile', 'ends', 'follow', 'mended'] as const
  const all: readonly Stage[] = draft.shutdown === null ? stages : ['count', ...stages]
  beginSweep(draft, all, live, event.shutdownAsked)
}

function compare(draft: Draft, name: string, live: LiveRun | null): void {
  tellOnly(draft, name, { type: 'reconcile', live, atMs: draft.atMs })
  mendTicket(draft, name)
}

/** What was under way when something failed. */
function goOn(draft: Draft, { shutdownAsked }: Sweep): void {
  draft.isRecounted = true
  if (draft.outputStall?.isOver) outputResumed(draft)
  if (draft.isEnding) recoverShutdown(draft)
  else if (shutdownAsked) beginShutdown(draft, { kind: 'signal', signal: 'TERM' })
  else if (!draft.booted) boot(draft)
}

/** The end was ordered, and the order may be lost. */
function endAgain(draft: Draft, live: readonly LiveRun[]): void {
  for (const { daemon, run, gone } of live) {
    if (!gone) draft.do({ type: 'signal', daemon, run, signal: 'KILL', to: 'tree' })
  }
  finish(draft)
}
