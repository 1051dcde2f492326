/** Runs inside the engine in the init's place: does what the file `orders` in its folder says each time that USR1
 *  comes, and prints the answers, and every event about files. See files.ts. */
import type { Handlers, Host, HostEvent } from '../../src/host/host.ts'
import type { Plane } from './files-plane.ts'

export type Order =
  | { readonly append: readonly string[]; readonly text: string; readonly maxBytes?: number }
  | { readonly write: readonly string[]; readonly text: string }
  | { readonly tail: string; readonly maxBytes: number }
  | { readonly plane: string }
  | { readonly finish: number }

const usr1 = 10
const world = globalThis as unknown as { pitcrewHost: Host; pitcrewHandlers: Handlers }
const host = world.pitcrewHost
const folder = host.getenv('PITCREW_STATE_DIR') as string
let turns = 0

function carryOut(order: Order): unknown {
  if ('append' in order) return host.appendAside(order.append, order.text, order.maxBytes ?? 1e6)
  if ('write' in order) return host.writeFileAside(order.write, order.text)
  if ('tail' in order) return host.readTail(order.tail, order.maxBytes)
  if ('plane' in order) return (host.loadControl() as Plane)(order.plane)
  host.finish(0, order.finish, order.finish)
  return null
}

/** What a call throws is an answer, too. */
function tryToCarryOut(order: Order): unknown {
  try {
    return carryOut(order)
  } catch (error) {
    return { thrown: String(error) }
  }
}

function ordered(): Order[] {
  const file = host.readFile(`${folder}/orders`, 64 * 1024 * 1024)
  if ('error' in file) throw new Error(file.error)
  return JSON.parse(file.text)
}

world.pitcrewHandlers = {
  handle(event: HostEvent): void {
    if (event.type === 'appended') host.print(`appended ${event.errno}`)
    if (event.type === 'signal' && event.signal === usr1)
      host.print(`turn ${++turns} ${JSON.stringify(ordered().map(tryToCarryOut))}`)
  },
  recover(problem: string): void {
    host.print(`recover ${problem}`)
  },
}
host.print('up')
