/** Starts in progress, modelled on native/process/start.c: pitcrew waits only shortly for a
 *  child that hangs between clone and exec. A later check finds that it has executed its
 *  program, or it is killed, or its exit has the reason. */
import type { SpawnFailure } from '../../../src/core/event.ts'
import { signalNumbers } from '../../../src/core/signals.ts'
import type { Agenda } from './agenda.ts'
import type { Kernel, Owner, Process } from './kernel.ts'

const waitMs = 50
const leastWaitMs = 2
/** The time after which a hanging child is killed. */
const limitMs = 5000
/** The time between two checks. */
const leastCheckMs = 10
const mostCheckMs = 1000

interface Start {
  readonly of: Owner
  readonly leader: Process
  readonly sinceMs: number
  isTimedOut: boolean
}

export class SlowStarts {
  readonly #agenda: Agenda
  readonly #kernel: Kernel
  /** The newest first. */
  #kept: Start[] = []
  #checkAtMs = Number.POSITIVE_INFINITY
  onKill: (leader: Process) => void = () => {}

  constructor(agenda: Agenda, kernel: Kernel) {
    this.#agenda = agenda
    this.#kernel = kernel
  }

  /** How long pitcrew waits for the next child: the more children hang, the shorter. */
  get waitMs(): number {
    return Math.max(leastWaitMs, waitMs / (1 + this.#kept.length))
  }

  /** @param waitedMs How long pitcrew has waited for it. */
  add(of: Owner, leader: Process, waitedMs: number): void {
    this.#kept.unshift({ of, leader, sinceMs: this.#agenda.nowMs - waitedMs, isTimedOut: false })
    this.#checkAfter(leastCheckMs)
  }

  isSlow(of: Owner): boolean {
    return this.#kept.some((start) => start.of === of)
  }

  get isCheckDue(): boolean {
    return this.#agenda.nowMs >= this.#checkAtMs
  }

  /** A living child that has executed its program. If there is none, children that hang for too
   *  long are killed. */
  next(): Owner | undefined {
    const executed = this.#kept.find(
      ({ leader }) => leader.hangsIn === null && leader.state === 'alive',
    )
    if (executed !== undefined) this.#release(executed)
    else if (this.isCheckDue) this.#checkAll()
    return executed?.of
  }

  /** A leader is reaped. @returns Why it was not executed, or that it was, if that is not
   *  reported yet. */
  reaped(leader: Process): SpawnFailure | 'executed' | null {
    const start = this.#kept.find((one) => one.leader === leader)
    if (start === undefined) return null
    this.#release(start)
    if (leader.failure !== null) return leader.failure
    if (start.isTimedOut) return { step: 'exec', errno: 'ETIMEDOUT' }
    return leader.exit.signal === 0 ? 'executed' : null
  }

  #checkAll(): void {
    const { nowMs } = this.#agenda
    this.#checkAtMs = Number.POSITIVE_INFINITY
    for (const start of this.#kept) {
      const { leader, sinceMs } = start
      if (!start.isTimedOut && isHanging(leader) && nowMs >= sinceMs + limitMs) {
        start.isTimedOut = true
        this.onKill(leader)
        this.#kernel.signal(leader.pid, signalNumbers.KILL)
      }
      this.#checkAfter(Math.min(Math.max((nowMs - sinceMs) / 4, leastCheckMs), mostCheckMs))
    }
  }

  #checkAfter(ms: number): void {
    this.#checkAtMs = Math.min(this.#checkAtMs, this.#agenda.nowMs + ms)
    this.#agenda.after(ms, () => {})
  }

  #release(start: Start): void {
    this.#kept = this.#kept.filter((other) => other !== start)
  }
}

function isHanging({ hangsIn: standsBy, state }: Process): boolean {
  return standsBy !== null && state === 'alive'
}
