/** Progress on stderr while a verb waits: one line that is redrawn in a terminal, otherwise a line
 *  for each request every five seconds. */

import type { Progress } from '../../control/protocol/answers.ts'
import { oneLine } from '../../core/text/one-line.ts'
import type { ClientSystem } from '../../host/system.ts'
import { formatElapsed } from './format.ts'
import { canRedraw, terminalStyleOf, truncate } from './style.ts'

const intervalMs = 5000

export class ProgressLine {
  readonly #system: ClientSystem
  readonly #isTerminal: boolean
  /** The latest progress of each open request, by the name of its daemon. */
  readonly #open: Map<string, Progress> = new Map()
  readonly #printedAtMs: Map<string, number> = new Map()
  #isDrawn = false

  constructor(system: ClientSystem) {
    this.#system = system
    this.#isTerminal = canRedraw(system, 2)
  }

  update(name: string, progress: Progress): void {
    this.#open.set(name, progress)
    if (this.#isTerminal) this.#draw()
    else this.#printPeriodically(name, progress)
  }

  /** Removes a request and clears the line, so that its outcome can be printed. */
  remove(name: string): void {
    this.#open.delete(name)
    if (this.#isDrawn) this.#system.write(2, '\r\x1b[K')
    this.#isDrawn = false
  }

  #draw(): void {
    const all = [...this.#open].map(([name, progress]) => describe(name, progress))
    const { columns } = terminalStyleOf(this.#system, 2)
    this.#system.write(2, `\r${truncate(all.join(' | '), columns - 1)}\x1b[K`)
    this.#isDrawn = true
  }

  #printPeriodically(name: string, progress: Progress): void {
    const nowMs = this.#system.now()
    const printedAtMs = this.#printedAtMs.get(name)
    if (printedAtMs !== undefined && nowMs - printedAtMs < intervalMs) return
    this.#printedAtMs.set(name, nowMs)
    this.#system.write(2, `pitcrew: ${describe(name, progress)}\n`)
  }
}

/** "web: stopping, KILL in 4 s (for 3 s)" */
function describe(name: string, { words, sinceMs }: Progress): string {
  return `${name}: ${oneLine(words)} (for ${formatElapsed(sinceMs)})`
}
