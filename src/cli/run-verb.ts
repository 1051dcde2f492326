/** Whatever goes wrong becomes one clear message and an exit status. Each image does this for what
 *  it does itself, since each has an error class of its own. */
import { describeError, exitStatus } from '../errors.ts'
import type { Input } from './command.ts'

/** @returns The exit status. A bug is reported like any error, with its stack. */
export async function told(
  { talk }: Pick<Input, 'talk'>,
  work: () => number | Promise<number>,
): Promise<number> {
  try {
    return await work()
  } catch (error) {
    talk(`pitcrew: ${describeError(error)}`)
    return exitStatus(error)
  }
}
