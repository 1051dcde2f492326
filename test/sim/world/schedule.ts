/** A schedule: a bundle, how its programs behave, and what happens to them. Plain data: nothing is left to chance
 *  once it is made, so that it can be played again, and made smaller where a promise broke. */
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
  /** How the plan comes: from a helper that parses a bundle; null = it is there already. */
  readonly helper: HelperScript | null
  /** Run n of a daemon lives the n-th of its lives; when there are no more, the last one. So do its helpers
   *  ("d0:ready"), each kind by itself. */
  readonly lives: Readonly<Record<string, readonly Life[]>>
  /** In the order of time; the last one always ends it all. */
  readonly acts: readonly Act[]
  readonly faults: readonly Fault[]
  /** The largest process id: a small one is used again soon. */
  readonly pidMax: number
  /** How late an alarm is. */
  readonly lateMs: number
  readonly disk: Disk
}

/** What becomes of what is appended to the journal. */
interface Disk {
  /** never = nothing. */
  readonly tookMs: number
  readonly errno: string | null
  /** The host tells each answer once more, so much later; never = once. */
  readonly repeatsAfterMs: number
}

export interface HelperScript {
  /** It cannot be started at all. */
  readonly errno: string | null
  readonly tookMs: number
  readonly exit: Exit
  /** `plan`: as it should be; `too much`: more than it may write. */
  readonly writes: 'plan' | 'garbage' | 'too much'
}

export interface Life {
  /** How long it takes to start it: pitcrew waits for so long. */
  readonly spawnMs: number
  readonly failure: {
    readonly step: 'pipe' | 'fork' | 'limits' | 'user' | 'cwd' | 'exec'
    readonly errno: string
  } | null
  /** Its child stands still between clone and exec; null = it does not. */
  readonly hang: Hang | null
  readonly leader: Habits
  readonly others: readonly Other[]
  /** Somebody who is not of the run holds its output, too, for so long after its start. */
  readonly outputHeldMs: number
  readonly selfReports: readonly SelfReport[]
  readonly probed: ProbeBehaviour
}

/** Nothing of the life begins before the program is executed. */
export interface Hang {
  /** `stop`: it was stopped, and goes on when it is continued. `disk`: a disk hangs, and all signals but KILL wait.
   *  `exec`: the same, but in the exec, where signals do what they do by default. */
  readonly by: 'stop' | 'disk' | 'exec'
  /** When the disk answers, or the child is continued by an operator; never = neither. */
  readonly endsAfterMs: number
  /** What comes of its exec then; null = it succeeds. */
  readonly failure: { readonly step: 'user' | 'cwd' | 'exec'; readonly errno: string } | null
}

/** What a run says of itself, if it was given a way to. */
export interface SelfReport {
  /** After its start; and then again and again, unless that is never. */
  readonly afterMs: number
  readonly everyMs: number
  /** A message of sd_notify; null = that it is ready, by its descriptor or in its output. */
  readonly text: string | null
  /** It arrives even if the run is over by then. */
  readonly isLate: boolean
}

/** What a look from outside finds. */
export interface ProbeBehaviour {
  /** It is well from then until then, after its start, as long as its leader lives. */
  readonly fromMs: number
  readonly untilMs: number
  /** In every second of these periods it is not; never = that is all. */
  readonly flapMs: number
  readonly tookMs: number
  /** The answer to an HTTP request when it is well. */
  readonly answer: string
  /** Nobody can even begin to look; null = anybody can. */
  readonly errno: string | null
  /** What was found is told even if nobody wants to know it any more. */
  readonly isLate: boolean
}

/** `group`: the leader's child. `foreign`: in the leader's group, but not to be reaped by us.
 *  `stray`: left the group (setsid). */
export interface Other extends Habits {
  readonly place: 'group' | 'foreign' | 'escapee'
  readonly bornAfterMs: number
}

export interface Habits {
  /** Until it ends by itself. */
  readonly livesMs: number
  readonly exit: Exit
  /** What it does on TERM, INT or QUIT, and on any other signal. */
  readonly onStop: Reaction
  readonly onOther: Reaction
  /** How long KILL takes. */
  readonly killMs: number
  /** Until it stops itself, as on Ctrl-Z. */
  readonly stopsAfterMs: number
  /** How long after its end pitcrew can see it. */
  readonly lagMs: number
}

export interface Reaction {
  /** null = by that signal. */
  readonly exitCode: number | null
  readonly tookMs: number
  /** How many of them it ignores first. */
  readonly ignores: number
}

export type Act = { readonly atMs: number } & (
  | { readonly type: 'signal'; readonly signal: number; readonly hangup: boolean }
  /** Somebody signals a daemon's process behind our back: 0 = the leader, 1 … = the others. */
  | {
      readonly type: 'hit'
      readonly daemon: string
      readonly index: number
      readonly signal: number
    }
  /** The kernel kills a daemon's leader for memory. */
  | { readonly type: 'oom'; readonly daemon: string }
  /** Somebody asks for something over the control socket; null: for all. `wait`: for its end. */
  | {
      readonly type: 'ask'
      readonly caller: number
      readonly verb: Verb
      readonly daemon: string | null
      readonly wait: boolean
    }
  | { readonly type: 'hang-up'; readonly caller: number }
  /** A hostile client connects and sends lines; null: one that is too long. `daemon`: whose process it is, where it is
   *  one of a daemon. */
  | {
      readonly type: 'intrude'
      readonly caller: number
      readonly as: 'daemon' | 'other-user' | 'nobody' | 'operator'
      readonly daemon: string
      readonly lines: readonly (string | null)[]
      readonly hangsUp: boolean
    }
  /** A process that is none of ours is born. */
  | { readonly type: 'unrelated'; readonly livesMs: number }
  /** pitcrew gets no processor. */
  | { readonly type: 'pause'; readonly forMs: number }
  /** Nobody reads pitcrew's output. */
  | { readonly type: 'stall'; readonly forMs: number }
)

/** Something in pitcrew breaks. `lost`: the n-th event, of a kind or at all, never reaches it. `cut`: it is cut off at the n-th call of the
 *  host, as when it takes too long. `throw`: that call throws, as when memory is used up. `plant`: see
 *  src/init/loop/fault-injection.ts. `done`: the call had its effect all the same. */
export type Fault =
  | { readonly kind: 'lost'; readonly at: number; readonly type: HostEvent['type'] | null }
  | { readonly kind: 'cut' | 'throw'; readonly at: number; readonly done: boolean }
  | { readonly kind: 'plant'; readonly place: string }
