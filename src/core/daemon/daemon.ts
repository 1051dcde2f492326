/** The life of one daemon. Pure: no clock, no process, no chance. `step` is a table lookup, and a
 *  missing cell does not compile: every event has a decision in every phase, and "stay" is a
 *  decision.
 *
 *      stopped ──start──> waiting ──turn──> starting ──spawned──> running
 *         ^                  ^  ^              │ spawn-failed        │ stop, restart, hold,
 *         │  wants to be up ─┘  └── backoff <──┤                     v unfit, death
 *         └─────────── the run is over ────────┴── killing <──── terminating
 *
 *  A run is over when its leader *and* everything it left behind are gone. What follows then
 *  (`next`) stands apart from where it is: the last request wins, so requests coalesce by
 *  themselves; where nobody asked for anything the policy decides (restart-policy.ts). Events name
 *  the run they are about; what comes from an old run finds nobody. */
import type { Effect } from '../effect.ts'
import {
  extendStop,
  hurry,
  kill,
  leaderEnded,
  nameStuck,
  settle,
  signalTree,
  wantDown,
  wantUp,
} from './ending.ts'
import { type Daemon, type DaemonEvent, type In, type Of, type Rule, stay } from './phases.ts'
import { endGhost, findBackingOff, findEnding, findRunning, findStarted } from './recovery.ts'
import {
  becomeReady,
  begin,
  die,
  dontForward,
  endForFault,
  forward,
  goOn,
  holdBack,
  keepStatus,
  renew,
  retire,
  takePing,
} from './running.ts'
import {
  endAtOnce,
  giveUpRetrying,
  giveUpWaiting,
  notStarted,
  skip,
  spawnNext,
  startAfterAll,
  startLater,
  stayStopped,
  tryAgain,
  wait,
  waitAtFirst,
  waitNoLonger,
} from './starting.ts'

/** @param effects  What is to be done is added here.
 *  @param isEnding Nothing is started any more.
 *  @returns What becomes of the daemon; itself when nothing does. */
export function stepDaemon(
  daemon: Daemon,
  event: DaemonEvent,
  effects: Effect[],
  isEnding = false,
): Daemon {
  if ('run' in event && event.run !== daemon.run) return daemon
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
    start: waitAtFirst, turn: stay, skip: stay, stop: stayStopped, restart: wait, hold: stay,
    forward: dontForward, spawned: stay, 'spawn-failed': stay, executed: stay, ready: stay,
    'status-reported': stay, 'watchdog-ping': stay, unhealthy: stay, exited: stay, gone: stay,
    escalate: stay, grace: stay, stuck: stay, backoff: stay, reconcile: endGhost },
  waiting: {
    start: stay, turn: spawnNext, skip: skip, stop: giveUpWaiting, restart: wait, hold: stay,
    forward: dontForward, spawned: stay, 'spawn-failed': stay, executed: stay, ready: stay,
    'status-reported': stay, 'watchdog-ping': stay, unhealthy: stay, exited: stay, gone: stay,
    escalate: stay, grace: stay, stuck: stay, backoff: stay, reconcile: endGhost },
  backoff: {
    start: waitNoLonger, turn: stay, skip: stay, stop: giveUpRetrying, restart: waitNoLonger,
    hold: stay, forward: dontForward, spawned: stay, 'spawn-failed': stay, executed: stay,
    ready: stay, 'status-reported': stay, 'watchdog-ping': stay, unhealthy: stay, exited: stay, gone: stay,
    escalate: stay, grace: stay, stuck: stay, backoff: tryAgain, reconcile: findBackingOff },
  starting: {
    start: startAfterAll, turn: stay, skip: stay, stop: endAtOnce, restart: startAfterAll,
    hold: startLater, forward: dontForward, spawned: begin, 'spawn-failed': notStarted,
    executed: stay, ready: stay, 'status-reported': stay, 'watchdog-ping': stay, unhealthy: stay, exited: stay, gone: stay,
    escalate: stay, grace: stay, stuck: stay, backoff: stay, reconcile: findStarted },
  running: {
    start: stay, turn: stay, skip: stay, stop: retire, restart: renew, hold: holdBack,
    forward: forward, spawned: stay, 'spawn-failed': stay, executed: goOn, ready: becomeReady,
    'status-reported': keepStatus, 'watchdog-ping': takePing, unhealthy: endForFault, exited: die, gone: stay,
    escalate: stay, grace: stay, stuck: stay, backoff: stay, reconcile: findRunning },
  terminating: {
    start: wantUp, turn: stay, skip: stay, stop: hurry, restart: hurry, hold: stay,
    forward: dontForward, spawned: stay, 'spawn-failed': stay, executed: stay, ready: stay,
    'status-reported': stay, 'watchdog-ping': extendStop, unhealthy: stay, exited: leaderEnded, gone: settle,
    escalate: signalTree, grace: kill, stuck: stay, backoff: stay, reconcile: findEnding },
  killing: {
    start: wantUp, turn: stay, skip: stay, stop: wantDown, restart: wantUp, hold: stay,
    forward: dontForward, spawned: stay, 'spawn-failed': stay, executed: stay, ready: stay,
    'status-reported': stay, 'watchdog-ping': stay, unhealthy: stay, exited: leaderEnded, gone: settle,
    escalate: stay, grace: stay, stuck: nameStuck, backoff: stay, reconcile: findEnding },
}
