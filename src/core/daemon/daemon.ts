/** The life of one daemon: a table, phase × event. Pure: no clock, no process, no randomness. A
 *  missing cell does not compile, so every event has a decision in every phase; "stay" is one.
 *
 *      stopped ──start──> waiting ──turn──> starting ──spawned──> running
 *         ^                  ^  ^              │ spawn-failed        │ stop, restart, hold,
 *         │  wants to be up ─┘  └── backoff <──┤                     v unhealthy, death
 *         └─────────── the run is over ────────┴── killing <──── terminating
 *
 *  A run is over when its leader and all of its descendants are gone. What follows (`next`) is kept
 *  apart from the phase: the last request wins, so that requests coalesce; without a request the
 *  policy decides (restart-policy.ts). Events name their run; an event of an old run has no effect.
 */
import type { Effect } from '../effect.ts'
import {
  extendStop,
  hurry,
  kill,
  leaderEnded,
  reportStuck,
  settle,
  signalTree,
  wantDown,
  wantUp,
} from './ending.ts'
import { type Daemon, type DaemonEvent, type In, type Of, type Rule, stay } from './phases.ts'
import {
  killUnknownRun,
  reconcileBackoff,
  reconcileEnding,
  reconcileRunning,
  reconcileStarting,
} from './recovery.ts'
import {
  becomeReady,
  becomeRunning,
  die,
  endForFault,
  feedWatchdog,
  forward,
  holdBack,
  keepStatus,
  markExecuted,
  rejectForward,
  renew,
  retire,
} from './running.ts'
import {
  endBackoff,
  failStart,
  giveUpRetrying,
  giveUpWaiting,
  skip,
  spawnNext,
  stayStopped,
  wait,
  waitAtFirst,
  waitNoLonger,
  wantNextRun,
  wantNoRun,
  wantThisRun,
} from './starting.ts'

/** @param effects  Takes the effects of the event.
 *  @param isEnding No daemon is started any more.
 *  @returns The daemon after the event; the same object when it does not change. */
export function stepDaemon(
  daemon: Daemon,
  event: DaemonEvent,
  effects: Effect[],
  isEnding = false,
): Daemon {
  const { run } = event as { readonly run?: number }
  if (run !== undefined && run !== daemon.run) return daemon
  const rule = rules[daemon.phase][event.type] as Rule<Daemon, DaemonEvent> // The one cast.
  return rule(daemon, event, effects, isEnding)
}

/** Exported for the test that a table with a missing cell does not compile. */
export type Rules = {
  [P in Daemon['phase']]: { [T in DaemonEvent['type']]: Rule<In<P>, Of<T>> }
}

// biome-ignore format: a table is read by its columns.
const rules: Rules = {
  stopped: {
    start: waitAtFirst, turn: stay, skip: stay, stop: stayStopped, restart: wait,
    hold: stay, forward: rejectForward, spawned: stay, 'spawn-failed': stay,
    executed: stay, ready: stay, 'status-reported': stay,
    'watchdog-ping': stay, unhealthy: stay, exited: stay,
    gone: stay, escalate: stay, grace: stay, stuck: stay,
    backoff: stay, reconcile: killUnknownRun },
  waiting: {
    start: stay, turn: spawnNext, skip: skip, stop: giveUpWaiting, restart: wait,
    hold: stay, forward: rejectForward, spawned: stay, 'spawn-failed': stay,
    executed: stay, ready: stay, 'status-reported': stay,
    'watchdog-ping': stay, unhealthy: stay, exited: stay,
    gone: stay, escalate: stay, grace: stay, stuck: stay,
    backoff: stay, reconcile: killUnknownRun },
  backoff: {
    start: waitNoLonger, turn: stay, skip: stay, stop: giveUpRetrying, restart: waitNoLonger,
    hold: stay, forward: rejectForward, spawned: stay, 'spawn-failed': stay,
    executed: stay, ready: stay, 'status-reported': stay,
    'watchdog-ping': stay, unhealthy: stay, exited: stay,
    gone: stay, escalate: stay, grace: stay, stuck: stay,
    backoff: endBackoff, reconcile: reconcileBackoff },
  starting: {
    start: wantThisRun, turn: stay, skip: stay, stop: wantNoRun, restart: wantThisRun,
    hold: wantNextRun, forward: rejectForward, spawned: becomeRunning, 'spawn-failed': failStart,
    executed: stay, ready: stay, 'status-reported': stay,
    'watchdog-ping': stay, unhealthy: stay, exited: stay,
    gone: stay, escalate: stay, grace: stay, stuck: stay,
    backoff: stay, reconcile: reconcileStarting },
  running: {
    start: stay, turn: stay, skip: stay, stop: retire, restart: renew,
    hold: holdBack, forward: forward, spawned: stay, 'spawn-failed': stay,
    executed: markExecuted, ready: becomeReady, 'status-reported': keepStatus,
    'watchdog-ping': feedWatchdog, unhealthy: endForFault, exited: die,
    gone: stay, escalate: stay, grace: stay, stuck: stay,
    backoff: stay, reconcile: reconcileRunning },
  terminating: {
    start: wantUp, turn: stay, skip: stay, stop: hurry, restart: hurry,
    hold: stay, forward: rejectForward, spawned: stay, 'spawn-failed': stay,
    executed: stay, ready: stay, 'status-reported': stay,
    'watchdog-ping': extendStop, unhealthy: stay, exited: leaderEnded,
    gone: settle, escalate: signalTree, grace: kill, stuck: stay,
    backoff: stay, reconcile: reconcileEnding },
  killing: {
    start: wantUp, turn: stay, skip: stay, stop: wantDown, restart: wantUp,
    hold: stay, forward: rejectForward, spawned: stay, 'spawn-failed': stay,
    executed: stay, ready: stay, 'status-reported': stay,
    'watchdog-ping': stay, unhealthy: stay, exited: leaderEnded,
    gone: settle, escalate: stay, grace: stay, stuck: reportStuck,
    backoff: stay, reconcile: reconcileEnding },
}
