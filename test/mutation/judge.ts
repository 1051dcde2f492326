/** A judge checks whether a mutation can be detected. */
import type { Mutation } from './mutation.ts'

export interface Judge {
  readonly name: JudgeName
  /** @param mutated null: the original.
   *  @param beat    Called regularly, to show progress.
   *  @returns The promise, test or type that the mutation breaks; null if this judge does not detect it. */
  verdictOn(mutated: Mutated | null, beat: () => void): Promise<string | null>
}

/** The replacement of a file. */
export type Mutated = Pick<Mutation, 'file' | 'text'>

export type JudgeName = 'simulator' | 'stories' | 'compiler'

/** The code that is mutated and the tests that judge it: folders and files in the root of the
 *  project. */
export interface Subject {
  /** The folder that file names are relative to. */
  readonly source: string
  /** The folder in it with the files that are mutated by default. */
  readonly scope: string
  /** Exports `judge` and `scheduleFor`. */
  readonly simulator: string
  /** Folders with tests, in the order in which they run. */
  readonly stories: readonly string[]
}

export const subjects: Readonly<Record<string, Subject>> = {
  core: {
    source: 'src',
    scope: 'core',
    simulator: 'test/sim/api.ts',
    stories: ['test/core', 'test/init', 'test/bundle'],
  },
  /** A small module that tests the tool itself. */
  planted: {
    source: 'test/mutation/planted',
    scope: 'src',
    simulator: 'test/mutation/planted/api.ts',
    stories: ['test/mutation/planted'],
  },
}
