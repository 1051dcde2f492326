/** All daemons of a bundle: `step` takes an event, changes the state and returns effects. Here
 *  events are routed to daemons, to requests (requests.ts) and to the shutdown (shutdown.ts), which
 *  wins over everything. */

import { type Daemon, type DaemonEvent, killTree } from '../daemon/phases.ts'
import type { Effect } from '../effect.ts'
import type { Event, LiveRun } from '../event.ts'
import type { Signal } from '../signals.ts'
import { checkStep } from './invariants.ts'
import { awaitsLine, outputResumed, outputStalled, reconcileStall } from './output-stall.ts'
import { handleRequest } from './requests.ts'
import { followChanges, reportWaiters, spawnNextBatch, watchWaiters } from './scheduling.ts'
import {
  beginShutdown,
  countBlockers,
  enforceDeadline,
  finish,
  finishIfOver,
  killAtDeadline,
  missDeadline,
  recoverShutdown,
  shutDownIfEnded,
  stopInTurn,
  stopLimitMs,
} from './shutdown.ts'
import type { StepContext } from './step-context.ts'
import {
  beginSweep,
  continueSweep,
  isReconciling,
  type Stage,
  type Sweep,
  type Treatments,
} from './sweep.ts'
import { reconcileTicket, supersede } from './tickets.ts'

/** Throws, and changes nothing, when the step would break an invariant. An interrupt of the engine
 *  is not caught here: the caller, or the next step, undoes what it leaves (`undo`). */
export function step(context: StepContext, event: Event): readonly Effect[] {
  context.begin(event.atMs)
  try {
    take(context, event)
  } catch (error) {
    context.undo()
    throw error
  }
  context.commit()
  return context.effects
}

function take(context: StepContext, event: Event): void {
  const route = routes[event.type] as (context: StepContext, event: Event) => void // The one cast.
  route(context, event)
  if (context.isUnchanged) return
  continueSweep(context, treatments)
  if (!isReconciling(context)) {
    followChanges(context)
    // The consequences may begin a shutdown.
    continueSweep(context, treatments)
    spawnNextBatch(context)
    watchWaiters(context)
  }
  if (context.sweep === null) {
    announceIfReady(context)
    finishIfOver(context)
  }
  checkStep(context)
}

/** What each type of event leads to. A type that is missing does not compile. */
type Routes = {
  readonly [T in Event['type']]: (context: StepContext, event: EventOf<T>) => void
}
type EventOf<T extends Event['type']> = Extract<Event, { type: T }>

const routes: Routes = {
  spawned: dispatch,
  'spawn-failed': dispatch,
  executed: dispatch,
  ready: dispatch,
  'status-reported': dispatch,
  exited: dispatch,
  gone: dispatch,
  boot,
  signal: handleSignal,
  request: handleRequest,
  elapsed: handleTimer,
  unhealthy: endForFault,
  'watchdog-ping': (context, event) => {
    const limitMs = event.extendMs === null ? 0 : stopLimitMs(context, event.daemon)
    context.dispatch(event.daemon, { ...event, limitMs })
  },
  replan: (context, { plan, restarts }) => {
    const problem = context.replacePlan?.(context, plan, restarts)
    context.emit({ type: 'replanned', problem: problem === undefined ? 'not loaded' : problem })
  },
  'output-closed': (context, { daemon, run }) =>
    context.emit({ type: 'disarm', timer: { kind: 'linger', daemon, run } }),
  'output-stalled': outputStalled,
  'output-resumed': outputResumed,
  reconcile,
  continue: () => {},
}

function dispatch(context: StepContext, event: DaemonEvent & { readonly daemon: string }): void {
  context.dispatch(event.daemon, event)
}

const treatments: Treatments = {
  start: (context, name) => {
    context.advance(context.daemons.get(name) as Daemon, { type: 'start', atMs: context.atMs })
  },
  booted: (context) => {
    context.set('booted', true)
  },
  supersede,
  count: countBlockers,
  stop: stopInTurn,
  kill: killAtDeadline,
  missed: missDeadline,
  reconcile: (context, name, { live }) => reconcileDaemon(context, name, live.get(name) ?? null),
  ends: (context, name) => shutDownIfEnded(context, context.daemons.get(name) as Daemon),
  follow: (context, name) => {
    context.changed.push(name)
  },
  resume: (context, _, sweep) => resumeInterrupted(context, sweep),
}

function boot(context: StepContext): void {
  if (context.shutdown === null) return beginSweep(context, ['start', 'booted'])
  context.set('booted', true)
}

function announceIfReady(context: StepContext): void {
  if (context.announced || !context.booted || context.isEnding) return
  if (context.settled < context.plan.daemons.length) return
  context.set('announced', true)
  context.emit({ type: 'announce', state: 'READY=1' })
}

