/** What is waited for, on stderr, while a verb waits: in a terminal one line that is drawn again
 *  and again, elsewhere a line every five seconds. */

import type { Progress } from '../../control/protocol/answers.ts'
import { oneLine } from '../../core/text/one-line.ts'
import type { ClientSystem } from '../../host/system.ts'
import { formatElapsed } from './format.ts'
import { canRedraw, terminalStyleOf, truncate } from './style.ts'

const intervalMs = 5000

export class ProgressLine {
  readonly #system: ClientSystem
  readonly #isTerminal: boolean
  /** What each request waits for, by the name of its daemon. */
  readonly #waiting: Map<string, Progress> = new Map()
  readonly #saidAtMs: Map<string, number> = new Map()
  #isDrawn = false

  constructor(system: ClientSystem) {
    this.#system = system
    this.#isTerminal = canRedraw(system, 2)
  }

  tell(name: string, progress: Progress): void {
    this.#waiting.set(name, progress)
    if (this.#isTerminal) this.#draw()
    else this.#sayNowAndThen(name, progress)
  }

  /** This one waits no more; and there is room for what is printed of it. */
  end(name: string): void {
    this.#waiting.delete(name)
    if (this.#isDrawn) this.#system.write(2, '\r\x1b[K')
    this.#isDrawn = false
  }

  #draw(): void {
    const all = [...this.#waiting].map(([name, progress]) => describe(name, progress))
    const { columns } = terminalStyleOf(this.#system, 2)
    this.#system.write(2, `\r${truncate(all.join(' | '), columns - 1)}\x1b[K`)
    this.#isDrawn = true
  }

  #sayNowAndThen(name: string, progress: Progress): void {
    const nowMs = this.#system.now()
    const saidAtMs = this.#saidAtMs.get(name)
    if (saidAtMs !== undefined && nowMs - saidAtMs < intervalMs) return
    this.#saidAtMs.set(name, nowMs)
    this.#system.write(2, `pitcrew: ${describe(name, progress)}\n`)
  }
}

/** "web: stopping, KILL in 4 s (for 3 s)" */
function describe(name: string, { words, sinceMs }: Progress): string {
  return `${name}: ${oneLine(words)} (for ${formatElapsed(sinceMs)})`
}
