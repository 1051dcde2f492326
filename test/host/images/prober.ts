/** The host with probes-entry.ts instead of the init: a test tells it what to ask of the host, and reads what the host
 *  said. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HostEvent, ProbeSpec } from '../../../src/host/host.ts'
import { isSanitized } from '../../e2e/support/cost.ts'
import { type Options, Pitcrew, root } from '../../e2e/support/pitcrew.ts'
import { eventually } from '../../e2e/support/processes.ts'
import type { Order } from './probes-entry.ts'

const entry = 'test/host/images/probes-entry.ts'
const program = join(root, `build/pitcrew-probes${isSanitized ? '-sanitize' : ''}`)

export type Probed = Extract<HostEvent, { type: 'probed' }>

/** The images that it runs are this entry. Test files that run at the same time wait for each
 *  other here. */
export function buildProber(): void {
  const build = ['scripts/build.mjs', '--init', entry, '--cli', entry, '--out', program]
  const words = [process.execPath, ...build, ...(isSanitized ? ['--sanitize'] : [])]
  execFileSync('flock', [join(root, 'scripts/build.mjs'), ...words], { cwd: root, stdio: 'pipe' })
}

export class Prober extends Pitcrew {
  #turns = 0
  #ids = 0

  static async start(options: Options = {}): Promise<Prober> {
    const prober = new Prober(null, { ...options, program, args: ['run'] })
    await prober.line('up')
    return prober
  }

  /** Executes these orders in one call of the handler. @returns What each call of the host answered. */
  async execute(...orders: readonly Order[]): Promise<unknown[]> {
    writeFileSync(join(this.folder, 'orders'), JSON.stringify(orders))
    this.signal('SIGUSR1')
    const start = `turn ${++this.#turns} `
    const line = await this.line(start)
    return JSON.parse(line.slice(start.length))
  }

  /** Starts a probe. @returns Its id. */
  async probe(spec: ProbeSpec): Promise<number> {
    const id = ++this.#ids
    const answers = await this.execute({ probe: id, spec })
    if (answers[0] !== null) throw new Error(`the probe could not be started: ${answers[0]}`)
    return id
  }

  /** Starts a probe and waits. @returns Its event. */
  async look(spec: ProbeSpec): Promise<Omit<Probed, 'type' | 'id'>> {
    const { errno, text } = await this.resultOf(await this.probe(spec))
    return { errno, text }
  }

  async resultOf(id: number): Promise<Probed> {
    await eventually(`probe ${id} is answered`, () => this.answersTo(id).length > 0)
    return this.answersTo(id)[0] as Probed
  }

  answersTo(id: number): Probed[] {
    return this.answers().filter((event) => event.id === id)
  }

  answers(): Probed[] {
    return this.lines
      .filter((line) => line.startsWith('probed '))
      .map((line) => Buffer.from(line.slice('probed '.length), 'latin1').toString())
      .map((text) => JSON.parse(text))
  }
}