function handleSignal(context: StepContext, { signal, hangup }: EventOf<'signal'>): void {
  if (hangup) return beginShutdown(context, { kind: 'hangup' })
  if (signal === 'TERM' || signal === 'INT') {
    return beginShutdown(context, { kind: 'signal', signal })
  }
  const action = context.plan.signals[signal]
  if (action === undefined || context.isEnding) return ignoreSignal(context, signal)
  for (const name of action.forward) forward(context, name, signal)
  for (const daemon of action.restart) {
    const by = { kind: 'signal', signal } as const
    handleRequest(context, { verb: 'restart', daemon, by, why: '', token: 0 })
  }
  for (const daemon of action.reload) {
    context.emit({ type: 'operate', verb: 'reload', daemon, by: { kind: 'signal', signal } })
  }
}

/** Reports the first, the tenth, the hundredth signal …: many signals must not make as many
 *  lines. */
function ignoreSignal(context: StepContext, signal: Signal): void {
  if (silentlyIgnored.includes(signal)) return
  const times = (context.ignored.get(signal) ?? 0) + 1
  context.put(context.ignored, signal, times)
  const shuttingDown = context.isEnding
  if (isPowerOfTen(times)) context.report({ kind: 'signal-ignored', signal, times, shuttingDown })
}

/** Signals that a program ignores by default. */
const silentlyIgnored: readonly Signal[] = ['CHLD', 'CONT', 'URG', 'WINCH']

function isPowerOfTen(number: number): boolean {
  let power = 1
  while (power < number) power *= 10
  return power === number
}

function forward(context: StepContext, name: string, signal: Signal): void {
  if (context.daemons.get(name) !== undefined) {
    return context.dispatch(name, { type: 'forward', signal, atMs: context.atMs })
  }
  context.report({ kind: 'not-forwarded', daemon: name, signal }) // Not selected.
}

function handleTimer(context: StepContext, { timer, atMs }: EventOf<'elapsed'>): void {
  if (!('daemon' in timer)) {
    return timer.kind === 'deadline' ? enforceDeadline(context) : reportWaiters(context)
  }
  const { kind, daemon, run } = timer
  switch (kind) {
    case 'linger':
      return context.emit({ type: 'close-output', daemon, run })
    case 'ready':
      if (context.outputStall !== null && awaitsLine(context.daemons.get(daemon))) return
      return endForFault(context, { daemon, run, fault: 'not-ready' })
    case 'watchdog':
      return endForFault(context, { daemon, run, fault: 'watchdog' })
    default:
      return context.dispatch(daemon, { type: kind, run, atMs })
  }
}

function endForFault(
  context: StepContext,
  { daemon: name, run, fault }: Pick<EventOf<'unhealthy'>, 'daemon' | 'run' | 'fault'>,
): void {
  const daemon = context.daemons.get(name)
  if (daemon === undefined) return
  const graceMs = context.stopGraceMs(daemon)
  context.dispatch(name, { type: 'unhealthy', run, fault, graceMs, atMs: context.atMs })
}

/** After a failure inside pitcrew the state is rebuilt from the runs that the host knows. */
function reconcile(context: StepContext, event: EventOf<'reconcile'>): void {
  if (context.finished) return finishAgain(context, event.live)
  const live = new Map<string, LiveRun>()
  for (const one of event.live) {
    const { daemon, run, gone } = one
    if (context.daemons.get(daemon)?.run === run) live.set(daemon, one)
    else if (!gone) killTree(context.effects, daemon, run)
  }
  context.recount()
  // A second READY=1 is harmless.
  context.set('announced', false)
  reconcileStall(context, event.outputStall)
  // A change of a daemon may have lost its consequences in the failure: they are drawn again.
  const stages = ['reconcile', 'ends', 'follow', 'resume'] as const
  const all: readonly Stage[] = context.shutdown === null ? stages : ['count', ...stages]
  beginSweep(context, all, live, event.shutdownRequested)
}

function reconcileDaemon(context: StepContext, name: string, live: LiveRun | null): void {
  const daemon = context.daemons.get(name) as Daemon
  context.update(daemon, { type: 'reconcile', live, atMs: context.atMs })
  reconcileTicket(context, name)
}

/** Continues what the failure interrupted. */
function resumeInterrupted(context: StepContext, { shutdownRequested }: Sweep): void {
  context.waitingBefore = null
  if (context.outputStall?.isOver) outputResumed(context)
  if (context.isEnding) recoverShutdown(context)
  else if (shutdownRequested) beginShutdown(context, { kind: 'signal', signal: 'TERM' })
  else if (!context.booted) boot(context)
}

/** The end was ordered before, and the order may be lost. */
function finishAgain(context: StepContext, live: readonly LiveRun[]): void {
  for (const { daemon, run, gone } of live) {
    if (!gone) killTree(context.effects, daemon, run)
  }
  finish(context)
}
