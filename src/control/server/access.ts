/** What a client may do. The kernel identifies its process; clients without access are rejected
 *  before any input is parsed. */
import type { DaemonSpec } from '../../core/plan/plan.ts'
import type { Peer } from '../../host/control.ts'
import { type Failure, failure } from '../protocol/failure.ts'
import type { Access } from '../protocol/protocol.ts'
import type { Permission } from '../protocol/verbs.ts'

/** The overflow uid: any user without a number in our user namespace, so it cannot be trusted. */
const overflowUid = 65_534

/** @param own       The user that pitcrew runs as.
 *  @param controlOf The access of a daemon under the bundle.
 *  @returns null: no access. */
export function accessOf(
  { uid, relation, daemon, via }: Peer,
  own: number,
  controlOf: (daemon: string) => DaemonSpec['control'],
): Access | null {
  // We made or were given this connection: it is an operator's, whatever the user.
  if (via === 'inherited') return 'operate'
  if (via === 'socket' && uid === overflowUid) return null
  // A descendant of pitcrew is never an operator's. A mark alone may name the wrong daemon, so it
  // does not give that daemon's access.
  if (relation === 'run' && daemon !== null)
    return controlOf(daemon) === 'operate' ? 'operate' : 'look'
  if (relation !== 'none') return 'look'
  return uid === 0 || uid === own ? 'operate' : null
}

export const accessDenied: Failure = failure(
  'NOT_PERMITTED',
  'cannot accept the client: the socket is for root and for the user that pitcrew runs as',
  'connect as one of these users',
)

/** Why a client with access may not use a verb; null: it may. */
export function accessFailure(
  verb: string,
  needs: Permission,
  access: Access,
  daemon: string | null,
): Failure | null {
  switch (needs) {
    case 'look':
      return null
    case 'operate': {
      if (access === 'operate') return null
      const caller =
        daemon === null ? 'a process that descends from pitcrew' : `the daemon ${daemon}`
      const hint = 'a daemon needs "control: operate" in the bundle'
      return failure('NOT_PERMITTED', `cannot ${verb}: ${caller} has only access "look"`, hint)
    }
    case 'self':
      if (daemon !== null) return null
      return failure(
        'NOT_PERMITTED',
        `cannot ${verb}: this client is not a daemon`,
        'a daemon uses the connection in its PITCREW_FD',
      )
  }
}
