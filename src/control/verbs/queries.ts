/** The verbs `status` and `explain`. */

import type { Daemon } from '../../core/daemon/phases.ts'
import { describeStall } from '../../core/text/describe.ts'
import type { Usage } from '../../host/control.ts'
import { version } from '../../version.ts'
import type { DaemonArgs, StatusArgs } from '../protocol/requests.ts'
import type { StatusHead } from '../protocol/status.ts'
import { type Batches, itemsMax } from '../server/batches.ts'
import type { Call, Handlers } from '../server/connection.ts'
import type { Supervisor } from '../server/control-plane.ts'
import { describeDaemon, stateOf, wholeMs } from './describe-daemon.ts'
import { describeFiles } from './describe-files.ts'
import { explain } from './explain.ts'

export function queryHandlers(
  supervisor: Supervisor,
  batches: Batches,
): Pick<Handlers, 'status' | 'explain'> {
  return {
    status: (call, args) => status(supervisor, batches, call, args),
    explain: (call, args) => explainOne(supervisor, call, args),
  }
}

/** The cursor is that of the beginning: events while items are sent come after it. */
function status(supervisor: Supervisor, batches: Batches, call: Call, args: StatusArgs): void {
  const { cursor } = supervisor.journal
  const names = args.daemons ?? [...supervisor.state.daemons.keys()]
  if (names.length <= itemsMax && args.usage !== true) {
    // Most bundles fit into one batch, which is cheaper as one line.
    const nowMs = supervisor.host.now()
    const items = names.map((name) => itemOf(supervisor, name, null, nowMs))
    return call.done(headOf(supervisor, cursor), items)
  }
  const items = daemonsOf(supervisor, names, args.usage === true)
  batches.send(call, items, () => call.done(headOf(supervisor, cursor)))
}

function* daemonsOf(
  supervisor: Supervisor,
  names: readonly string[],
  withUsage: boolean,
): Generator<string | null, undefined, void> {
  const { host } = supervisor
  let usages = withUsage ? host.usage() : []
  for (; usages === null; usages = host.usage()) yield null
  const used = new Map<string, Usage>()
  for (const usage of usages) used.set(`${usage.daemon} ${usage.run}`, usage)
  for (const name of names) yield itemOf(supervisor, name, used, host.now())
}

function itemOf(
  supervisor: Supervisor,
  name: string,
  used: ReadonlyMap<string, Usage> | null,
  nowMs: number,
): string {
  const daemon = supervisor.state.daemons.get(name) as Daemon
  const usage = used?.get(`${name} ${daemon.run}`) ?? null
  const status = describeDaemon(supervisor, daemon, usage, nowMs)
  if (supervisor.operations === null) return JSON.stringify(status)
  return JSON.stringify({ ...status, ...describeFiles(supervisor, name, 'pid' in daemon, nowMs) })
}

function headOf({ state, host, startedAtMs }: Supervisor, cursor: string): StatusHead {
  const { pid } = host
  const nowMs = host.now()
  const { shutdown, plan, outputStall } = state
  return {
    name: plan.name,
    version,
    pid,
    uptimeMs: wholeMs(nowMs - startedAtMs),
    cursor,
    stopping:
      shutdown === null ? null : { leftMs: wholeMs(shutdown.sinceMs + plan.deadlineMs - nowMs) },
    outputStall:
      outputStall === null
        ? null
        : {
            forMs: wholeMs(nowMs - outputStall.sinceMs),
            why: describeStall(outputStall.errno),
          },
  }
}

function explainOne(supervisor: Supervisor, call: Call, { daemon: name }: DaemonArgs): void {
  const daemon = supervisor.state.daemons.get(name) as Daemon
  call.done({ daemon: name, state: stateOf(daemon), ...explain(supervisor, daemon) })
}
