/** The host with files-entry.ts instead of the init: a test tells it what to write, and reads what became of it. */
import { execFileSync } from 'node:child_process'
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HelperEnd, HelperTask } from '../../../src/host/helper.ts'
import { isSanitized } from '../../e2e/support/cost.ts'
import { type Options, Pitcrew, root } from '../../e2e/support/pitcrew.ts'
import type { Order } from './files-entry.ts'

const entry = 'test/host/images/files-entry.ts'
const program = join(root, `build/pitcrew-files${isSanitized ? '-sanitize' : ''}`)

/** A task without its deadline. */
type Task = HelperTask extends infer T ? (T extends unknown ? Omit<T, 'timeoutMs'> : never) : never
type TaskOrder = Extract<Order, { id: number }>

/** Test files that run at the same time wait for each other here. */
export function buildWriter(): void {
  const images = ['init', 'cli', 'plan'].flatMap((image) => [`--${image}`, entry])
  const all = [...images, '--control', 'test/host/images/files-plane.ts', '--out', program]
  const words = [join(root, 'scripts/build.mjs'), ...all, ...(isSanitized ? ['--sanitize'] : [])]
  const once = [join(root, 'scripts/build.mjs'), process.execPath, ...words]
  execFileSync('flock', once, { cwd: root, stdio: 'pipe' })
}

export class Writer extends Pitcrew {
  #turns = 0
  #ids = 0

  static async start(options: Options = {}): Promise<Writer> {
    const writer = new Writer(null, { ...options, program, args: ['run'] })
    await writer.line('up')
    chmodSync(writer.folder, 0o755) // Another user, too, reads what is ordered.
    return writer
  }

  /** Executes these orders in one call of the handler. @returns What each call of the host answered. */
  async execute(...orders: readonly Order[]): Promise<unknown[]> {
    writeFileSync(join(this.folder, 'orders'), JSON.stringify(orders))
    this.signal('SIGUSR1')
    const start = `turn ${++this.#turns} `
    const line = await this.line(start)
    return JSON.parse(line.slice(start.length))
  }

  /** @returns The order that starts it, with an id of its own. */
  order(task: Task, timeoutMs = 30_000): TaskOrder {
    return { id: ++this.#ids, task: { timeoutMs, ...task } as HelperTask }
  }

  /** Starts a task. @returns Its id. */
  async start(task: Task, timeoutMs?: number): Promise<number> {
    const order = this.order(task, timeoutMs)
    const [answer] = await this.execute(order)
    if (answer !== null) throw new Error(`it was refused: ${answer}`)
    return order.id
  }

  /** Starts a task and waits. @returns Its event. */
  async run(task: Task, timeoutMs?: number): Promise<HelperEnd> {
    return await this.endOf(await this.start(task, timeoutMs))
  }

  async endOf(id: number): Promise<HelperEnd> {
    await this.line(`helper {"type":"helper","id":${id},`)
    return this.ends().find((end) => end.id === id) as HelperEnd
  }

  /** Appends, and waits. @returns The errno; null = done. */
  async append(append: readonly string[], text: string, maxBytes = 1e6): Promise<string | null> {
    return (await this.run({ append, text, maxBytes })).errno
  }

  /** All events of helpers so far. */
  ends(): HelperEnd[] {
    return this.lines
      .filter((line) => line.startsWith('helper '))
      .map((line) => JSON.parse(Buffer.from(line.slice('helper '.length), 'latin1').toString()))
  }

  /** The last lines of a file, as this process sees it. */
  async tail(path: string, maxBytes = 1e6): Promise<string | null> {
    return (await this.run({ tail: [path], maxBytes })).text
  }

  descriptors(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length
  }

  /** The children that are helpers. */
  helpers(): number[] {
    const text = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8')
    return text.trim().split(' ').filter(Boolean).map(Number)
  }
}
