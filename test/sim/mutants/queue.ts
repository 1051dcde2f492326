/** Faults by which events wait for longer than they must. */
import type { Mutant } from '../mutants.ts'

export const queueMutants: readonly Mutant[] = [
  {
    name: 'what a message says waits until something else comes',
    file: 'init/loop/loop.ts',
    from: 'event.fields)\n        return this.#drain()',
    to: 'event.fields)\n        return',
    seed: 385,
    breaks: ['queueBounded'],
  },
]
