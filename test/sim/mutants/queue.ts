/** Faults by which events wait longer than necessary. */
import type { Mutant } from '../mutants.ts'

export const queueMutants: readonly Mutant[] = [
  {
    name: 'a message is handled only with the next event',
    file: 'init/loop/loop.ts',
    from: 'event.fields)\n        return this.#drain()',
    to: 'event.fields)\n        return',
    seed: 385,
    breaks: ['queueBounded'],
  },
]
