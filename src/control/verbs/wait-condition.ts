/** Is a daemon as somebody wants it, may it become so, or never? */

import { standing } from '../../core/daemon/dependency-state.ts'
import type { Daemon } from '../../core/daemon/phases.ts'
import type { WaitFor } from '../protocol/requests.ts'

export type Prospect =
  | { readonly kind: 'met' | 'not yet' }
  | { readonly kind: 'never'; readonly why: string }

const met: Prospect = { kind: 'met' }
const notYet: Prospect = { kind: 'not yet' }

/** Stopped by an operator is "not yet": he may start it again. */
export function prospect(daemon: Daemon, wanted: WaitFor, isEnding: boolean): Prospect {
  if (wanted === 'stopped') return daemon.phase === 'stopped' ? met : notYet
  const stands = standing(daemon, wanted)
  if (stands === 'met') return met
  if (stands === 'failed') return never(failureWords(daemon))
  if (isEnding) return never('pitcrew is shutting down')
  const { kind, restart, main } = daemon.spec
  if (wanted === 'done' && kind === 'daemon' && restart.policy === 'always' && !main) {
    return never('it is no job: it is started again whenever it ends')
  }
  return notYet
}

function failureWords(daemon: Daemon): string {
  const isSkipped = daemon.phase === 'stopped' && daemon.end === 'skipped'
  return isSkipped ? 'somebody whom it needs has failed' : 'it has failed for good'
}

function never(why: string): Prospect {
  return { kind: 'never', why }
}
