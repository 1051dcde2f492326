/** A schedule: a plan, the behaviour of its programs, and the events from outside. It is plain
 *  data without randomness, so that it can be replayed, and made smaller if a promise breaks. */
import type { Exit } from '../../../src/core/event.ts'
import type { Plan } from '../../../src/core/plan/plan.ts'
import type { Verb } from '../../../src/core/ticket.ts'
import type { HostEvent } from '../../../src/host/host.ts'

/** Longer than any schedule. */
export const never = 1_000_000_000

export interface Schedule {
  readonly seed: number
  readonly plan: Plan
  /** The value of the variable that selects daemons. */
  readonly selected: string | null
  readonly isPid1: boolean
  /** The helper that parses the bundle; null: the plan is already built. */
  readonly helper: HelperScript | null
  /** Run n of a daemon has the n-th of its lives, or the last one. The same holds for each kind
   *  of its helpers ("d0:ready"). */
  readonly lives: Readonly<Record<string, readonly Life[]>>
  /** In order of time; the last one ends pitcrew. */
  readonly acts: readonly Act[]
  readonly faults: readonly Fault[]
  /** The largest pid; with a small one pids are reused soon. */
  readonly pidMax: number
  /** How late an alarm is. */
  readonly lateMs: number
  readonly disk: Disk
}

/** The result of appends to the journal. */
interface Disk {
  /** never: the append hangs. */
  readonly tookMs: number
  readonly errno: string | null
  /** The host repeats each result after this time; never: it does not. */
  readonly repeatsAfterMs: number
}

export interface HelperScript {
  /** Why it cannot be started. */
  readonly errno: string | null
  readonly tookMs: number
  readonly exit: Exit
  /** `plan`: a valid plan; `too much`: more than it may write. */
  readonly writes: 'plan' | 'garbage' | 'too much'
}

export interface Life {
  /** The duration of its spawn, for which pitcrew waits. */
  readonly spawnMs: number
  readonly failure: {
    readonly step: 'pipe' | 'fork' | 'limits' | 'user' | 'cwd' | 'exec'
    readonly errno: string
  } | null
  /** Its child hangs between clone and exec; null: it does not. */
  readonly hang: Hang | null
  readonly leader: Habits
  readonly others: readonly Other[]
  /** How long a process outside the run holds its output after its start. */
  readonly outputHeldMs: number
  readonly selfReports: readonly SelfReport[]
  readonly probed: ProbeBehaviour
}

/** The rest of the life begins only when the program is executed. */
export interface Hang {
  /** `stop`: it is suspended until CONT. `disk`: a disk hangs, and all signals but KILL are
   *  pending. `exec`: the same within exec, where signals have their default effect. */
  readonly by: 'stop' | 'disk' | 'exec'
  /** When the disk answers, or an operator continues the child; never: neither. */
  readonly endsAfterMs: number
  /** The result of its exec; null: it succeeds. */
  readonly failure: { readonly step: 'user' | 'cwd' | 'exec'; readonly errno: string } | null
}

/** A report of a run about itself, if it has a channel for it. */
export interface SelfReport {
  /** Relative to its start, and repeated unless `everyMs` is never. */
  readonly afterMs: number
  readonly everyMs: number
  /** An sd_notify message; null: readiness, on its descriptor or in its output. */
  readonly text: string | null
  /** It arrives even after the end of the run. */
  readonly isLate: boolean
}

/** How a run responds to probes. */
export interface ProbeBehaviour {
  /** It is healthy in this interval after its start, while its leader lives. */
  readonly fromMs: number
  readonly untilMs: number
  /** It is unhealthy in every second period of this length; never: it does not flap. */
  readonly flapMs: number
  readonly tookMs: number
  /** The answer to an HTTP request when it is healthy. */
  readonly answer: string
  /** Why a probe cannot begin; null: it can. */
  readonly errno: string | null
  /** The result is reported even after a cancellation. */
  readonly isLate: boolean
}

/** `group`: the leader's child. `foreign`: in the leader's group, but reaped by another process.
 *  `escapee`: has left the group (setsid). */
export interface Other extends Habits {
  readonly place: 'group' | 'foreign' | 'escapee'
  readonly bornAfterMs: number
}

export interface Habits {
  /** The time until it exits by itself. */
  readonly livesMs: number
  readonly exit: Exit
  /** Its reaction to TERM, INT or QUIT, and to any other signal. */
  readonly onStop: Reaction
  readonly onOther: Reaction
  /** The time that KILL takes. */
  readonly killMs: number
  /** The time until it suspends itself, as on Ctrl-Z. */
  readonly stopsAfterMs: number
  /** The time from its end until pitcrew can reap it. */
  readonly lagMs: number
}

export interface Reaction {
  /** null: it dies of the signal. */
  readonly exitCode: number | null
  readonly tookMs: number
  /** The number of signals that it ignores first. */
  readonly ignores: number
}

export type Act = { readonly atMs: number } & (
  | { readonly type: 'signal'; readonly signal: number; readonly hangup: boolean }
  /** A signal from outside to a daemon's process: 0 is the leader, 1 … are the others. */
  | {
      readonly type: 'hit'
      readonly daemon: string
      readonly index: number
      readonly signal: number
    }
  /** The kernel kills a daemon's leader for lack of memory. */
  | { readonly type: 'oom'; readonly daemon: string }
  /** A request over the control socket; without a daemon, for all. `wait`: for its result. */
  | {
      readonly type: 'ask'
      readonly caller: number
      readonly verb: Verb
      readonly daemon: string | null
      readonly wait: boolean
    }
  | { readonly type: 'hang-up'; readonly caller: number }
  /** A hostile client connects and sends lines; null is a line that is too long. `daemon`: the
   *  daemon that it belongs to if it is one's process. */
  | {
      readonly type: 'intrude'
      readonly caller: number
      readonly as: 'daemon' | 'other-user' | 'nobody' | 'operator'
      readonly daemon: string
      readonly lines: readonly (string | null)[]
      readonly hangsUp: boolean
    }
  /** A foreign process starts. */
  | { readonly type: 'unrelated'; readonly livesMs: number }
  /** pitcrew does not run. */
  | { readonly type: 'pause'; readonly forMs: number }
  /** pitcrew's output is not read. */
  | { readonly type: 'stall'; readonly forMs: number }
)

/** A planted fault. `lost`: the n-th event, of a type or of all, never reaches pitcrew. `cut`:
 *  pitcrew is interrupted at the n-th call of the host, as when it takes too long. `throw`: that
 *  call throws, as when memory is used up. `plant`: see src/init/loop/fault-injection.ts.
 *  `done`: the call has its effect all the same. */
export type Fault =
  | { readonly kind: 'lost'; readonly at: number; readonly type: HostEvent['type'] | null }
  | { readonly kind: 'cut' | 'throw'; readonly at: number; readonly done: boolean }
  | { readonly kind: 'plant'; readonly place: string }
