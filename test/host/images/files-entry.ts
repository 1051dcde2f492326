/** Replaces the init in the engine, on the real host: does what the file `orders` in its folder says each time that USR1
 *  comes, and prints the answers, and every event about files. See files.ts. */
import type { HelperEnd, HelperTask } from '../../../src/host/helper.ts'
import type { Handlers, Host, HostEvent } from '../../../src/host/host.ts'
import type { Plane } from './files-plane.ts'

export type Order =
  | { readonly id: number; readonly task: HelperTask }
  | { readonly forget: number }
  | { readonly plane: string }
  | { readonly watch: readonly string[] }
  /** For so long pitcrew does nothing else. */
  | { readonly spinMs: number }
  | { readonly clock: true }
  | { readonly finish: number }

const usr1 = 10
const world = globalThis as unknown as { pitcrewHost: Host; pitcrewHandlers: Handlers }
const host = world.pitcrewHost
const folder = host.getenv('PITCREW_STATE_DIR') as string
let turns = 0

function carryOut(order: Order): unknown {
  if ('task' in order) return host.startHelper(order.id, order.task)
  if ('forget' in order) return host.cancelHelper(order.forget) ?? null
  if ('plane' in order) return (host.loadControl() as Plane)(order.plane)
  if ('watch' in order) return host.watchFiles(order.watch)
  if ('clock' in order) return host.fileClockMs()
  if ('spinMs' in order) return spin(order.spinMs)
  host.finish(0, order.finish, order.finish)
  return null
}

function spin(ms: number): null {
  const endMs = host.now() + ms
  while (host.now() < endMs) {
    // Nothing.
  }
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

/** A long text by its length alone. */
function brief(end: HelperEnd): HelperEnd {
  const { text } = end
  return text === null || text.length < 50_000 ? end : { ...end, text: `${text.length} characters` }
}

/** As a helper, which is this program again. */
function beHelper(word: string, argument: string): void {
  if (word === '@print') host.write(1, 'x'.repeat(Number(argument)))
  while (word === '@hang') {
    // Until it is killed.
  }
  host.exit(word === '@exit' ? Number(argument) : 0)
}

const [word = '', argument = ''] = host.args
if (word.startsWith('@')) beHelper(word, argument)

world.pitcrewHandlers = {
  handle(event: HostEvent): void {
    if (event.type === 'helper') host.print(`helper ${JSON.stringify(brief(event))}`)
    if (event.type === 'file' || event.type === 'watcher-ended')
      host.print(`watcher ${JSON.stringify(event)}`)
    if (event.type === 'signal' && event.signal === usr1)
      host.print(`turn ${++turns} ${JSON.stringify(ordered().map(tryToCarryOut))}`)
  },
  recover(problem: string): void {
    host.print(`recover ${problem}`)
  },
}
host.print('up')
