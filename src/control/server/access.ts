/** Who may what. The kernel says who is at the other end; of one who may nothing, nothing is read.
 */
import type { DaemonSpec } from '../../core/plan/plan.ts'
import type { Peer } from '../../host/control.ts'
import { type Failure, failure } from '../protocol/failure.ts'
import type { Access } from '../protocol/protocol.ts'
import type { Who } from '../protocol/verbs.ts'

/** The overflow uid: a user that our user namespace has no name for, so nobody we could trust. */
const nobodyUid = 65_534

/** @param own       The user that pitcrew acts as.
 *  @param controlOf What the bundle lets a daemon do.
 *  @returns null: nothing at all. */
export function accessOf(
  { uid, kin, daemon, via }: Peer,
  own: number,
  controlOf: (daemon: string) => DaemonSpec['control'],
): Access | null {
  // A connection that we made or were given ourselves: it says who it is, whatever user that has.
  if (via === 'inherited') return 'operate'
  if (via === 'socket' && uid === nobodyUid) return null
  // What descends from pitcrew is never an operator's. A mark alone names a daemon, which could be
  // another one, so it gives no right of that daemon.
  if (kin === 'run' && daemon !== null) return controlOf(daemon) === 'operate' ? 'operate' : 'look'
  if (kin !== 'none') return 'look'
  return uid === 0 || uid === own ? 'operate' : null
}

export const refusal: Failure = failure(
  'NOT_PERMITTED',
  'cannot let you in: the socket is for root and for the user that pitcrew runs as',
  'ask as one of them',
)

/** Why a caller who was let in may not use a verb; null: he may. */
export function refuse(
  verb: string,
  who: Who,
  access: Access,
  daemon: string | null,
): Failure | null {
  switch (who) {
    case 'look':
      return null
    case 'operate': {
      if (access === 'operate') return null
      const caller =
        daemon === null ? 'a process that descends from pitcrew' : `the daemon ${daemon}`
      const hint = 'the bundle allows it to a daemon with "control: operate"'
      return failure('NOT_PERMITTED', `cannot ${verb}: ${caller} may only look`, hint)
    }
    case 'self':
      if (daemon !== null) return null
      return failure(
        'NOT_PERMITTED',
        `cannot ${verb}: that is for a daemon that speaks of itself`,
        'use the connection in its PITCREW_FD',
      )
  }
}
