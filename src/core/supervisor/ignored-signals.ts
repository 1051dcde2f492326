/** Signals to pitcrew that have no meaning in the bundle. */

import type { Signal } from '../signals.ts'
import type { StepContext } from './step-context.ts'

/** Told the first, the tenth, the hundredth time …: a storm of signals must not be one of lines. */
export function ignoreSignal(context: StepContext, signal: Signal): void {
  if (silentlyIgnored.includes(signal)) return
  const times = (context.ignored.get(signal) ?? 0) + 1
  context.ignored.set(signal, times)
  const shuttingDown = context.isEnding
  if (isPowerOfTen(times)) context.report({ kind: 'signal-ignored', signal, times, shuttingDown })
}

/** Signals that mean nothing to a program unless it asks for them. */
const silentlyIgnored: readonly Signal[] = ['CHLD', 'CONT', 'URG', 'WINCH']

function isPowerOfTen(number: number): boolean {
  let power = 1
  while (power < number) power *= 10
  return power === number
}
