/** The host with reload-entry.ts instead of the init: a test starts daemons, and checks, reloads and
 *  verifies them, as a transaction does. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DaemonSpec, type Probe, specDefaults } from '../../../src/core/plan/plan.ts'
import type { CheckAnswer } from '../../../src/init/operations/reload.ts'
import { isSanitized } from '../../e2e/support/cost.ts'
import { Pitcrew, root } from '../../e2e/support/pitcrew.ts'
import type { Order } from './reload-entry.ts'

const entry = 'test/host/images/reload-entry.ts'
const program = join(root, `build/pitcrew-reload${isSanitized ? '-sanitize' : ''}`)

/** Test files that run at the same time wait for each other here. */
export function buildReloader(): void {
  const build = ['scripts/build.mjs', '--init', entry, '--cli', entry, '--out', program]
  const words = [process.execPath, ...build, ...(isSanitized ? ['--sanitize'] : [])]
  execFileSync('flock', [join(root, 'scripts/build.mjs'), ...words], { cwd: root, stdio: 'pipe' })
}

/** A daemon "web" with these fields; the others have their defaults. */
export function daemon(
  some: Partial<Omit<DaemonSpec, 'reload'>> & { readonly reload?: Partial<DaemonSpec['reload']> },
): DaemonSpec {
  const reload = { ...specDefaults.reload, ...some.reload }
  return { ...specDefaults, name: 'web', command: ['sleep', '1000'], ...some, reload }
}

export class Reloader extends Pitcrew {
  #ids = 0

  static async begin(): Promise<Reloader> {
    const reloader = new Reloader(null, { program, args: ['run'] })
    await reloader.line('up')
    return reloader
  }

  /** @returns The pid, as pitcrew knows it. */
  async start(spec: DaemonSpec, run = 1): Promise<number> {
    const answer = await this.#order({ do: 'start', spec, run })
    return (answer as { pid: number }).pid
  }

  async check(spec: DaemonSpec, path: string, name: string = path): Promise<CheckAnswer> {
    return (await this.#order({ do: 'check', spec, path, name })) as CheckAnswer
  }

  async activate(spec: DaemonSpec, run = 1): Promise<string | null> {
    return (await this.#order({ do: 'activate', spec, run })) as string | null
  }

  async verify(spec: DaemonSpec, probe: Probe, forMs = 10_000, run = 1): Promise<string | null> {
    return (await this.#order({ do: 'verify', spec, probe, forMs, run })) as string | null
  }

  async cancel(spec: DaemonSpec): Promise<void> {
    await this.#order({ do: 'cancel', spec })
  }

  async #order(order: Unnamed): Promise<unknown> {
    const id = ++this.#ids
    writeFileSync(join(this.folder, 'orders'), JSON.stringify([{ ...order, id }]))
    this.signal('SIGUSR1')
    const head = `answer ${id} `
    return JSON.parse((await this.line(head)).slice(head.length))
  }
}

type Unnamed = Order extends infer T ? (T extends Order ? Omit<T, 'id'> : never) : never
