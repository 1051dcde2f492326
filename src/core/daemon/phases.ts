/** The vocabulary of daemon.ts: the phases of a daemon, its events, and the helpers that its rules
 *  share. */
import type { DeathNote, Effect, LastRun, Note } from '../effect.ts'
import type {
  Exit,
  Flaw,
  HealthFailure,
  LiveRun,
  OwnChange,
  RunTimer,
  SpawnFailure,
  Started,
} from '../event.ts'
import type { DaemonSpec } from '../plan/plan.ts'
import { type Signal, signalNumbers } from '../signals.ts'
import type { RestartStreak } from './restart-policy.ts'

export type Daemon = Common & Phase

/** What a daemon has in every phase. */
export interface Common {
  readonly spec: DaemonSpec
  /** The number of its current or last run; 0 = it never had one. */
  readonly run: number
  /** Its last run; null before the first one and while a run exists. */
  readonly last: LastRun | null
  /** Consecutive restarts by the policy. */
  readonly streak: RestartStreak
}

type Phase = Readonly<
  | { phase: 'stopped'; end: End }
  /** Is to be started: a dependency is not met, or its turn in the queue has not come. `byPolicy`:
   *  by the restart policy, without a request. */
  | { phase: 'waiting'; byPolicy: boolean }
  /** The policy restarts it after a delay. */
  | { phase: 'backoff'; untilMs: number }
  /** `want`: `again` = end this run and start the next one. `graceMs`: of a stop that was requested
   *  meanwhile. */
  | { phase: 'starting'; want: 'up' | 'down' | 'again'; graceMs: number }
  | ({ phase: 'running' } & Alive)
  | ({ phase: 'terminating' } & Alive & Ending)
  /** `stuck`: KILL did not end it, which was reported. */
  | ({ phase: 'killing'; stuck: boolean } & Alive & Ending)
>

/** Why a daemon is stopped: it was never started; a stop was requested; it has done its work; it
 *  has failed for good; a dependency has failed for good. */
export type End = 'none' | 'requested' | 'done' | 'failed' | 'skipped'

interface Alive {
  readonly pid: number
  readonly startedAtMs: number
  /** When it became ready; null = it is not. A daemon without `ready:` is ready when it has
   *  executed its program. */
  readonly readyAtMs: number | null
  /** The status that it reported (sd_notify: STATUS); '' = none. */
  readonly status: string
  /** Its status before it began to reload or to stop by itself; null = it does neither. */
  readonly statusBefore: string | null
  /** The extended time to become ready that it requested; 0 = none. */
  readonly extendedToMs: number
  /** The numbers of the signals that pitcrew sent it. */
  readonly sent: readonly number[]
}

interface Ending {
  readonly next: Next
  /** False when it died by itself, or is ended for a fault. */
  readonly requested: boolean
  /** The fault that it is ended for; null = its end was requested, or it died by itself. */
  readonly fault: HealthFailure | null
  readonly flaw: Flaw | null
  /** How the leader ended; null while it lives. */
  readonly exit: Exit | null
  /** When its end began, and when it is killed. */
  readonly sinceMs: number
  readonly killAtMs: number
  /** The tree without its leader was sent the stop signal. */
  readonly treeSignalled: boolean
}

/** What follows when the run is over. The last request wins; without one the policy decides. */
export type Next = 'up' | { readonly retryAfterMs: number } | End

export type DaemonEvent = Readonly<
  { atMs: number } & (
    | { type: 'start' }
    /** Its dependencies are met, and its turn in the queue has come. */
    | { type: 'turn' }
    /** A dependency has failed for good. */
    | { type: 'skip'; needs: string }
    /** Ends the run; with KILL when it is not over after the grace. */
    | { type: 'stop'; graceMs: number }
    /** Ends the run, then starts the next one. */
    | { type: 'restart'; graceMs: number }
    /** Its guard is not ready: ends the run until it is. */
    | { type: 'hold'; guard: string; graceMs: number }
    | { type: 'forward'; signal: Signal }
    | ({ type: 'spawned'; run: number } & Started)
    | ({ type: 'spawn-failed'; run: number } & SpawnFailure)
    | { type: 'executed'; run: number }
    | { type: 'ready'; run: number }
    /** `status`: null = unchanged. */
    | { type: 'status-reported'; run: number; status: string | null; change: OwnChange | null }
    /** Starts the watchdog over. `extendMs`: the time that it requests from now on, to become ready
     *  or to end; `limitMs`: the longest time that its stop may still take. */
    | { type: 'watchdog-ping'; run: number; extendMs: number | null; limitMs: number }
    | { type: 'unhealthy'; run: number; fault: HealthFailure; graceMs: number }
    | ({ type: 'exited'; run: number; gone: boolean; outputOpen: boolean } & Exit)
    | { type: 'gone'; run: number; outputOpen: boolean }
    | { type: 'escalate'; run: number }
    | { type: 'grace'; run: number }
    | { type: 'stuck'; run: number }
    | { type: 'backoff'; run: number }
    /** `live`: what the host knows of its run; null = it has none. */
    | { type: 'reconcile'; live: LiveRun | null }
  )
>

export type In<P extends Daemon['phase']> = Extract<Daemon, { phase: P }>
export type Of<T extends DaemonEvent['type']> = Extract<DaemonEvent, { type: T }>
/** Returns the daemon after an event, and adds the effects of the event. `isEnding`: no daemon is
 *  started any more. */
export type Rule<S, E> = (daemon: S, event: E, effects: Effect[], isEnding: boolean) => Daemon

export function stay(daemon: Daemon): Daemon {
  return daemon
}

export function stopped({ spec, run, last, streak }: Common, end: End): In<'stopped'> {
  return { spec, run, last, streak, phase: 'stopped', end }
}

export function waiting({ spec, run, last, streak }: Common, byPolicy: boolean): In<'waiting'> {
  return { spec, run, last, streak, phase: 'waiting', byPolicy }
}

function timer(kind: RunTimer['kind'], { spec, run }: Common): RunTimer {
  return { kind, daemon: spec.name, run }
}

export function arm(
  effects: Effect[],
  kind: RunTimer['kind'],
  daemon: Common,
  afterMs: number,
): void {
  effects.push({ type: 'arm', timer: timer(kind, daemon), afterMs })
}

export function disarm(effects: Effect[], kind: RunTimer['kind'], daemon: Daemon): void {
  effects.push({ type: 'disarm', timer: timer(kind, daemon) })
}

/** The stop signal. */
export function signalStop(effects: Effect[], { spec, run }: Common, to: 'leader' | 'rest'): void {
  effects.push({ type: 'signal', daemon: spec.name, run, signal: spec.stop.signal, to })
}

export function killTree(effects: Effect[], daemon: string, run: number): void {
  effects.push({ type: 'signal', daemon, run, signal: 'KILL', to: 'tree' })
}

export function report(effects: Effect[], note: Note): void {
  effects.push({ type: 'report', note })
}

/** Reports an end without a request, and runs the command for it. */
export function reportDeath(
  { name, onDeath }: DaemonSpec,
  about: DeathNote,
  effects: Effect[],
): void {
  report(effects, about)
  if (onDeath === null) return
  const { run, pid } = about
  effects.push({ type: 'run-command', daemon: name, run, pid, about })
}

export function withSignal(sent: readonly number[], signal: Signal): readonly number[] {
  const number = signalNumbers[signal]
  return sent.includes(number) ? sent : [...sent, number]
}
