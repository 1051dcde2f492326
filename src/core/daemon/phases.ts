/** The phases of a daemon's life, the events in it, and what is kept of a run. The life itself is
 *  in daemon.ts. */
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
  /** The number of its run, or of its last one; 0 = it never had one. */
  readonly run: number
  /** How its last run ended; null while that is not known. */
  readonly last: LastRun | null
  /** Restarts by the policy. */
  readonly streak: RestartStreak
}

type Phase = Readonly<
  | { phase: 'stopped'; end: End }
  /** Wants to start; what it is `after` is not there yet, or its turn has not come. `byPolicy`:
   *  nobody asked for it. */
  | { phase: 'waiting'; byPolicy: boolean }
  /** Is restarted by the policy, a little later. */
  | { phase: 'backoff'; untilMs: number }
  /** `want`: `again` means that this run is not wanted, and the next one is. `graceMs`: of the stop
   *  that it was asked for meanwhile. */
  | { phase: 'starting'; want: 'up' | 'down' | 'again'; graceMs: number }
  | ({ phase: 'running' } & Alive)
  | ({ phase: 'terminating' } & Alive & Ending)
  /** `stuck`: KILL did not end it, and it was named. */
  | ({ phase: 'killing'; stuck: boolean } & Alive & Ending)
>

/** Why a daemon is stopped: it was not wanted yet; it was asked to; it has done what it was for; it
 *  failed for good; somebody whom it is `after` failed for good. */
export type End = 'none' | 'requested' | 'done' | 'failed' | 'skipped'

interface Alive {
  readonly pid: number
  readonly startedAtMs: number
  /** Since when it is ready; null = it is not. A daemon without a sign of readiness is ready when
   *  it has executed its program. */
  readonly readyAtMs: number | null
  /** What it said of itself (sd_notify: STATUS); '' = nothing. */
  readonly status: string
  /** Its status from before it reloads or stops by itself; null = it does not. */
  readonly statusBefore: string | null
  /** Until when it may be not ready, as it asked for; 0 = it did not. */
  readonly extendedToMs: number
  /** Numbers of the signals that it was sent. */
  readonly sent: readonly number[]
}

interface Ending {
  readonly next: Next
  /** False when it died by itself, or had to be ended for a fault. */
  readonly requested: boolean
  /** What it is ended for; null = it was asked to, or died by itself. */
  readonly fault: HealthFailure | null
  readonly flaw: Flaw | null
  /** How the leader ended; null while it lives. */
  readonly exit: Exit | null
  /** When its end began, and when it is killed. */
  readonly sinceMs: number
  readonly killAtMs: number
  /** All of the tree but its leader was sent the stop signal. */
  readonly treeSignalled: boolean
}

/** What follows when the run is over. The last request wins; `retry` and an End are the policy's. */
export type Next = 'up' | { readonly retryAfterMs: number } | End

export type DaemonEvent = Readonly<
  { atMs: number } & (
    | { type: 'start' }
    /** Nothing is in its way any more. */
    | { type: 'turn' }
    /** Somebody whom it is after has failed for good. */
    | { type: 'skip'; needs: string }
    /** Ends the run, with KILL when it is not over after the grace. */
    | { type: 'stop'; graceMs: number }
    /** The same, and then the next run. */
    | { type: 'restart'; graceMs: number }
    /** The guard that it is after is not ready: it may not run, and is started again later. */
    | { type: 'hold'; guard: string; graceMs: number }
    | { type: 'forward'; signal: Signal }
    | ({ type: 'spawned'; run: number } & Started)
    | ({ type: 'spawn-failed'; run: number } & SpawnFailure)
    | { type: 'executed'; run: number }
    | { type: 'ready'; run: number }
    /** Its status (null: as before), and what it does by itself. */
    | { type: 'status-reported'; run: number; status: string | null; change: OwnChange | null }
    /** It is still at work: the watchdog begins anew. `extendMs`: so much time from now on is asked
     *  for, to be ready or to end; `limitMs`: so much a stop may still take. */
    | { type: 'watchdog-ping'; run: number; extendMs: number | null; limitMs: number }
    | { type: 'unhealthy'; run: number; fault: HealthFailure; graceMs: number }
    | ({ type: 'exited'; run: number; gone: boolean; outputOpen: boolean } & Exit)
    | { type: 'gone'; run: number; outputOpen: boolean }
    | { type: 'escalate'; run: number }
    | { type: 'grace'; run: number }
    | { type: 'stuck'; run: number }
    | { type: 'backoff'; run: number }
    /** What the host knows of its run; null = nothing. */
    | { type: 'reconcile'; live: LiveRun | null }
  )
>

export type In<P extends Daemon['phase']> = Extract<Daemon, { phase: P }>
export type Of<T extends DaemonEvent['type']> = Extract<DaemonEvent, { type: T }>
/** What a daemon becomes by an event; what is to be done is added to the effects. `isEnding`:
 *  nothing is started any more. */
export type Rule<S, E> = (daemon: S, event: E, effects: Effect[], isEnding: boolean) => Daemon

export function stay(daemon: Daemon): Daemon {
  return daemon
}

export function stopped({ spec, run, last, streak }: Common, end: End): In<'stopped'> {
  return { spec, run, last, streak: streak, phase: 'stopped', end }
}

export function waiting({ spec, run, last, streak }: Common, byPolicy: boolean): In<'waiting'> {
  return { spec, run, last, streak: streak, phase: 'waiting', byPolicy }
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

export function report(effects: Effect[], note: Note): void {
  effects.push({ type: 'report', note })
}

/** An unasked end: it is told, and its command is run. */
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

export function remember(sent: readonly number[], signal: Signal): readonly number[] {
  const number = signalNumbers[signal]
  return sent.includes(number) ? sent : [...sent, number]
}
