/** The verbs that look: `status` and `explain`. */
import type { Usage } from '../host/control.ts'
import type { Call } from './call.ts'
import { describeDaemon, wholeMs } from './describe-daemon.ts'
import { explain } from './explain.ts'
import { noSuchDaemon } from './failure.ts'
import type { Handlers } from './handlers.ts'
import type { Supervisor } from './port.ts'
import type { DaemonArgs, StatusArgs } from './requests.ts'
import type { StatusAnswer } from './status.ts'
import { stateOf } from './words.ts'

export function lookHandlers(supervisor: Supervisor): Pick<Handlers, 'status' | 'explain'> {
  return {
    status: (call, args) => status(supervisor, call, args),
    explain: (call, args) => explainOne(supervisor, call, args),
  }
}

function status(supervisor: Supervisor, call: Call, args: StatusArgs): void {
  const { state, host, version, pid, startedAtMs, journal } = supervisor
  const names = args.daemons ?? [...state.daemons.keys()]
  const used = args.usage === true ? usageByRun(host.usage()) : null
  const daemons = []
  for (const name of names) {
    const daemon = state.daemons.get(name)
    if (daemon === undefined) return call.failed(noSuchDaemon(name, [...state.daemons.keys()]))
    const usage = used?.get(`${name} ${daemon.run}`) ?? null
    daemons.push(describeDaemon(supervisor, daemon, usage))
  }
  const nowMs = host.now()
  const { shutdown, plan } = state
  call.done({
    name: plan.name,
    version,
    pid,
    uptimeMs: wholeMs(nowMs - startedAtMs),
    cursor: journal.cursor,
    stopping:
      shutdown === null ? null : { leftMs: wholeMs(shutdown.sinceMs + plan.deadlineMs - nowMs) },
    daemons,
  } satisfies StatusAnswer)
}

function usageByRun(usages: readonly Usage[]): ReadonlyMap<string, Usage> {
  const byRun = new Map<string, Usage>()
  for (const usage of usages) byRun.set(`${usage.daemon} ${usage.run}`, usage)
  return byRun
}

function explainOne(supervisor: Supervisor, call: Call, { daemon: name }: DaemonArgs): void {
  const { daemons } = supervisor.state
  const daemon = daemons.get(name)
  if (daemon === undefined) return call.failed(noSuchDaemon(name, [...daemons.keys()]))
  call.done({ daemon: name, state: stateOf(daemon), ...explain(supervisor, daemon) })
}
