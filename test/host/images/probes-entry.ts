/** Replaces the init in the engine, on the real host: does what the file `orders` in its folder says each time that USR1
 *  comes, and prints the answers and what it is told. See prober.ts. */
import type { Handlers, Host, HostEvent, ProbeSpec } from '../../../src/host/host.ts'

export type Order =
  | { readonly probe: number; readonly spec: ProbeSpec }
  | { readonly forget: number }
  | { readonly notify: string }
  | { readonly oomKills: true }

const usr1 = 10
const world = globalThis as unknown as { pitcrewHost: Host; pitcrewHandlers: Handlers }
const host = world.pitcrewHost
const folder = host.getenv('PITCREW_STATE_DIR') as string
/** An answer that comes inside a call would find us at work. */
let isAtWork = false
let turns = 0

function carryOut(order: Order): unknown {
  if ('probe' in order) return host.probe(order.probe, order.spec)
  if ('forget' in order) return host.cancelProbe(order.forget) ?? null
  if ('notify' in order) return host.notify(order.notify) ?? null
  return host.oomKills()?.count ?? null
}

function ordered(): Order[] {
  const file = host.readFile(`${folder}/orders`, 1024 * 1024)
  if ('error' in file) throw new Error(file.error)
  return JSON.parse(file.text)
}

world.pitcrewHandlers = {
  handle(event: HostEvent): void {
    if (isAtWork) host.print('an event inside a call')
    isAtWork = true
    if (event.type === 'probed') host.print(`probed ${JSON.stringify(event)}`)
    if (event.type === 'signal' && event.signal === usr1)
      host.print(`turn ${++turns} ${JSON.stringify(ordered().map(carryOut))}`)
    isAtWork = false
  },
  recover(problem: string): void {
    host.print(`recover ${problem}`)
    isAtWork = false
  },
}
host.print('up')
