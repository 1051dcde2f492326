/** Lines to clients whose requests the control plane cannot answer. */
import type { ErrorCode } from '../../errors.ts'

export const afterFailure: string = refusalLine(
  'INTERNAL',
  'cannot answer: something failed inside pitcrew, which goes on',
  'ask again, over a new connection if this one ends; "pitcrew logs" says more',
)

export const atTheEnd: string = refusalLine('FAILED', 'cannot answer any more: pitcrew ends', null)

/** Sent by the host, to a connection that there is no room for. */
export const tooManyClients: string = refusalLine('BUSY', 'too many clients', 'try again later')

function refusalLine(code: ErrorCode, message: string, hint: string | null): string {
  return JSON.stringify({ id: null, failed: { code, message, hint } })
}
