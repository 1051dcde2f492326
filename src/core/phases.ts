/** The phases of a daemon's life, the events in it, and what is kept of a run. The life itself is
 *  in daemon.ts. */
import type { Effect, Note } from './effect.ts'
import type { Exit, LiveRun, SpawnFailure } from './event.ts'
import type { DaemonSpec } from './plan.ts'
import { type Signal, signalNumbers } from './signals.ts'

export type Daemon = Readonly<{
  spec: DaemonSpec
  /** The number of its run, or of its last one; 0 = it never had one. */
  run: number
  /** How its last run ended; null while that is not known. */
  last: LastRun | null
}> &
  Phase

type Phase = Readonly<
  | { phase: 'stopped' }
  /** Wants to start; its turn has not come. */
  | { phase: 'waiting' }
  /** `graceMs`: of the stop that it was asked for meanwhile. */
  | { phase: 'starting'; want: Want; graceMs: number }
  | ({ phase: 'running' } & Alive)
  | ({ phase: 'terminating' } & Alive & Ending)
  /** `stuck`: KILL did not end it, and it was named. */
  | ({ phase: 'killing'; stuck: boolean } & Alive & Ending)
>

export type Want = 'up' | 'down'

interface Alive {
  readonly pid: number
  readonly startedAtMs: number
  /** Numbers of the signals that it was sent. */
  readonly sent: readonly number[]
}

interface Ending {
  readonly want: Want
  /** False when it died by itself and only its rest is being ended. */
  readonly asked: boolean
  /** How the leader ended; null while it lives. */
  readonly exit: Exit | null
  /** When its end began, and when it is killed. */
  readonly sinceMs: number
  readonly killAtMs: number
  /** The whole tree was sent the stop signal. */
  readonly treeTold: boolean
}

/** What is kept of a run that is over. */
export interface LastRun {
  readonly run: number
  readonly pid: number
  /** Set when it could not be started; `exit` means nothing then. */
  readonly failure: SpawnFailure | null
  readonly exit: Exit
  readonly asked: boolean
  readonly sent: readonly number[]
}

export type DaemonEvent = Readonly<
  { atMs: number } & (
    | { type: 'start' }
    | { type: 'turn' }
    /** Ends the run, with KILL when it is not over after the grace. */
    | { type: 'stop'; graceMs: number }
    /** The same, and then the next run. */
    | { type: 'restart'; graceMs: number }
    | { type: 'forward'; signal: Signal }
    | { type: 'spawned'; run: number; pid: number }
    | ({ type: 'spawn-failed'; run: number } & SpawnFailure)
    | ({ type: 'exited'; run: number; gone: boolean; outputOpen: boolean } & Exit)
    | { type: 'gone'; run: number; outputOpen: boolean }
    | { type: 'half'; run: number }
    | { type: 'grace'; run: number }
    | { type: 'stuck'; run: number }
    /** What the host knows of its run; null = nothing. */
    | { type: 'reconcile'; live: LiveRun | null }
  )
>

export type DaemonStep = readonly [next: Daemon, effects: readonly Effect[]]

export type In<P extends Daemon['phase']> = Extract<Daemon, { phase: P }>
export type Of<T extends DaemonEvent['type']> = Extract<DaemonEvent, { type: T }>
export type Rule<S, E> = (daemon: S, event: E) => DaemonStep

export function stay(daemon: Daemon): DaemonStep {
  return [daemon, []]
}

export function common({ spec, run, last }: Daemon): Pick<Daemon, 'spec' | 'run' | 'last'> {
  return { spec, run, last }
}

export function timer<K extends 'half' | 'grace' | 'stuck' | 'linger'>(
  kind: K,
  { spec, run }: Daemon,
): { kind: K; daemon: string; run: number } {
  return { kind, daemon: spec.name, run }
}

export function note(of: Note): Effect {
  return { type: 'report', note: of }
}

export function remember(sent: readonly number[], signal: Signal): readonly number[] {
  const number = signalNumbers[signal]
  return sent.includes(number) ? sent : [...sent, number]
}
