/** Something the init must do. Plain data: it can be logged, compared, stored and replayed. */
import type { Exit, SpawnFailure, Timer } from './event.ts'
import type { ExitReport } from './exit-code.ts'
import type { Signal } from './signals.ts'
import type { Ticket } from './ticket.ts'

export type Effect = Readonly<
  | { type: 'spawn'; daemon: string; run: number }
  /** Always with CONT behind it, except KILL: a stopped process sees nothing else. */
  | { type: 'signal'; daemon: string; run: number; signal: Signal; to: 'leader' | 'tree' }
  /** Look whether anybody of the run is left; the answer comes as `gone`, or not at all. */
  | { type: 'probe'; daemon: string; run: number }
  | { type: 'close-output'; daemon: string; run: number }
  | { type: 'arm'; timer: Timer; afterMs: number }
  | { type: 'disarm'; timer: Timer }
  | { type: 'report'; note: Note }
  /** The end: pass on what is left of the output, then exit. */
  | { type: 'finish'; report: ExitReport; flushMs: number }
>

/** What a person should know. `init/report.ts` puts it into words. */
export type Note = Readonly<
  | { kind: 'started'; daemon: string; run: number; pid: number }
  | ({ kind: 'start-failed'; daemon: string; run: number; command: string } & SpawnFailure)
  /** An unasked death; once per run. */
  | ({ kind: 'died'; daemon: string; run: number; pid: number; uptimeMs: number } & Exit)
  | ({ kind: 'stopped'; daemon: string; run: number; pid: number } & Exit)
  | { kind: 'killing'; daemon: string; run: number; afterMs: number }
  /** What KILL did not end. */
  | { kind: 'stuck'; daemon: string; run: number }
  | { kind: 'end-missed'; daemon: string; run: number }
  | { kind: 'forwarded'; daemon: string; signal: Signal; pid: number }
  | { kind: 'not-forwarded'; daemon: string; signal: Signal }
  | { kind: 'signal-ignored'; signal: Signal; times: number; shuttingDown: boolean }
  | { kind: 'ticket'; ticket: Ticket }
  | { kind: 'shutdown'; reason: ShutdownReason; daemons: number; deadlineMs: number }
  | { kind: 'deadline-missed'; daemons: readonly string[] }
>

export type ShutdownReason =
  | { readonly kind: 'signal'; readonly signal: Signal }
  | { readonly kind: 'hangup' }
  | { readonly kind: 'main-ended' | 'critical-ended'; readonly daemon: string }
