/** Runs the work of a process and turns an error into its exit status. */
import { describeError, exitStatus } from '../errors.ts'

export interface Report {
  /** Writes a message to stderr: one line or several. */
  report(text: string): void
}

/** Reports an error on stderr. @returns The exit status. */
export async function exitStatusOf(
  { report }: Report,
  work: () => number | Promise<number>,
): Promise<number> {
  try {
    return await work()
  } catch (error) {
    report(`pitcrew: ${describeError(error)}`)
    return exitStatus(error)
  }
}
