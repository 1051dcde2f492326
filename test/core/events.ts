/** Short constructors of events for stories. The story adds their times. */
import type { Event, Exit, LiveRun, RunTimer, Timer } from '../../src/core/event.ts'
import { type Signal, signalNumbers } from '../../src/core/signals.ts'
import type { Requester } from '../../src/core/ticket.ts'

type WithoutTime<E> = E extends unknown ? Omit<E, 'atMs'> : never
export type TimelessEvent = WithoutTime<Event>
/** An event after a delay in milliseconds. */
export interface Later {
  readonly afterMs: number
  readonly event: TimelessEvent
}
/** An event, or a short form: "boot", "hangup" or the name of a signal to pitcrew. */
export type Beat = TimelessEvent | Later | 'boot' | 'hangup' | Signal

export function toEvent(beat: Exclude<Beat, Later>): TimelessEvent {
  if (typeof beat !== 'string') return beat
  if (beat === 'boot') return { type: 'boot' }
  const hangup = beat === 'hangup'
  return { type: 'signal', signal: hangup ? 'HUP' : beat, hangup }
}

export function later(afterMs: number, beat: Exclude<Beat, Later>): Later {
  return { afterMs, event: toEvent(beat) }
}

export function spawned(daemon: string, run: number, pid: number): TimelessEvent {
  return { type: 'spawned', daemon, run, pid }
}

export function spawnFailed(
  daemon: string,
  run: number,
  errno = 'ENOENT',
  step = 'exec',
): TimelessEvent {
  return { type: 'spawn-failed', daemon, run, step, errno }
}

/** The leader ended and no process of the run is left. */
export function exited(
  daemon: string,
  run: number,
  how: number | Signal = 0,
  output: 'output closed' | 'output open' = 'output closed',
): TimelessEvent {
  const outputOpen = output === 'output open'
  return { type: 'exited', daemon, run, ...exit(how), gone: true, outputOpen }
}

/** The leader ended; other processes of its tree did not. */
export function leaderExited(daemon: string, run: number, how: number | Signal = 0): TimelessEvent {
  return { type: 'exited', daemon, run, ...exit(how), gone: false, outputOpen: true }
}

/** The last of the tree ended. */
export function gone(
  daemon: string,
  run: number,
  output: 'output closed' | 'output open' = 'output closed',
): TimelessEvent {
  return { type: 'gone', daemon, run, outputOpen: output === 'output open' }
}

export function outputClosed(daemon: string, run: number): TimelessEvent {
  return { type: 'output-closed', daemon, run }
}

/** A timer fires; the clock of the story moves to its time. */
export function elapsed(kind: 'deadline' | 'waiting'): TimelessEvent
export function elapsed(kind: RunTimer['kind'], daemon: string, run: number): TimelessEvent
export function elapsed(kind: Timer['kind'], daemon = '', run = 0): TimelessEvent {
  const isOfNoRun = kind === 'deadline' || kind === 'waiting'
  const timer: Timer = isOfNoRun ? { kind } : { kind, daemon, run }
  return { type: 'elapsed', timer }
}

/** The requester in stories, unless another one is given. */
export const operator: Requester = client(1000)

export function client(uid: number): Requester {
  return { kind: 'client', uid, pid: null, daemon: null }
}

export function bySignal(signal: Signal): Requester {
  return { kind: 'signal', signal }
}

export function restart(daemon: string, by: Requester = operator, token = 0): TimelessEvent {
  return { type: 'request', verb: 'restart', daemon, by, why: '', token }
}

export function start(daemon: string, by: Requester = operator, token = 0): TimelessEvent {
  return { type: 'request', verb: 'start', daemon, by, why: '', token }
}

export function stop(daemon: string, by: Requester = operator, token = 0): TimelessEvent {
  return { type: 'request', verb: 'stop', daemon, by, why: '', token }
}

export function shutdown(by: Requester = operator, token = 0): TimelessEvent {
  return { type: 'request', verb: 'shutdown', daemon: null, by, why: '', token }
}

/** After a failure inside pitcrew; with the runs that are alive. */
export function reconcile(...live: LiveRun[]): TimelessEvent {
  return { type: 'reconcile', live, shutdownRequested: false, outputStall: null }
}

/** After a failure inside pitcrew during which TERM or INT arrived. */
export function reconcileWithShutdown(...live: LiveRun[]): TimelessEvent {
  return { type: 'reconcile', live, shutdownRequested: true, outputStall: null }
}

export function alive(daemon: string, run: number, pid: number): LiveRun {
  return { daemon, run, pid, exit: null, gone: false, ready: false }
}

/** A run with a leader that has ended. */
export function ended(
  daemon: string,
  run: number,
  pid: number,
  how: number | Signal,
  rest: 'gone' | 'rest alive' = 'gone',
): LiveRun {
  return { daemon, run, pid, exit: exit(how), gone: rest === 'gone', ready: false }
}

function exit(how: number | Signal): Exit {
  return typeof how === 'number'
    ? { code: how, signal: 0 }
    : { code: 0, signal: signalNumbers[how] }
}

export function ready(daemon: string, run: number): TimelessEvent {
  return { type: 'ready', daemon, run }
}
