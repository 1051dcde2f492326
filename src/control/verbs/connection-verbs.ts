/** The verbs about a connection itself: `logs`, which turns it into a stream, `cancel`, and `notify`,
 *  by which a daemon speaks of itself. */

import { failure, noSuchDaemon } from '../protocol/failure.ts'
import type { Handlers } from '../protocol/handlers.ts'
import type { CancelArgs, LogsArgs, NotifyArgs } from '../protocol/requests.ts'
import type { Call } from '../server/call.ts'
import type { Client } from '../server/connection.ts'
import type { Supervisor } from '../server/control-plane.ts'

/** @param handOver The client is the host's alone from now on. */
export function streamHandlers(
  supervisor: Supervisor,
  handOver: (client: Client) => void,
): Pick<Handlers, 'logs' | 'cancel' | 'notify'> {
  return {
    logs: (call, args) => logs(supervisor, call, args, handOver),
    cancel,
    notify: (call, args) => notify(supervisor, call, args),
  }
}

function logs(
  { host, state }: Supervisor,
  call: Call,
  { daemons = [], tail = -1, sinceMs = 0, follow = false }: LogsArgs,
  handOver: (client: Client) => void,
): void {
  const { client } = call
  const stranger = daemons.find((name) => !state.daemons.has(name))
  if (stranger !== undefined) {
    return call.failed(noSuchDaemon(stranger, [...state.daemons.keys()]))
  }
  if (client.calls.size > 1) {
    const message = 'cannot stream logs: other requests of this connection have no answer yet'
    return call.failed(failure('REQUEST_INVALID', message, 'open a connection for the logs'))
  }
  call.done({ stream: 'lines' })
  handOver(client)
  // Nothing can be said any more in the words of this protocol.
  if (host.streamLogs(client.id, { daemons, tail, sinceMs, follow }) !== null) {
    host.closeClient(client.id)
  }
}

function cancel(call: Call, { request }: CancelArgs): void {
  const other = call.client.calls.get(request)
  const cancelled = other !== undefined && other !== call
  if (cancelled) other.cancel()
  call.done({ cancelled })
}

function notify({ notify: tell }: Supervisor, call: Call, { text }: NotifyArgs): void {
  const { daemon, run } = call.client.caller
  if (daemon !== null) tell(daemon, run, text)
  call.done({})
}
