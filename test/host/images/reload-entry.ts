/** Replaces the init in the engine, on the real host: starts the daemons that it is told to, and
 *  checks, reloads and verifies them. It does what the file `orders` in its folder says each time
 *  that USR1 comes, and prints the answers. See reloader.ts. */

import { environmentFor } from '../../../src/core/plan/environment.ts'
import type { DaemonSpec, Probe } from '../../../src/core/plan/plan.ts'
import { describeExitFully } from '../../../src/core/text/cause.ts'
import type { Handlers, Host, HostEvent } from '../../../src/host/host.ts'
import { auxiliaryOf } from '../../../src/init/image/load-auxiliary.ts'
import { Tasks } from '../../../src/init/loop/tasks.ts'
import { Timers } from '../../../src/init/loop/timers.ts'
import { Reloads } from '../../../src/init/operations/reload.ts'
import { channelsOf, isCommandRun, serviceCommandOf } from '../../../src/init/perform/spawn-spec.ts'

/** `id` names the answer. */
export type Order = { readonly id: number; readonly spec: DaemonSpec } & (
  | { readonly do: 'start'; readonly run: number }
  | { readonly do: 'check'; readonly path: string; readonly name: string }
  | { readonly do: 'activate'; readonly run: number }
  | {
      readonly do: 'verify'
      readonly run: number
      readonly probe: Probe
      readonly forMs: number
    }
  | { readonly do: 'cancel' }
)

const usr1 = 10
const world = globalThis as unknown as { pitcrewHost: Host; pitcrewHandlers: Handlers }
const host = world.pitcrewHost
const folder = host.getenv('PITCREW_STATE_DIR') as string
const timers = new Timers()
const tasks = new Tasks(host, (text) => host.print(text))
const environment = environmentFor(host.envNames(), [])
const services = auxiliaryOf(host).makeDaemonServices({
  host,
  tasks,
  timers,
  deathEnvironment: () => [],
  log: (text) => host.print(text),
  commandFor: (spec, command, stdio, more) =>
    serviceCommandOf(environment, spec, command, stdio, more),
  dispatch: () => {},
})
const reloads = new Reloads(host, () => services)

function carryOut(order: Order): void {
  const { id, spec } = order
  const answer = (value: unknown): void => host.print(`answer ${id} ${JSON.stringify(value)}`)
  switch (order.do) {
    case 'start':
      return answer(host.spawn(spec, order.run, environment.of(spec), channelsOf(spec)))
    case 'check':
      return reloads.check(spec, order.path, answer, order.name)
    case 'activate':
      return reloads.activate(spec, order.run, spec.reload.by, answer)
    case 'verify':
      return reloads.verify(spec, order.run, order.probe, host.now() + order.forMs, answer)
    case 'cancel':
      reloads.cancel(spec.name)
      return answer(null)
  }
}

function takeOrders(): void {
  const file = host.readFile(`${folder}/orders`, 1024 * 1024)
  if ('error' in file) throw new Error(file.error)
  for (const order of JSON.parse(file.text) as Order[]) carryOut(order)
}

function takeEnd(event: Extract<HostEvent, { type: 'exited' | 'gone' }>): void {
  const { daemon, run, type } = event
  if (isCommandRun(daemon)) {
    const exit = type === 'gone' ? null : event
    return services.commandRuns.ended(daemon, run, exit, exit === null || exit.gone)
  }
  if (type === 'exited') host.print(`ended ${daemon} ${run}: ${describeExitFully(event)}`)
}

function elapse(): void {
  const nowMs = host.now()
  for (let timer = timers.takeDue(nowMs); timer !== null; timer = timers.takeDue(nowMs)) {
    if (timer.kind === 'probe' || timer.kind === 'probe-timeout') services.probes.elapsed(timer)
    if (timer.kind === 'command-timeout') services.commandRuns.timedOut(timer.command)
  }
}

world.pitcrewHandlers = {
  handle(event: HostEvent): void {
    if (event.type === 'signal' && event.signal === usr1) takeOrders()
    if (event.type === 'exited' || event.type === 'gone') takeEnd(event)
    if (event.type === 'probed') services.probes.probed(event)
    if (event.type === 'helper') tasks.ended(event)
    elapse()
    host.wakeAt(timers.nextMs())
  },
  recover(problem: string): void {
    host.print(`recover ${problem}`)
  },
}
host.print('up')
