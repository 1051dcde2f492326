/** The life of one daemon. Pure: no clock, no process, no chance. `step` is a table lookup, and a
 *  missing cell does not compile: every event has a decision in every phase, and "stay" is a
 *  decision.
 *
 *      stopped ──start──> waiting ──turn──> starting ──spawned──> running
 *         ^                                    ^  │                  │ stop, restart, death
 *         │                  wants to be up ───┘  └ spawn-failed     v
 *         └────────── the run is over ──────────── killing <──── terminating
 *
 *  A run is over when its leader *and* everything it left behind are gone. Where a daemon in
 *  transit should arrive (`want`) stands apart from where it is: the last request wins, so
 *  requests coalesce by themselves. Events name the run they are about; what comes from an old
 *  run finds nobody. */
import {
  hurry,
  kill,
  leaderEnded,
  nameStuck,
  settle,
  tellTree,
  wantDown,
  wantUp,
} from './ending.ts'
import {
  type Daemon,
  type DaemonEvent,
  type DaemonStep,
  type In,
  type Of,
  type Rule,
  stay,
} from './phases.ts'
import { endGhost, findEnding, findRunning, findStarted } from './recovery.ts'
import { begin, die, dontForward, forward, renew, retire } from './running.ts'
import { endAtOnce, giveUpWaiting, notStarted, spawnNext, startAfterAll, wait } from './starting.ts'

export function stepDaemon(daemon: Daemon, event: DaemonEvent): DaemonStep {
  if ('run' in event && event.run !== daemon.run) return stay(daemon)
  const rule = rules[daemon.phase][event.type] as Rule<Daemon, DaemonEvent> // The one cast.
  return rule(daemon, event)
}

/** Exported for the test that a table with a missing cell does not compile. */
export type Rules = {
  [P in Daemon['phase']]: { [T in DaemonEvent['type']]: Rule<In<P>, Of<T>> }
}

// biome-ignore format: a table is read by its columns.
const rules: Rules = {
  stopped: {
    start: wait, turn: stay, stop: stay, restart: wait, forward: dontForward,
    spawned: stay, 'spawn-failed': stay, exited: stay, gone: stay,
    half: stay, grace: stay, stuck: stay, reconcile: endGhost },
  waiting: {
    start: stay, turn: spawnNext, stop: giveUpWaiting, restart: stay, forward: dontForward,
    spawned: stay, 'spawn-failed': stay, exited: stay, gone: stay,
    half: stay, grace: stay, stuck: stay, reconcile: endGhost },
  starting: {
    start: startAfterAll, turn: stay, stop: endAtOnce, restart: startAfterAll, forward: dontForward,
    spawned: begin, 'spawn-failed': notStarted, exited: stay, gone: stay,
    half: stay, grace: stay, stuck: stay, reconcile: findStarted },
  running: {
    start: stay, turn: stay, stop: retire, restart: renew, forward: forward,
    spawned: stay, 'spawn-failed': stay, exited: die, gone: stay,
    half: stay, grace: stay, stuck: stay, reconcile: findRunning },
  terminating: {
    start: wantUp, turn: stay, stop: hurry, restart: hurry, forward: dontForward,
    spawned: stay, 'spawn-failed': stay, exited: leaderEnded, gone: settle,
    half: tellTree, grace: kill, stuck: stay, reconcile: findEnding },
  killing: {
    start: wantUp, turn: stay, stop: wantDown, restart: wantUp, forward: dontForward,
    spawned: stay, 'spawn-failed': stay, exited: leaderEnded, gone: settle,
    half: stay, grace: stay, stuck: nameStuck, reconcile: findEnding },
}
