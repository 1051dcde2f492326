/** An interrupt of the engine in the middle of a step: no code of the step runs any more, neither
 *  `catch` nor `finally`. */
import type { StepContext } from '../../src/core/supervisor/step-context.ts'

/** Plays a step until it has made so many changes.
 *  @returns Whether it was interrupted; false = it made fewer changes. */
export function interruptAfter(changes: number, state: StepContext, play: () => void): boolean {
  let made = 0
  const { log } = state
  log.push = (...entry) => {
    if (made++ === changes) throw new Error('interrupted')
    return Array.prototype.push.apply(log, entry)
  }
  state.undo = () => {}
  // The step begins with `undo`, in which nothing is left to do.
  try {
    play()
    return false
  } catch (error) {
    if (!(error instanceof Error) || error.message !== 'interrupted') throw error
    return true
  } finally {
    // The methods of the classes are in force again.
    Reflect.deleteProperty(log, 'push')
    Reflect.deleteProperty(state, 'undo')
  }
}

/** The fields that describe the step under way, and not the state. */
const transient = ['atMs', 'effects', 'log', 'changed', 'followed', 'swept', 'waitingBefore']

/** The whole state as text; without the number of tickets, which is never undone. */
export function photograph(state: StepContext): string {
  const left = [...transient, 'ticketsMade']
  return JSON.stringify(state, (key, value) => {
    if (left.includes(key)) return undefined
    return value instanceof Map ? [...value] : value
  })
}
