/** The helper that parses a bundle: this program again, so that the parser's memory is freed with
 *  that process. */
import { maxPlanBytes } from '../../core/plan/plan-text.ts'
import { describeErrno, PitcrewError } from '../../errors.ts'
import type { Host } from '../../host/host.ts'

export const parserTimeoutMs = 20_000
/** The id of the helper. The ids of the loop's tasks begin with 1. */
const parserId = 0

/** @throws {PitcrewError} BUNDLE_UNREADABLE: it cannot be started. */
export function startParser(host: Pick<Host, 'startHelper'>, path: string): void {
  const task = { run: ['@plan', path], timeoutMs: parserTimeoutMs, maxBytes: maxPlanBytes }
  const errno = host.startHelper(parserId, task)
  if (errno !== null) throw noParser(path, errno)
}

export function noParser(path: string, errno: string): PitcrewError {
  return new PitcrewError(
    'BUNDLE_UNREADABLE',
    `cannot start the parser for ${path}: ${describeErrno(errno)}`,
    'build the plan beforehand: pitcrew build BUNDLE --out FILE',
  )
}
