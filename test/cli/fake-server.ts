/** A server in memory, with the answers to each verb. */
import type { DaemonStatus, StatusAnswer } from '../../src/control/protocol/status.ts'
import type { VerbName } from '../../src/control/protocol/verbs.ts'

export interface Asked {
  readonly id: number
  readonly verb: VerbName
  readonly args: Readonly<Record<string, unknown>>
}

/** The lines of an answer without their id; a text is sent unchanged; null ends the connection. */
export type Line = object | string | null

export class FakeServer {
  readonly asked: Asked[] = []
  readonly #answers: Partial<Record<VerbName, (asked: Asked, nth: number) => readonly Line[]>>
  /** The first line of each connection. */
  greeting: string = JSON.stringify({
    pitcrew: 1,
    version: '0.1.0',
    name: 'shop',
    pid: 1,
    access: 'operate',
    daemon: null,
  })
  connections = 0
  #lines: (string | null)[] = []

  constructor(answers: FakeServer['answersOf'] = {}) {
    this.#answers = answers
  }

  declare readonly answersOf: Partial<
    Record<VerbName, (asked: Asked, nth: number) => readonly Line[]>
  >

  connected(): void {
    this.connections++
    this.#lines = [`${this.greeting}\n`]
  }

  heard(text: string): null {
    for (const line of text.trimEnd().split('\n')) {
      const asked: Asked = JSON.parse(line)
      this.asked.push(asked)
      const nth = this.asked.filter(({ verb }) => verb === asked.verb).length
      const answers = this.#answers[asked.verb]?.(asked, nth) ?? []
      for (const answer of answers.flatMap(inItems)) {
        this.#lines.push(
          typeof answer === 'object' && answer !== null
            ? `${JSON.stringify({ id: asked.id, ...answer })}\n`
            : answer,
        )
      }
    }
    return null
  }

  /** The next line; '' when there is none; null at the end. */
  says(): string | null {
    const [line] = this.#lines
    if (line === undefined) return ''
    if (line !== null) this.#lines.shift()
    return line
  }
}

/** An answer with a list of daemons is sent as an item for each of them, and the rest. */
function inItems(line: Line): readonly Line[] {
  if (typeof line !== 'object' || line === null || !('done' in line)) return [line]
  const { daemons, ...done } = line.done as { daemons?: readonly DaemonStatus[] }
  return daemons === undefined ? [line] : [...daemons.map((item) => ({ item })), { done }]
}

/** A ready daemon, with changes. */
export function daemon(name: string, changes: Partial<DaemonStatus> = {}): DaemonStatus {
  return {
    name,
    kind: 'daemon',
    state: 'ready',
    run: 1,
    pid: 7,
    uptimeMs: 7_500_000,
    readyMs: 7_499_000,
    restarts: 0,
    waitsFor: null,
    nextAttemptMs: null,
    killMs: null,
    status: '',
    lastDeath: null,
    ticket: null,
    usage: { cpuMs: 7500, memoryKib: 12_600, processes: 2 },
    ...changes,
  }
}

export function statusAnswer(
  daemons: readonly DaemonStatus[],
  changes: Partial<StatusAnswer> = {},
): StatusAnswer {
  return {
    name: 'shop',
    version: '0.1.0',
    pid: 1,
    uptimeMs: 7_500_000,
    cursor: '1-9',
    stopping: null,
    outputStall: null,
    daemons,
    ...changes,
  }
}
