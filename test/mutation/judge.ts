/** What a judge is: it looks at a mutation and says by what it is known from the original. */
import type { Mutation } from './mutation.ts'

export interface Judge {
  readonly name: JudgeName
  /** @param mutated null = the original, with all that this judge has to say of it.
   *  @param beat    Called now and then: it goes on.
   *  @returns Which promise, test or type it breaks; null = none that this judge knows of. */
  verdictOn(mutated: Mutated | null, beat: () => void): Promise<string | null>
}

/** What a file is replaced with. */
export type Mutated = Pick<Mutation, 'file' | 'text'>

export type JudgeName = 'simulator' | 'stories' | 'compiler'

/** What is mutated, and where its judges are: folders and files in the root of the project. */
export interface Subject {
  /** The folder that names of files begin in. */
  readonly source: string
  /** Of these in it, the files that are mutated when nothing else is said. */
  readonly room: string
  /** Exports `judge` and `scheduleFor`. */
  readonly simulator: string
  /** Folders with tests, which are looked at in this order. */
  readonly stories: readonly string[]
}

export const subjects: Readonly<Record<string, Subject>> = {
  core: {
    source: 'src',
    room: 'core',
    simulator: 'test/sim/api.ts',
    stories: ['test/core', 'test/init', 'test/bundle'],
  },
  /** To show that the tool works. */
  planted: {
    source: 'test/mutation/planted',
    room: 'src',
    simulator: 'test/mutation/planted/api.ts',
    stories: ['test/mutation/planted'],
  },
}
