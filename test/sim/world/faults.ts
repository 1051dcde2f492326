/** Bugs on purpose: pitcrew's own code breaks at a chosen moment, as it would when memory or time is used up. After a
 *  cut every call of the host fails until pitcrew gives up: nothing can be done on the way out. */
import type { Fault } from './schedule.ts'

const message = 'injected fault'

// The code that src/init/loop/fault-injection.ts is otherwise built without.
const world = globalThis as { __FAULTS__?: boolean }
world.__FAULTS__ = true

export class Faults {
  readonly #faults: readonly Fault[]
  readonly #note: (fault: string) => void
  #events = 0
  readonly #ofType: Map<string, number> = new Map()
  #calls = 0
  #isCut = false
  /** What happens in a recovery is spared. */
  isRecovering: boolean = false

  constructor(faults: readonly Fault[], note: (fault: string) => void) {
    this.#faults = faults
    this.#note = note
  }

  /** No call of the host breaks. */
  get areOutside(): boolean {
    return this.#faults.every(({ kind }) => kind === 'plant')
  }

  /** For PITCREW_FAULTS. */
  get plants(): string | null {
    if (this.#faults.length === 0) return null
    return this.#faults.flatMap((fault) => (fault.kind === 'plant' ? [fault.place] : [])).join()
  }

  /** An event comes. */
  enter(type: string): void {
    this.#isCut = false
    if (this.isRecovering || this.#faults.length === 0) return
    this.#events++
    const ofType = (this.#ofType.get(type) ?? 0) + 1
    this.#ofType.set(type, ofType)
    for (const fault of this.#faults) {
      if (fault.kind !== 'lost') continue
      const count = fault.type === null ? this.#events : fault.type === type ? ofType : 0
      if (count === fault.at) this.#break('the event is lost')
    }
  }

  /** A call of the host. */
  call<T>(what: string, work: () => T): T {
    if (this.#isCut) throw new Error(message)
    if (this.isRecovering) return work()
    this.#calls++
    for (const fault of this.#faults) {
      if ((fault.kind !== 'cut' && fault.kind !== 'throw') || fault.at !== this.#calls) continue
      const answer = fault.done ? work() : null
      this.#isCut = fault.kind === 'cut'
      const how = fault.kind === 'cut' ? 'is cut off' : 'throws'
      this.#break(`${what} ${how}${answer === null ? '' : ', but it is done'}`)
    }
    return work()
  }

  /** @returns Whether the event was cut off, even if nobody noticed. */
  leave(): boolean {
    const wasCut = this.#isCut
    this.#isCut = false
    return wasCut
  }

  #break(how: string): never {
    this.#note(how)
    throw new Error(message)
  }
}

export function isPlanted(error: unknown): boolean {
  return error instanceof Error && error.message === message
}
