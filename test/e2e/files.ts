/** The host with files-entry.ts in the init's place: a test tells it what to write, and reads what became of it. */
import { execFileSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isSanitized } from './cost.ts'
import type { Order } from './files-entry.ts'
import { type Options, Pitcrew, root } from './pitcrew.ts'

const entry = 'test/e2e/files-entry.ts'
const program = join(root, `build/pitcrew-files${isSanitized ? '-sanitize' : ''}`)

/** Nothing else of src/ is looked at. Test files that run at the same time wait for each other here. */
export function buildWriter(): void {
  const images = ['init', 'cli', 'bundle'].flatMap((image) => [`--${image}`, entry])
  const all = [...images, '--control', 'test/e2e/files-plane.ts', '--out', program]
  const words = [join(root, 'scripts/build.mjs'), ...all, ...(isSanitized ? ['--sanitize'] : [])]
  const once = [join(root, 'scripts/build.mjs'), process.execPath, ...words]
  execFileSync('flock', once, { cwd: root, stdio: 'pipe' })
}

export class Writer extends Pitcrew {
  #turns = 0

  static async start(options: Options = {}): Promise<Writer> {
    const writer = new Writer(null, { ...options, program, args: ['run'] })
    await writer.line('up')
    chmodSync(writer.folder, 0o755) // Another user, too, reads what is ordered.
    return writer
  }

  /** Has these done in one call of the handler. @returns What each call of the host answered. */
  async tell(...orders: readonly Order[]): Promise<unknown[]> {
    writeFileSync(join(this.folder, 'orders'), JSON.stringify(orders))
    this.signal('SIGUSR1')
    const start = `turn ${++this.#turns} `
    const line = await this.line(start)
    return JSON.parse(line.slice(start.length))
  }

  /** Appends, and waits. @returns What was told of it. */
  async append(paths: readonly string[], text: string, maxBytes = 1e6): Promise<string> {
    const before = this.outcomes().length
    const [answer] = await this.tell({ append: paths, text, maxBytes })
    if (answer !== null) throw new Error(`it was refused: ${answer}`)
    const all = await this.linesWith('appended ', before + 1)
    return (all[before] as string).slice('appended '.length)
  }

  /** What was told of all that was appended: "null", or why not. */
  outcomes(): string[] {
    return this.lines
      .filter((line) => line.startsWith('appended '))
      .map((line) => line.slice('appended '.length))
  }

  /** The last lines of a file, as this process sees it. */
  async tail(path: string, maxBytes = 1e6): Promise<unknown> {
    return (await this.tell({ tail: path, maxBytes }))[0]
  }
}
