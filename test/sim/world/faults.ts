/** Planted faults: pitcrew's own code fails at a chosen moment, as if memory or time were used
 *  up. After a cut every call of the host fails until pitcrew returns, so that it can do nothing
 *  on the way out. */
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
  /** Recoveries are not interrupted. */
  isRecovering: boolean = false

  constructor(faults: readonly Fault[], note: (fault: string) => void) {
    this.#faults = faults
    this.#note = note
  }

  /** No call of the host fails. */
  get areOutside(): boolean {
    return this.#faults.every(({ kind }) => kind === 'plant')
  }

  /** For PITCREW_FAULTS. */
  get plants(): string | null {
    if (this.#faults.length === 0) return null
    return this.#faults.flatMap((fault) => (fault.kind === 'plant' ? [fault.place] : [])).join()
  }

  /** Before an event. */
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

  /** Performs a call of the host. */
  call<T>(what: string, work: () => T): T {
    if (this.#isCut) throw new Error(message)
    if (this.isRecovering) return work()
    this.#calls++
    for (const fault of this.#faults) {
      if ((fault.kind !== 'cut' && fault.kind !== 'throw') || fault.at !== this.#calls) continue
      const answer = fault.done ? work() : null
      this.#isCut = fault.kind === 'cut'
      const how = fault.kind === 'cut' ? 'is cut off' : 'throws'
      this.#break(`${what} ${how}${answer === null ? '' : ', but has its effect'}`)
    }
    return work()
  }

  /** After an event. @returns Whether it was cut off. */
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
