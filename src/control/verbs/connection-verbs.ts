/** Verbs that concern the connection itself: `logs` turns it into a stream of bytes, `cancel` ends
 *  another request on it, `notify` reports the state of the daemon at its other end. */

import { failure } from '../protocol/failure.ts'
import type { CancelArgs, LogsArgs, NotifyArgs } from '../protocol/requests.ts'
import type { Call, Connection, Handlers } from '../server/connection.ts'
import type { Supervisor } from '../server/control-plane.ts'

/** @param handOver Forgets a connection: it is the host's alone from now on. */
export function connectionHandlers(
  supervisor: Supervisor,
  handOver: (connection: Connection) => void,
): Pick<Handlers, 'logs' | 'cancel' | 'notify'> {
  return {
    logs: (call, args) => logs(supervisor, call, args, handOver),
    cancel,
    notify: (call, args) => notify(supervisor, call, args),
  }
}

function logs(
  supervisor: Supervisor,
  call: Call,
  { daemons = [], tail = -1, sinceMs = 0, follow = false }: LogsArgs,
  handOver: (connection: Connection) => void,
): void {
  const { connection } = call
  if (connection.calls.size > 1) {
    const message = 'cannot stream logs: other requests of this connection have no answer yet'
    return call.failed(failure('REQUEST_INVALID', message, 'open a separate connection for logs'))
  }
  call.done({ stream: 'lines' })
  handOver(connection)
  // The answer is sent: a failure can only be seen as the end of the connection.
  if (supervisor.streamLogs(connection.id, { daemons, tail, sinceMs, follow }) !== null) {
    supervisor.closeClient(connection.id)
  }
}

function cancel(call: Call, { request }: CancelArgs): void {
  const other = call.connection.calls.get(request)
  const cancelled = other !== undefined && other !== call
  if (cancelled) other.cancel()
  call.done({ cancelled })
}

/** The host marks the run as ready before the answer says so. */
function notify(supervisor: Supervisor, call: Call, { text }: NotifyArgs): void {
  const { daemon, run } = call.connection.caller
  const fields = daemon === null ? null : supervisor.host.readNotify(daemon, run, text)
  if (daemon !== null && fields !== null) supervisor.takeMessage(daemon, run, fields)
  call.done({})
}
